using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace StockMcp.Doctor.Tests;

/// <summary>What is wrong with a <see cref="PublicSite"/>; nothing unless set.</summary>
internal sealed record Faults
{
    public string ResourceMetadata { get; init; } = PublicSite.Origin + "/.well-known/oauth-protected-resource/mcp";

    public bool NoResourceMetadata { get; init; }

    public bool NoPathMetadata { get; init; }

    public string Resource { get; init; } = PublicSite.Origin + "/mcp";

    public string AuthorizationServer { get; init; } = PublicSite.Origin;

    public string Issuer { get; init; } = PublicSite.Origin;

    public string[]? ProofKeyMethods { get; init; } = ["S256"];

    public bool RefusesLoopback { get; init; }

    public bool OneLoopbackPort { get; init; }

    public bool RedirectsAnywhere { get; init; }

    public string? Audience { get; init; }

    public bool ChecksNoAudience { get; init; }

    public bool ChecksNoSignature { get; init; }

    public bool FailsAtUnknownKey { get; init; }

    public bool TakesQueryTokens { get; init; }

    public bool AnswersForeignOrigins { get; init; }

    public bool RefusesScopesInside200 { get; init; }

    public bool ErrorsAreNotOAuth { get; init; }

    public bool EndsFamilyAtReuse { get; init; }

    public string ToolName { get; init; } = "read_news";
}

/// <summary>
/// An MCP server with an authorization server at https://mcp.example.com, which is really on a loopback port behind a "proxy".
/// Whoever comes to it is signed in already and says yes.
/// </summary>
internal sealed class PublicSite : IAsyncDisposable
{
    public const string Origin = "https://mcp.example.com";
    private const string Kid = "key-1";
    private readonly Faults faults;
    private readonly WebApplication app;
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Dictionary<string, string[]> clients = [];
    private readonly Dictionary<string, (string Challenge, string Scope, string Resource)> codes = [];
    private readonly Dictionary<string, (string Scope, string Resource, bool Used, string Family)> refreshTokens = [];
    private readonly HashSet<string> endedFamilies = [];

    private PublicSite(Faults faults)
    {
        this.faults = faults;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        Map();
    }

    public static Uri Url { get; } = new(Origin + "/mcp");

    /// <summary>The secrets that were given out.</summary>
    public List<string> Issued { get; } = [];

    public int RegistrationsLeft => clients.Count;

    public HttpMessageHandler Handler => new Proxy(new Uri(app.Urls.First()));

    public static async Task<PublicSite> StartAsync(Faults? faults = null)
    {
        var site = new PublicSite(faults ?? new());
        await site.app.StartAsync();
        return site;
    }

    /// <summary>A browser: goes to the address and follows it back to the client, or goes back at once with what its person says.</summary>
    public async Task SignInAsync(Uri address, string? says = null)
    {
        using var http = new HttpClient(Handler);
        using var answer = await http.GetAsync(address);
        using var client = new HttpClient();
        var asked = QueryHelpers.ParseQuery(address.Query);
        using var back = await client.GetAsync(says is null ? answer.Headers.Location : new Uri(QueryHelpers.AddQueryString(asked["redirect_uri"].ToString(), new Dictionary<string, string?> { ["error"] = says, ["state"] = asked["state"], ["iss"] = faults.Issuer })));
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        key.Dispose();
    }

    private void Map()
    {
        if (!faults.NoPathMetadata) app.MapGet("/.well-known/oauth-protected-resource/mcp", Metadata);
        app.MapGet("/.well-known/oauth-protected-resource", Metadata);
        app.MapGet("/.well-known/oauth-authorization-server", ServerMetadata);
        app.MapGet("/jwks", () => Results.Json(new { keys = new[] { new { kty = "EC", crv = "P-256", kid = Kid, use = "sig" } } }));
        app.MapPost("/register", (Delegate)RegisterAsync);
        app.MapDelete("/register/{id}", (string id) => clients.Remove(id) ? Results.NoContent() : Results.Unauthorized());
        app.MapGet("/authorize", Authorize);
        app.MapPost("/token", (Delegate)TokenAsync);
        app.MapPost("/mcp", (Delegate)McpAsync);
    }

    private IResult Metadata(HttpContext context)
    {
        context.Response.Headers.AccessControlAllowOrigin = "*";
        return Results.Json(new { resource = faults.Resource, authorization_servers = new[] { faults.AuthorizationServer }, scopes_supported = new[] { "news:read", "news:write" } });
    }

    private IResult ServerMetadata(HttpContext context)
    {
        context.Response.Headers.AccessControlAllowOrigin = "*";
        return Results.Json(new Dictionary<string, object?>
        {
            ["issuer"] = faults.Issuer,
            ["authorization_endpoint"] = Origin + "/authorize",
            ["token_endpoint"] = Origin + "/token",
            ["registration_endpoint"] = Origin + "/register",
            ["jwks_uri"] = Origin + "/jwks",
            ["response_types_supported"] = new[] { "code" },
            ["code_challenge_methods_supported"] = faults.ProofKeyMethods,
            ["token_endpoint_auth_methods_supported"] = new[] { "none" },
            ["authorization_response_iss_parameter_supported"] = true,
            ["scopes_supported"] = new[] { "news:read", "news:write" },
        }.Where(member => member.Value is not null).ToDictionary());
    }

    private async Task<IResult> RegisterAsync(HttpContext context)
    {
        var metadata = (await JsonNode.ParseAsync(context.Request.Body))!;
        var uris = metadata["redirect_uris"]!.AsArray().Select(uri => uri!.GetValue<string>()).ToArray();
        if (faults.RefusesLoopback && uris.Any(uri => new Uri(uri).Scheme != "https")) return Results.Json(new { error = "invalid_redirect_uri", error_description = "https, \u001b[31mplease" }, statusCode: 400);
        var (id, token) = (Random(), Random());
        clients[id] = uris;
        Issued.Add(token);
        return Results.Json(new
        {
            client_id = id,
            redirect_uris = uris,
            grant_types = new[] { "authorization_code", "refresh_token" },
            token_endpoint_auth_method = "none",
            registration_client_uri = $"{Origin}/register/{id}",
            registration_access_token = token,
        }, statusCode: 201);
    }

    private IResult Authorize(string client_id, string redirect_uri, string? state, string? scope, string? resource, string? code_challenge)
    {
        if (faults.RedirectsAnywhere) return Results.Redirect(QueryHelpers.AddQueryString(redirect_uri, "error", "unauthorized_client"));
        if (!clients.TryGetValue(client_id, out var uris) || !uris.Any(uri => uri == redirect_uri || (!faults.OneLoopbackPort && SameButPort(uri, redirect_uri)))) return Results.BadRequest("Nobody knows this client.");
        if (code_challenge is null) return Results.BadRequest("No PKCE.");
        var code = Random();
        Issued.Add(code);
        codes[code] = (code_challenge, scope ?? "", resource ?? "");
        return Results.Redirect(QueryHelpers.AddQueryString(redirect_uri, new Dictionary<string, string?> { ["code"] = code, ["state"] = state, ["iss"] = faults.Issuer }));
    }

    private async Task<IResult> TokenAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        context.Response.Headers.CacheControl = "no-store";
        if (!clients.ContainsKey(form["client_id"].ToString())) return faults.ErrorsAreNotOAuth ? Results.Text("Unknown client", statusCode: 500) : Results.Json(new { error = "invalid_client" }, statusCode: 401);
        if (form["grant_type"] == "refresh_token")
        {
            var old = form["refresh_token"].ToString();
            if (!refreshTokens.TryGetValue(old, out var known) || endedFamilies.Contains(known.Family)) return Results.Json(new { error = "invalid_grant" }, statusCode: 400);
            if (known.Used && faults.EndsFamilyAtReuse)
            {
                endedFamilies.Add(known.Family);
                return Results.Json(new { error = "invalid_grant" }, statusCode: 400);
            }
            refreshTokens[old] = known with { Used = true };
            return Tokens(known.Scope, known.Resource, known.Family);
        }
        return codes.Remove(form["code"].ToString(), out var code) && Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))) == code.Challenge
            ? Tokens(code.Scope, code.Resource, Random())
            : Results.Json(new { error = "invalid_grant" }, statusCode: 400);
    }

    private IResult Tokens(string scope, string resource, string family)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var token = Sign(new { alg = "ES256", typ = "at+jwt", kid = Kid }, new { iss = faults.Issuer, aud = faults.Audience ?? resource, sub = "ann", client_id = "x", scope, iat = now, exp = now + 600 });
        var refresh = Random();
        refreshTokens[refresh] = (scope, resource, false, family);
        Issued.AddRange([token, refresh]);
        return Results.Json(new { access_token = token, token_type = "Bearer", expires_in = 600, refresh_token = refresh, scope });
    }

    private async Task<IResult> McpAsync(HttpContext context)
    {
        if (context.Request.Headers.Origin.Count > 0 && !faults.AnswersForeignOrigins) return Results.StatusCode(403);
        var token = context.Request.Headers.Authorization.ToString() is { Length: > 7 } header ? header["Bearer ".Length..] : null;
        if (faults.TakesQueryTokens) token ??= context.Request.Query["access_token"];
        if (token is null) return Challenge(context, 401, "scope=\"news:read\"");
        if (ScopesOf(token) is not { } scopes) return faults.FailsAtUnknownKey && token.Split('.').Length == 3 && token.Split('.')[2].Length > 0 ? Results.StatusCode(500) : Challenge(context, 401, "error=\"invalid_token\"");
        var message = (await JsonNode.ParseAsync(context.Request.Body))!;
        var id = message["id"]?.GetValue<int>();
        switch (message["method"]!.GetValue<string>())
        {
            case "initialize": return Result(new { protocolVersion = "2025-11-25", capabilities = new { tools = new { } }, serverInfo = new { name = "news", version = "1" } });
            case "tools/list": return Result(new { tools = new[] { Tool(faults.ToolName), Tool("read_drafts") } });
            case "tools/call" when message["params"]!["name"]!.GetValue<string>() == "read_drafts" && !scopes.Contains("news:write"):
                return faults.RefusesScopesInside200 ? Error(-32603, "Forbidden: the scope news:write is missing") : Challenge(context, 403, "error=\"insufficient_scope\", scope=\"news:write\"");
            case "tools/call": return Result(new { content = new[] { new { type = "text", text = "Nothing happened." } } });
            default: return Error(-32601, "Method not found");
        }

        IResult Result(object result) => Results.Json(new { jsonrpc = "2.0", id, result });
        IResult Error(int code, string text) => Results.Json(new { jsonrpc = "2.0", id, error = new { code, message = text } });
        static object Tool(string name) => new { name, description = "Reads.", inputSchema = new { type = "object" }, annotations = new { readOnlyHint = true } };
    }

    private IResult Challenge(HttpContext context, int status, string parameters)
    {
        context.Response.Headers.WWWAuthenticate = $"Bearer {parameters}{(faults.NoResourceMetadata ? "" : $", resource_metadata=\"{faults.ResourceMetadata}\"")}";
        return Results.StatusCode(status);
    }

    private string[]? ScopesOf(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3) return null;
        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(parts[1]))!;
        if (!faults.ChecksNoSignature && !key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256)) return null;
        if (!faults.ChecksNoAudience && claims["aud"]?.GetValue<string>() != faults.Resource) return null;
        return claims["scope"]!.GetValue<string>().Split(' ');
    }

    private string Sign(object header, object claims)
    {
        var text = $"{Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(header))}.{Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        return $"{text}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256))}";
    }

    private static bool SameButPort(string registered, string asked)
        => new Uri(registered) is { IsLoopback: true, Scheme: "http" } uri && new UriBuilder(asked) { Port = uri.Port }.Uri == uri;

    private static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));

    /// <summary>The TLS proxy in front of it.</summary>
    private sealed class Proxy(Uri target) : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.Host != "mcp.example.com" || request.RequestUri.Scheme != "https") throw new HttpRequestException(HttpRequestError.ConnectionError, $"Nothing answers at {request.RequestUri.Host}.");
            request.RequestUri = new Uri(target, request.RequestUri.PathAndQuery);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
