using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using StockMcp.Testing.Harness;

namespace StockMcp.Bench.ToolCalls;

/// <summary>One authorization server for all sides, and the upstream: it publishes its key, signs tokens, refreshes any with rotation, and answers what a price and an account are, always the same.</summary>
internal sealed class Issuer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ECDsaSecurityKey key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "bench" };

    private Issuer(WebApplication app, string url) => (this.app, Url) = (app, url);

    public string Url { get; }

    public static async Task<Issuer> StartAsync()
    {
        var url = $"http://localhost:{FreePorts.Take()}/";
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        var app = builder.Build();
        var issuer = new Issuer(app, url);
        var metadata = new { issuer = url, jwks_uri = url + "jwks", token_endpoint = url + "connect/token", authorization_endpoint = url + "connect/authorize", response_types_supported = new[] { "code" }, subject_types_supported = new[] { "public" }, id_token_signing_alg_values_supported = new[] { "ES256" }, grant_types_supported = new[] { "authorization_code", "refresh_token" }, token_endpoint_auth_methods_supported = new[] { "client_secret_post" } };
        app.MapGet("/.well-known/openid-configuration", () => metadata);
        app.MapGet("/.well-known/oauth-authorization-server", () => metadata);
        app.MapGet("/jwks", () => new { keys = new[] { issuer.PublicKey() } });
        app.MapGet("/v2/stocks/WAYNE/quotes/latest", () => Results.Text("""{"symbol":"WAYNE","quote":{"t":"2026-01-02T15:00:00Z","ax":"V","ap":71.52,"as":3,"bx":"V","bp":71.48,"bs":2,"c":["R"],"z":"B"}}""", "application/json"));
        app.MapGet("/v2/stocks/WAYNE/trades/latest", () => Results.Text("""{"symbol":"WAYNE","trade":{"t":"2026-01-02T15:00:00Z","x":"V","p":71.5,"s":10,"c":["@"],"i":1,"z":"B"}}""", "application/json"));
        app.MapPost("/connect/token", async (HttpRequest request) => new { access_token = NewToken(), token_type = "Bearer", expires_in = 600, refresh_token = NewToken(), scope = (await request.ReadFormAsync())["scope"].ToString() });
        app.MapGet("/v2/account", () => Results.Text("""{"account_number":"PA1000001","status":"ACTIVE","currency":"USD","cash":"10000","buying_power":"10000","equity":"10000","last_equity":"10000"}""", "application/json"));
        await app.StartAsync();
        return issuer;
    }

    /// <summary>An access token (RFC 9068) for a resource, good for an hour.</summary>
    public string TokenFor(string resource, string subject = "bench") => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Issuer = Url,
        Audience = resource,
        TokenType = "at+jwt",
        Expires = TimeProvider.System.GetUtcNow().AddHours(1).UtcDateTime,
        Claims = new Dictionary<string, object> { ["sub"] = subject, ["client_id"] = "bench-agent", ["jti"] = Guid.CreateVersion7().ToString(), ["scope"] = "portfolio:read orders:read" },
        SigningCredentials = new SigningCredentials(key, SecurityAlgorithms.EcdsaSha256),
    });

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        key.ECDsa.Dispose();
    }

    private static string NewToken() => Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(32));

    private object PublicKey()
    {
        var point = key.ECDsa.ExportParameters(includePrivateParameters: false).Q;
        return new { kty = "EC", use = "sig", alg = "ES256", kid = key.KeyId, crv = "P-256", x = Base64UrlEncoder.Encode(point.X), y = Base64UrlEncoder.Encode(point.Y) };
    }
}
