using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Bench;

/// <summary>An agent of a person, registered and signed in as any client is, and its tool calls.</summary>
/// <param name="mcpUrl">The MCP endpoint.</param>
/// <param name="accessToken">The agent's token.</param>
/// <param name="shared">Connections that many agents share; its own unless given.</param>
internal sealed class AgentCalls(Uri mcpUrl, string accessToken, HttpClient? shared = null) : IDisposable
{
    private readonly HttpClient http = shared ?? NewHttp();

    public static HttpClient NewHttp() => new(new SocketsHttpHandler { UseCookies = false, PooledConnectionLifetime = Timeout.InfiniteTimeSpan });

    public static async Task<AgentCalls> ConnectAsync(StockMcpSystem system, Person person, string scopes) => new(system.McpUrl, (await SignInAsync(system, person, scopes)).Tokens.AccessToken);

    /// <summary>Registers an agent, and lets the person allow it.</summary>
    /// <returns>What it refreshes with, and its first tokens.</returns>
    public static async Task<(CodeFlow Flow, TokenSet Tokens)> SignInAsync(StockMcpSystem system, Person person, string scopes)
    {
        var redirectUri = new Uri("http://127.0.0.1:33418/callback");
        using var registrar = new HttpClient();
        using var response = await registrar.PostAsJsonAsync(new Uri(system.Running.Authority.Url, "connect/register"), new { client_name = "Bench", redirect_uris = new[] { redirectUri.AbsoluteUri }, grant_types = new[] { "authorization_code", "refresh_token" }, response_types = new[] { "code" }, token_endpoint_auth_method = "none" });
        response.EnsureSuccessStatusCode();
        var clientId = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("client_id").GetString()!;
        var flow = new CodeFlow(system.Running.Authority.Url, clientId, redirectUri, scopes, system.McpUrl.AbsoluteUri);
        return (flow, await flow.RedeemAsync(await person.AuthorizeAsync(flow.AuthorizationUrl)));
    }

    public async Task<JsonNode> CallAsync(string tool, object? arguments = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, mcpUrl) { Content = JsonContent.Create(new { jsonrpc = "2.0", id = 1, method = "tools/call", @params = new { name = tool, arguments = arguments ?? new { } } }) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        request.Headers.Add("MCP-Protocol-Version", "2025-11-25");
        using var response = await http.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode) throw new InvalidOperationException(body);
        var json = body.Split('\n').Select(line => line.StartsWith("data:", StringComparison.Ordinal) ? line[5..] : line).Last(line => line.TrimStart().StartsWith('{'));
        return JsonNode.Parse(json)!["result"] ?? throw new InvalidOperationException(body);
    }

    public void Dispose()
    {
        if (shared is null) http.Dispose();
    }
}
