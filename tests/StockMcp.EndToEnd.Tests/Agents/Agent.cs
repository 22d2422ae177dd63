using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>An MCP client cut down to its HTTP requests, so that a test sees status, headers and body of each.</summary>
internal sealed class Agent : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly Uri mcpUrl;
    private readonly CodeFlow flow;

    private Agent(Uri mcpUrl, CodeFlow flow, TokenSet tokens) => (this.mcpUrl, this.flow, Tokens) = (mcpUrl, flow, tokens);

    public TokenSet Tokens { get; private set; }

    /// <summary>Registers a client that nobody configured, and sends the person to sign in and consent.</summary>
    /// <param name="system">The system.</param>
    /// <param name="person">Who is asked.</param>
    /// <param name="scopes">What the client asks for.</param>
    /// <param name="consent">What the person says; yes to everything unless given.</param>
    public static Task<Agent> ConnectAsync(StockMcpSystem system, Person person, string scopes = "portfolio:read orders:read", ConsentAnswer? consent = null)
        => ConnectAsync(system.Running.Authority.Url, system.McpUrl, person, scopes, consent);

    /// <summary>The same where Authority and Server are given.</summary>
    public static async Task<Agent> ConnectAsync(Uri authority, Uri mcpUrl, Person person, string scopes, ConsentAnswer? consent = null)
    {
        var redirectUri = new Uri("http://127.0.0.1:33418/callback");
        var signIn = new CodeFlow(authority, await RegisterAsync(authority, redirectUri), redirectUri, scopes, mcpUrl.AbsoluteUri);
        return new Agent(mcpUrl, signIn, await signIn.RedeemAsync(await person.AuthorizeAsync(signIn.AuthorizationUrl, consent)));
    }

    /// <summary>Registers a client (RFC 7591).</summary>
    /// <returns>Its client_id.</returns>
    public static Task<string> RegisterAsync(StockMcpSystem system, Uri redirectUri, string name = "Test agent") => RegisterAsync(system.Running.Authority.Url, redirectUri, name);

    private static async Task<string> RegisterAsync(Uri authority, Uri redirectUri, string name = "Test agent")
    {
        using var registrar = new HttpClient();
        var metadata = await registrar.GetFromJsonAsync<JsonElement>(new Uri(authority, ".well-known/oauth-authorization-server"));
        using var response = await registrar.PostAsJsonAsync(metadata.GetProperty("registration_endpoint").GetString(), new
        {
            client_name = name,
            redirect_uris = new[] { redirectUri.AbsoluteUri },
            grant_types = new[] { "authorization_code", "refresh_token" },
            response_types = new[] { "code" },
            token_endpoint_auth_method = "none",
        });
        var answer = await response.Content.ReadAsStringAsync();
        response.StatusCode.Should().Be(HttpStatusCode.Created, answer);
        return JsonDocument.Parse(answer).RootElement.GetProperty("client_id").GetString()!;
    }

    public async Task RefreshAsync() => Tokens = await flow.RefreshAsync(Tokens.RefreshToken!);

    /// <summary>Calls a tool as clients of 2025-11-25 do.</summary>
    public Task<HttpResponseMessage> CallToolRawAsync(string tool, object? arguments = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, mcpUrl)
        {
            Content = JsonContent.Create(new { jsonrpc = "2.0", id = 1, method = "tools/call", @params = new { name = tool, arguments = arguments ?? new { } } }),
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", Tokens.AccessToken), Accept = { new("application/json"), new("text/event-stream") } },
        };
        request.Headers.Add("MCP-Protocol-Version", "2025-11-25");
        return http.SendAsync(request);
    }

    /// <summary>Calls a tool that should answer.</summary>
    /// <returns>The result, structured content and text.</returns>
    public async Task<ToolResult> CallToolAsync(string tool, object? arguments = null)
    {
        using var response = await CallToolRawAsync(tool, arguments);
        var body = await response.Content.ReadAsStringAsync();
        response.StatusCode.Should().Be(HttpStatusCode.OK, body);
        return ToolResult.Parse(body);
    }

    public void Dispose() => http.Dispose();
}

/// <summary>What a tool answered.</summary>
internal sealed record ToolResult(bool IsError, JsonNode? Structured, string Text)
{
    /// <summary>Reads a JSON-RPC response, alone or as the data of one server-sent event.</summary>
    public static ToolResult Parse(string body)
    {
        var json = body.Split('\n').Select(line => line.Trim()).First(line => line.StartsWith("data:", StringComparison.Ordinal) || line.StartsWith('{'));
        var message = JsonNode.Parse(json.StartsWith("data:", StringComparison.Ordinal) ? json[5..] : json)!;
        var result = message["result"];
        result.Should().NotBeNull(body);
        return Of(result!);
    }

    /// <summary>Reads the result member of a JSON-RPC response.</summary>
    public static ToolResult Of(JsonNode result)
        => new(result["isError"]?.GetValue<bool>() ?? false, result["structuredContent"], string.Concat(result["content"]!.AsArray().Select(content => content!["text"]?.GetValue<string>())));
}
