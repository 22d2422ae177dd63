using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace StockMcp.Server.Tests.Fixture;

/// <summary>A small authorization server on a real port: discovery, keys, token exchange, connected accounts. What it is asked it counts, and it can be slow, broken or gone.</summary>
internal sealed class TestAuthority : IAsyncDisposable
{
    public const string ClientId = "stockmcp-server";
    public const string ClientSecret = "the-servers-own-secret";
    public static readonly string Basic = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{ClientId}:{ClientSecret}"));
    private WebApplication? app;
    private int port;

    public TestAuthority() => Approvals = new TestApprovals(this);

    /// <summary>Its signing key. Replace it to rotate.</summary>
    public ECDsaSecurityKey Key { get; private set; } = NewKey();

    public string Issuer => $"http://127.0.0.1:{port}/";

    /// <summary>What an exchange gives: the upstream token for a person and a scope.</summary>
    public Func<string, string, string> UpstreamToken { get; set; } = (subject, scope) => $"upstream-{subject}-{scope}";

    /// <summary>What an exchange of an approval's token gives: the upstream token for a person, an order's details and its transaction.</summary>
    public Func<string, string, string, string> OneOrderToken { get; set; } = (subject, _, transaction) => $"upstream-{subject}-{transaction}";

    /// <summary>Changes the details that an exchange says its token carries; null says nothing of any.</summary>
    public Func<JsonElement, object?> ExchangedDetails { get; set; } = details => details;

    /// <summary>What people are asked.</summary>
    public TestApprovals Approvals { get; }

    /// <summary>Answers an exchange in place of the real answer.</summary>
    public Func<IFormCollection, IResult?>? Fault { get; set; }

    /// <summary>What every exchange waits for.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public int UpstreamLifetime { get; set; } = 300;

    public string AccountState { get; set; } = "connected";

    public ConcurrentQueue<IReadOnlyDictionary<string, string>> Exchanges { get; } = new();

    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Every upstream token that was given out.</summary>
    public ConcurrentBag<string> Given { get; } = [];

    public int ExchangesFor(string audience) => Exchanges.Count(exchange => exchange["audience"] == audience);

    public static ECDsaSecurityKey NewKey() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = Guid.CreateVersion7().ToString("N") };

    public void RotateKey() => Key = NewKey();

    /// <summary>Another key under the same name.</summary>
    public void ReplaceKey() => Key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = Key.KeyId };

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["Urls"] = $"http://127.0.0.1:{port}";
        builder.Logging.ClearProviders();
        app = builder.Build();
        app.Use((context, next) =>
        {
            Requests.Enqueue(context.Request.Path);
            return next(context);
        });
        app.MapGet("/.well-known/openid-configuration", () => new Dictionary<string, object> { ["issuer"] = Issuer, ["jwks_uri"] = Issuer + "jwks", ["token_endpoint"] = Issuer + "connect/token", ["authorization_endpoint"] = Issuer + "connect/authorize", ["backchannel_authentication_endpoint"] = Issuer + "connect/backchannel" });
        app.MapGet("/jwks", () =>
        {
            var key = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(ECDsa.Create(Key.ECDsa.ExportParameters(false))) { KeyId = Key.KeyId });
            return new { keys = new[] { new { kty = "EC", use = "sig", alg = "ES256", crv = "P-256", kid = key.Kid, x = key.X, y = key.Y } } };
        });
        app.MapPost("/connect/token", TokenAsync);
        Approvals.Map(app);
        app.MapGet("/me/v1/connected-accounts", (HttpRequest request) => Results.Json(new
        {
            connected_accounts = new[]
            {
                new
                {
                    id = "018f", connection = "brokerage", display_name = "Gotham Brokerage", account_name = "Alice\u202e\u001b[31m Liddell", state = AccountState, scopes = new[] { "portfolio:read", "orders:read" },
                    upstream_scopes = new[] { "account:read", "orders:read" }, connected_at = "2026-11-25T01:00:00Z", connect_uri = Issuer + "account/connect/brokerage",
                },
            },
        }));
        await app.StartAsync();
        port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
    }

    public async Task StopAsync()
    {
        if (app is not { } running) return;
        app = null;
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await running.StopAsync(now.Token);
        await running.DisposeAsync();
    }

    public ValueTask DisposeAsync() => new(StopAsync());

    /// <summary>A token for an agent.</summary>
    /// <param name="resource">Its audience.</param>
    /// <param name="subject">The person.</param>
    /// <param name="scope">Its scopes.</param>
    /// <param name="client">The agent.</param>
    /// <param name="now">When it is made.</param>
    /// <param name="change">Changes it before it is signed.</param>
    public string Token(string resource, string subject = "alice", string scope = "portfolio:read orders:read", string client = "an-agent", DateTimeOffset? now = null, Action<SecurityTokenDescriptor>? change = null)
    {
        var at = (now ?? TimeProvider.System.GetUtcNow()).UtcDateTime;
        var descriptor = new SecurityTokenDescriptor
        {
            TokenType = "at+jwt",
            Issuer = Issuer,
            IssuedAt = at,
            NotBefore = at,
            Expires = at.AddMinutes(10),
            SigningCredentials = new SigningCredentials(Key, SecurityAlgorithms.EcdsaSha256),
            Claims = new Dictionary<string, object> { ["aud"] = resource, ["sub"] = subject, ["client_id"] = client, ["scope"] = scope, ["jti"] = Guid.CreateVersion7().ToString(), ["name"] = subject.ToUpperInvariant() },
        };
        change?.Invoke(descriptor);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(descriptor);
    }

    private async Task<IResult> TokenAsync(HttpRequest request)
    {
        var form = await request.ReadFormAsync();
        if (form["grant_type"] != TestApprovals.CibaGrant && form["grant_type"] != "client_credentials") return await ExchangeAsync(request, form);
        if (request.Headers.Authorization != Basic) return Error("invalid_client", 401);
        if (form["grant_type"] == TestApprovals.CibaGrant) return await Approvals.RedeemAsync(form, request.HttpContext.RequestAborted);
        if (form["scope"] != "approvals" || form["resource"] != Issuer + "approvals/v1") return Error("invalid_target");
        return Results.Json(new { access_token = Token(Issuer + "approvals/v1", ClientId, "approvals", ClientId), token_type = "Bearer", expires_in = 600, scope = "approvals" });
    }

    private async Task<IResult> ExchangeAsync(HttpRequest request, IFormCollection form)
    {
        Exchanges.Enqueue(form.ToDictionary(field => field.Key, field => field.Value.ToString()));
        await Gate;
        if (Fault?.Invoke(form) is { } fault) return fault;
        if (request.Headers.Authorization != Basic) return Error("invalid_client", 401);
        if (form["grant_type"] != "urn:ietf:params:oauth:grant-type:token-exchange" || form["subject_token_type"] != "urn:ietf:params:oauth:token-type:access_token") return Error("invalid_request");
        var subject = await new JsonWebTokenHandler().ValidateTokenAsync(form["subject_token"], new TokenValidationParameters { ValidIssuer = Issuer, ValidateAudience = false, IssuerSigningKey = Key, ValidateLifetime = false });
        if (!subject.IsValid) return Error("invalid_grant");
        var held = ((string)subject.Claims["scope"]).Split(' ');
        var scope = form["scope"].ToString();
        var own = form["audience"] == Issuer + "me/v1";
        if (!own && !scope.Split(' ').All(held.Contains)) return Error("invalid_scope");
        if (!own && form["audience"] != "brokerage") return Error("invalid_target");
        if (subject.Claims.TryGetValue("txn", out var txn) && Approvals.All[Guid.Parse((string)txn)] is { } approval && approval.RedeemedAt + TimeSpan.FromSeconds(120) > TimeProvider.System.GetUtcNow() && ExchangedDetails(approval.Details) is { } details)
        {
            var oneOrder = OneOrderToken(approval.Subject, JsonSerializer.Serialize(details), (string)txn);
            Given.Add(oneOrder);
            return Results.Json(new { access_token = oneOrder, issued_token_type = "urn:ietf:params:oauth:token-type:access_token", token_type = "Bearer", expires_in = 120, scope, authorization_details = details });
        }
        var token = own ? Token(Issuer + "me/v1", (string)subject.Claims["sub"], scope, ClientId) : UpstreamToken((string)subject.Claims["sub"], scope);
        Given.Add(token);
        return Results.Json(new { access_token = token, issued_token_type = "urn:ietf:params:oauth:token-type:access_token", token_type = "Bearer", expires_in = UpstreamLifetime, scope });
    }

    public static IResult Error(string error, int status = 400, object? more = null)
        => Results.Json(more ?? new { error }, statusCode: status);
}
