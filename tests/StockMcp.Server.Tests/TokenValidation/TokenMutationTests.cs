using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.TokenValidation;

/// <summary>A good token, changed in one thing at a time.</summary>
public sealed class TokenMutationTests(RefusalSystem fixture) : IClassFixture<RefusalSystem>
{
    private const string BadToken = """Bearer error="invalid_token", resource_metadata="http://localhost:7001/.well-known/oauth-protected-resource/mcp", scope="portfolio:read orders:read" """;
    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();
    private readonly TestSystem system = fixture.System;

    public static TheoryData<string> Mutations => [.. Mutate.Keys];

    private static Dictionary<string, Action<SecurityTokenDescriptor>> Mutate { get; } = new()
    {
        ["expired over a minute ago"] = token => (token.NotBefore, token.Expires) = (Now.AddMinutes(-20).UtcDateTime, Now.AddSeconds(-70).UtcDateTime),
        ["not valid for over a minute"] = token => token.NotBefore = Now.AddMinutes(3).UtcDateTime,
        ["without an end"] = token => token.Expires = null,
        ["another issuer"] = token => token.Issuer = "http://127.0.0.1:1/",
        ["the issuer without its slash"] = token => token.Issuer = token.Issuer.TrimEnd('/'),
        ["no issuer"] = token => token.Issuer = null,
        ["another audience"] = token => token.Claims["aud"] = "http://localhost:7003/v2",
        ["the audience with a slash"] = token => token.Claims["aud"] = ServerCopy.Resource + "/",
        ["the audience in capitals"] = token => token.Claims["aud"] = "HTTP://localhost:7001/mcp",
        ["two audiences"] = token => token.Claims["aud"] = new[] { ServerCopy.Resource, "http://localhost:7003/v2" },
        ["no audience"] = token => token.Claims.Remove("aud"),
        ["no subject"] = token => token.Claims.Remove("sub"),
        ["two subjects"] = token => token.Claims["sub"] = new[] { "alice", "bob" },
        ["an empty subject"] = token => token.Claims["sub"] = "",
        ["no client"] = token => token.Claims.Remove("client_id"),
        ["two clients"] = token => token.Claims["azp"] = "another-agent",
        ["no jti"] = token => token.Claims.Remove("jti"),
        ["an id token's type"] = token => token.TokenType = "JWT",
        ["a refresh token's type"] = token => token.TokenType = "rt+jwt",
        ["no type"] = token => token.TokenType = null,
        ["signed by a stranger"] = token => token.SigningCredentials = new SigningCredentials(TestAuthority.NewKey(), SecurityAlgorithms.EcdsaSha256),
        ["signed by a stranger under our key's name"] = token => token.SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = token.SigningCredentials.Key.KeyId }, SecurityAlgorithms.EcdsaSha256),
        ["HS256 with the public key"] = token => token.SigningCredentials = new SigningCredentials(new SymmetricSecurityKey(((ECDsaSecurityKey)token.SigningCredentials.Key).ECDsa.ExportSubjectPublicKeyInfo()) { KeyId = token.SigningCredentials.Key.KeyId }, SecurityAlgorithms.HmacSha256),
        ["its own key in the header"] = token => token.AdditionalHeaderClaims = new Dictionary<string, object> { ["jwk"] = new Dictionary<string, object> { ["kty"] = "EC" } },
        ["jku in the header"] = token => token.AdditionalHeaderClaims = new Dictionary<string, object> { ["jku"] = "https://evil.example/jwks" },
        ["x5u in the header"] = token => token.AdditionalHeaderClaims = new Dictionary<string, object> { ["x5u"] = "https://evil.example/cert" },
        ["x5c in the header"] = token => token.AdditionalHeaderClaims = new Dictionary<string, object> { ["x5c"] = new[] { "MIIB" } },
        ["crit in the header"] = token => token.AdditionalHeaderClaims = new Dictionary<string, object> { ["crit"] = new[] { "exp" } },
        ["over 8 KiB"] = token => token.Claims["padding"] = new string('x', 8 * 1024),
    };

    [Theory, MemberData(nameof(Mutations)), Trait("Requirement", "RS-02"), Trait("Requirement", "RS-03"), Trait("Requirement", "RS-04")]
    public Task A_token_that_is_wrong_in_one_thing_is_refused(string mutation) => RefusedAsync(system.Authority.Token(ServerCopy.Resource, change: Mutate[mutation]));

    [Theory, Trait("Requirement", "RS-03")]
    [InlineData("none")]
    [InlineData("NONE")]
    [InlineData("nOnE")]
    [InlineData("es256")]
    [InlineData("EdDSA")]
    public Task An_algorithm_outside_the_list_is_refused(string algorithm)
    {
        var parts = system.Token().Split('.');
        var header = Encode(JsonSerializer.Serialize(new { alg = algorithm, typ = "at+jwt", kid = system.Authority.Key.KeyId }));
        return Task.WhenAll(RefusedAsync($"{header}.{parts[1]}.{parts[2]}"), RefusedAsync($"{header}.{parts[1]}."));
    }

    [Theory, Trait("Requirement", "RS-03")]
    [InlineData("""{"alg":"ES256","typ":"at+jwt","kid":"KID"}""", true)]
    [InlineData("""{"alg":"ES256","typ":"application/at+jwt","kid":"KID"}""", true)]
    [InlineData("""{"alg":"ES256","typ":"at+jwt","kid":"KID","zip":"DEF"}""", false)]
    [InlineData("""{"alg":"ES256","typ":"at+jwt","kid":"KID","b64":false}""", false)]
    [InlineData("""{"alg":"ES256","typ":"at+jwt","kid":"KID","typ":"at+jwt"}""", false)]
    [InlineData("""{"alg":"ES256","typ":"at+jwt","kid":"another"}""", false)]
    public async Task A_header_is_looked_at_even_when_the_signature_over_it_is_right(string header, bool accepted)
    {
        var signed = Encode(header.Replace("KID", system.Authority.Key.KeyId)) + "." + system.Token().Split('.')[1];
        var token = signed + "." + Base64Url.EncodeToString(system.Authority.Key.ECDsa.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256));

        if (accepted) (await system.Server.ListToolsAsync(token)).Should().NotBeEmpty();
        else await RefusedAsync(token);
    }

    [Fact, Trait("Requirement", "RS-03")]
    public async Task Other_forms_of_a_token_are_refused()
    {
        var parts = system.Token().Split('.');
        await RefusedAsync("garbage");
        await RefusedAsync("..");
        await RefusedAsync($"{parts[0]}.{parts[1]}");
        await RefusedAsync($"{parts[0]}.{parts[1]}.{parts[2]}.{parts[2]}.{parts[2]}");
        await RefusedAsync($"{parts[0]}.{parts[1]}.{parts[2][..^4]}AAAA");
        await RefusedAsync($"{parts[0]}.{Encode("""{"sub":"bob"}""")}.{parts[2]}");
        await RefusedAsync($$"""{"payload":"{{parts[1]}}","protected":"{{parts[0]}}","signature":"{{parts[2]}}"}""");
        await RefusedAsync($"{Encode("""{"alg":"ES256","alg":"none","typ":"at+jwt"}""")}.{parts[1]}.{parts[2]}");
        await RefusedAsync($"{Encode("[]")}.{parts[1]}.{parts[2]}");
        await RefusedAsync($"{Encode("""{"alg":"ES256","typ":"at+jwt","kid":"\ud800"}""")}.{parts[1]}.{parts[2]}");
        await RefusedAsync($"{Encode("""{"alg":"ES256","typ":"at+jwt","\udc00":1}""")}.{parts[1]}.{parts[2]}");
        await RefusedAsync($"{Base64Url.EncodeToString([.. "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\""u8, 0xFF, .. "\"}"u8])}.{parts[1]}.{parts[2]}");
        await RefusedAsync(system.Token() + ", Bearer " + system.Token());
    }

    [Theory, Trait("Requirement", "RS-02")]
    [InlineData("ended half a minute ago", -600, -30)]
    [InlineData("begins in half a minute", 30, 600)]
    public async Task A_clock_may_be_a_minute_off(string _, int from, int to)
    {
        var token = system.Authority.Token(ServerCopy.Resource, change: token => (token.NotBefore, token.Expires) = (Now.AddSeconds(from).UtcDateTime, Now.AddSeconds(to).UtcDateTime));
        (await system.Server.ListToolsAsync(token)).Should().NotBeEmpty();
    }

    [Fact, Trait("Requirement", "RS-02")]
    public async Task An_issuer_that_calls_the_client_azp_is_understood()
    {
        var token = system.Authority.Token(ServerCopy.Resource, change: token =>
        {
            token.Claims.Remove("client_id");
            token.Claims["azp"] = "keycloak-client";
        });
        var whoami = await system.Server.CallAsync(token, "whoami");
        whoami.Content["agent"]!["client_id"]!.GetValue<string>().Should().Be("keycloak-client");
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private async Task RefusedAsync(string token)
    {
        using var response = await system.Server.CallRawAsync(token, "get_portfolio");

        response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        response.Challenge().Should().Be(BadToken.TrimEnd());
        system.Authority.ExchangesFor("brokerage").Should().Be(0, "a refused call is exchanged for nothing");
        var body = await response.Content.ReadAsStringAsync();
        body.Should().Contain("not valid here").And.NotContain("Exception").And.NotContain("IDX");
    }
}
