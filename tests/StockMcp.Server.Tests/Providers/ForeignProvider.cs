using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace StockMcp.Server.Tests.Providers;

/// <summary>Another vendor's authorization server, as far as the Server meets it: discovery, RS256 keys, tokens in its shape, and a token endpoint that keeps what it was asked.</summary>
internal sealed class ForeignProvider : IAsyncDisposable
{
    private readonly RsaSecurityKey key = new(RSA.Create(2048)) { KeyId = "foreign-1" };
    private readonly WebApplication app;
    private readonly string path;
    private Uri url = null!;

    private ForeignProvider(string issuerPath, string tokenPath)
    {
        path = issuerPath;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["Urls"] = "http://127.0.0.1:0";
        builder.Logging.ClearProviders();
        app = builder.Build();
        app.MapGet(issuerPath.TrimEnd('/') + "/.well-known/openid-configuration", () => new Dictionary<string, object> { ["issuer"] = Issuer, ["jwks_uri"] = new Uri(url, "keys"), ["token_endpoint"] = new Uri(url, tokenPath), ["authorization_endpoint"] = new Uri(url, "authorize"), ["backchannel_authentication_endpoint"] = new Uri(url, "bc-authorize") });
        app.MapGet("/keys", () =>
        {
            var jwk = JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(key.Rsa.ExportParameters(false)) { KeyId = key.KeyId });
            return new { keys = new[] { new { kty = "RSA", use = "sig", kid = jwk.Kid, n = jwk.N, e = jwk.E } } };
        });
        app.MapPost("/bc-authorize", async (HttpRequest request) =>
        {
            var form = await request.ReadFormAsync();
            AskedPeople.Enqueue(form.ToDictionary(field => field.Key, field => field.Value.ToString()));
            return AnswerToAsking(form);
        });
        app.MapPost(tokenPath, async (HttpRequest request) =>
        {
            var form = await request.ReadFormAsync();
            Asked.Enqueue(form.ToDictionary(field => field.Key, field => field.Value.ToString()));
            Authorization = request.Headers.Authorization.ToString() is { Length: > 6 } basic ? Encoding.UTF8.GetString(Convert.FromBase64String(basic["Basic ".Length..])) : null;
            return Answer(form);
        });
    }

    public string Issuer => url.GetLeftPart(UriPartial.Authority) + path;

    /// <summary>Scheme, host and port.</summary>
    public string Origin => url.GetLeftPart(UriPartial.Authority);

    public ConcurrentQueue<Dictionary<string, string>> Asked { get; } = new();

    /// <summary>The requests of backchannel authentication.</summary>
    public ConcurrentQueue<Dictionary<string, string>> AskedPeople { get; } = new();

    /// <summary>What it says to them.</summary>
    public Func<IFormCollection, IResult> AnswerToAsking { get; set; } = _ => Results.Json(new { auth_req_id = Guid.NewGuid().ToString("N"), expires_in = 300, interval = 1 });

    /// <summary>Name and secret of the last request's header.</summary>
    public string? Authorization { get; private set; }

    public Func<IFormCollection, IResult> Answer { get; set; } = _ => Results.BadRequest();

    public static async Task<ForeignProvider> StartAsync(string issuerPath, string tokenPath)
    {
        var provider = new ForeignProvider(issuerPath, tokenPath);
        await provider.app.StartAsync();
        provider.url = new Uri(provider.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return provider;
    }

    /// <summary>A token with exactly these claims, beside issuer and times.</summary>
    public string Token(string type, Dictionary<string, object> claims, TimeProvider? at = null)
    {
        var now = (at ?? TimeProvider.System).GetUtcNow().UtcDateTime;
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = type,
            Issuer = Issuer,
            IssuedAt = now,
            NotBefore = now,
            Expires = now.AddMinutes(10),
            SigningCredentials = new SigningCredentials(key, SecurityAlgorithms.RsaSha256),
            Claims = claims,
        });
    }

    /// <summary>The settings of a file of docs/providers, with this provider in the place of the real one.</summary>
    public (string Key, string? Value)[] Settings(string file, string realOrigin)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "StockMcp.sln"))) folder = folder.Parent!;
        var text = File.ReadAllText(Path.Combine(folder.FullName, "docs", "providers", file));
        text.Should().Contain(realOrigin);
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text.Replace(realOrigin, Origin, StringComparison.Ordinal).Replace("https://stock.example.com/mcp", Fixture.ServerCopy.Resource, StringComparison.Ordinal)));
        // The broker is a real one of the tests' own.
        return [.. new ConfigurationBuilder().AddJsonStream(stream).Build().AsEnumerable().Where(setting => setting.Value is not null && setting.Key != "TradingApi:BaseUrl").Select(setting => (setting.Key, setting.Value))];
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
