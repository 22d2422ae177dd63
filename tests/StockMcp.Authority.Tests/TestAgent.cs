using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests;

/// <summary>An answer in JSON.</summary>
internal sealed record JsonAnswer(HttpStatusCode Status, JsonElement Body, HttpResponseMessage Response)
{
    public string? this[string member] => Body.TryGetProperty(member, out var value) ? value.ToString() : null;

    public override string ToString() => $"{(int)Status} {Body}";
}

/// <summary>A client that nobody configured: it registers itself, as an MCP client does.</summary>
internal sealed class TestAgent(StockMcpSystem system, string clientId, string? secret, Uri redirectUri)
{
    public static readonly Uri Loopback = new("http://localhost:33418/callback");

    private static int s_agents;

    public string ClientId => clientId;

    public static Uri Issuer(StockMcpSystem system) => system.Running.Authority.Url;

    public static object Metadata(string redirectUri = "http://localhost:33418/callback", string name = "Test agent", string method = "none")
        => new { redirect_uris = new[] { redirectUri }, client_name = name, token_endpoint_auth_method = method, grant_types = new[] { "authorization_code", "refresh_token" }, response_types = new[] { "code" } };

    public static async Task<JsonAnswer> RegisterRawAsync(StockMcpSystem system, object metadata)
    {
        using var http = new HttpClient { BaseAddress = Issuer(system) };
        return await ReadAsync(await http.PostAsJsonAsync("connect/register", metadata));
    }

    /// <summary>Registers an agent; with a name of its own unless one is given, so that it is not taken for another one.</summary>
    public static async Task<TestAgent> RegisterAsync(StockMcpSystem system, string redirectUri = "http://localhost:33418/callback", string? name = null, string method = "none")
    {
        var answer = await RegisterRawAsync(system, Metadata(redirectUri, name ?? $"Test agent {Interlocked.Increment(ref s_agents)}", method));
        answer.Status.Should().Be(HttpStatusCode.Created, answer.ToString());
        return new TestAgent(system, answer["client_id"]!, answer["client_secret"], new Uri(redirectUri));
    }

    public CodeFlow Flow(string scopes = "portfolio:read orders:read", string? resource = null, Uri? redirectUri2 = null)
        => new(Issuer(system), clientId, redirectUri2 ?? redirectUri, scopes, resource ?? system.McpUrl.AbsoluteUri);

    /// <summary>The whole way: the person signs in and allows it, and the code is redeemed.</summary>
    public async Task<TokenSet> ConnectAsync(Person person, string scopes = "portfolio:read orders:read", ConsentAnswer? consent = null)
    {
        var flow = Flow(scopes);
        return await flow.RedeemAsync(await person.AuthorizeAsync(flow.AuthorizationUrl, consent));
    }

    /// <summary>A request at the token endpoint, as it stands.</summary>
    public async Task<JsonAnswer> TokenAsync(params (string Name, string Value)[] parameters)
    {
        var form = parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value)).ToList();
        if (!form.Exists(parameter => parameter.Key == "client_id")) form.Add(new("client_id", clientId));
        if (secret is not null) form.Add(new("client_secret", secret));
        using var http = new HttpClient { BaseAddress = Issuer(system) };
        using var body = new FormUrlEncodedContent(form);
        return await ReadAsync(await http.PostAsync("connect/token", body));
    }

    public Task<JsonAnswer> RefreshAsync(string refreshToken) => TokenAsync(("grant_type", "refresh_token"), ("refresh_token", refreshToken));

    /// <summary>An exchange as the Server asks for it, with its own credentials.</summary>
    public static Task<JsonAnswer> ExchangeAsync(StockMcpSystem system, string subjectToken, string scope = "portfolio:read", string audience = "brokerage", params (string Name, string? Value)[] changes)
    {
        var secret = Convert.ToHexStringLower(Convert.FromBase64String(File.ReadAllText(Path.Combine(system.DataDirectory, "secrets", "server-at-authority.secret"))));
        return ExchangeAsync(system, "stockmcp-server", secret, subjectToken, scope, audience, changes);
    }

    public static async Task<JsonAnswer> ExchangeAsync(StockMcpSystem system, string clientId, string? secret, string subjectToken, string scope, string audience, params (string Name, string? Value)[] changes)
    {
        const string AccessToken = "urn:ietf:params:oauth:token-type:access_token";
        var form = new Dictionary<string, string?>
        {
            ["grant_type"] = "urn:ietf:params:oauth:grant-type:token-exchange",
            ["subject_token"] = subjectToken,
            ["subject_token_type"] = AccessToken,
            ["requested_token_type"] = AccessToken,
            ["audience"] = audience,
            ["scope"] = scope,
            ["client_id"] = clientId,
            ["client_secret"] = secret,
        };
        foreach (var (name, value) in changes) form[name] = value;
        using var http = new HttpClient { BaseAddress = Issuer(system) };
        using var body = new FormUrlEncodedContent(form.Where(parameter => parameter.Value is not null)!);
        return await ReadAsync(await http.PostAsync("connect/token", body));
    }

    public Task<JsonAnswer> ExchangeItselfAsync(string subjectToken) => ExchangeAsync(system, clientId, secret, subjectToken, "portfolio:read", "brokerage");

    public static async Task<JsonAnswer> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        response.Content.Headers.ContentType?.MediaType.Should().Be("application/json", text);
        return new JsonAnswer(response.StatusCode, JsonDocument.Parse(text).RootElement.Clone(), response);
    }
}
