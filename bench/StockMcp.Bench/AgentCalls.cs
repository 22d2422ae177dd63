using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Bench;

/// <summary>An agent of a person, registered and signed in as any client is, and its tool calls.</summary>
internal sealed class AgentCalls(Uri mcpUrl, string accessToken) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { UseCookies = false, PooledConnectionLifetime = Timeout.InfiniteTimeSpan });

    public static async Task<AgentCalls> ConnectAsync(StockMcpSystem system, Person person, string scopes)
    {
        var redirectUri = new Uri("http://127.0.0.1:33418/callback");
        using var registrar = new HttpClient();
        using var response = await registrar.PostAsJsonAsync(new Uri(system.Running.Authority.Url, "connect/register"), new { client_name = "Bench", redirect_uris = new[] { redirectUri.AbsoluteUri }, grant_types = new[] { "authorization_code", "refresh_token" }, response_types = new[] { "code" }, token_endpoint_auth_method = "none" });
        response.EnsureSuccessStatusCode();
        var clientId = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("client_id").GetString()!;
        var flow = new CodeFlow(system.Running.Authority.Url, clientId, redirectUri, scopes, system.McpUrl.AbsoluteUri);
        return new AgentCalls(system.McpUrl, (await flow.RedeemAsync(await person.AuthorizeAsync(flow.AuthorizationUrl))).AccessToken);
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

    public void Dispose() => http.Dispose();
}
