using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Tokens;

/// <summary><c>private_key_jwt</c> (RFC 7523).</summary>
public sealed class ClientAssertionTests(SharedSystem shared)
{
    private static readonly ECDsaSecurityKey s_key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "one" };
    private static int s_names;

    [Fact, Trait("Requirement", "AS-13")]
    public async Task A_client_with_a_key_registers_itself_and_signs_in_without_a_secret()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var client = await RegisterAsync(system);
        var agent = new TestAgent(system, client, null, TestAgent.Loopback);
        var flow = agent.Flow();
        var code = flow.CodeOf(await alice.AuthorizeAsync(flow.AuthorizationUrl));
        (string, string)[] redeem = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", TestAgent.Loopback.AbsoluteUri), ("code_verifier", flow.Verifier)];

        (await agent.TokenAsync(redeem))["error"].Should().Be("invalid_client", "it has to prove itself");
        var tokens = await agent.TokenAsync([.. redeem, .. Proof(Assertion(system, client))]);

        tokens.Status.Should().Be(HttpStatusCode.OK, tokens.ToString());
    }

    [Fact, Trait("Requirement", "AS-13")]
    public async Task An_assertion_is_good_once_and_at_whichever_copy()
    {
        var system = await shared.GetAsync();
        await using var copy = await AuthorityCopy.StartAsync(system);
        var client = await RegisterAsync(system);
        var agent = new TestAgent(system, client, null, TestAgent.Loopback);
        var assertion = Assertion(system, client);

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => ProveAsync(agent, assertion)));

        answers.Count(answer => answer["error"] == "invalid_grant").Should().Be(1, "one of them was let through to its wrong refresh token");
        answers.Count(answer => answer["error"] == "invalid_client").Should().Be(5);
        using var http = copy.CreateClient();
        using var body = new FormUrlEncodedContent([new("grant_type", "refresh_token"), new("refresh_token", "x"), new("client_id", client), .. Proof(assertion).Select(part => KeyValuePair.Create(part.Item1, part.Item2))]);
        (await TestAgent.ReadAsync(await http.PostAsync("connect/token", body)))["error"].Should().Be("invalid_client");
    }

    [Theory, Trait("Requirement", "AS-13")]
    [InlineData("token endpoint as audience")]
    [InlineData("two audiences")]
    [InlineData("another issuer as audience")]
    [InlineData("another client")]
    [InlineData("six minutes and a half")]
    [InlineData("expired")]
    [InlineData("no jti")]
    [InlineData("no exp")]
    [InlineData("another key")]
    [InlineData("another algorithm")]
    [InlineData("an access token's type")]
    public async Task An_assertion_that_could_be_anybody_elses_is_refused(string flaw)
    {
        var system = await shared.GetAsync();
        var client = await RegisterAsync(system);
        var agent = new TestAgent(system, client, null, TestAgent.Loopback);
        (await ProveAsync(agent, Assertion(system, client)))["error"].Should().Be("invalid_grant", "as it should be, it passes");

        var answer = await ProveAsync(agent, Assertion(system, client, flaw));

        answer["error"].Should().BeOneOf("invalid_client", "invalid_request", "invalid_grant");
        answer["error_description"].Should().NotContain("refresh token", "it was refused before anything else was looked at");
    }

    [Theory, Trait("Requirement", "AS-13"), Trait("Requirement", "DC-03")]
    [InlineData("""{"keys":[]}""", null)]
    [InlineData(null, "https://app.example.com/keys")]
    [InlineData(null, null)]
    [InlineData("""{"keys":[{"kty":"oct","k":"AAAA"}]}""", null)]
    [InlineData("""{"keys":[{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA","d":"AAAA"}]}""", null)]
    [InlineData("""{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}""", null)]
    public async Task Keys_that_prove_nothing_are_not_registered(string? keys, string? keysUri)
    {
        var answer = await TestAgent.RegisterRawAsync(await shared.GetAsync(), new
        {
            redirect_uris = new[] { "https://a.example/" },
            token_endpoint_auth_method = "private_key_jwt",
            jwks = keys is null ? (JsonElement?)null : JsonSerializer.Deserialize<JsonElement>(keys),
            jwks_uri = keysUri,
        });

        (answer.Status, answer["error"]).Should().Be((HttpStatusCode.BadRequest, "invalid_client_metadata"));
    }

    [Fact, Trait("Requirement", "AS-13")]
    public async Task The_Server_exchanges_with_a_key_of_its_own_and_no_secret()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var folder = Directory.CreateTempSubdirectory("stockmcp-").FullName;
        var (privateKey, publicKey) = (Path.Combine(folder, "server.pem"), Path.Combine(folder, "server.pub"));
        await File.WriteAllTextAsync(privateKey, ecdsa.ExportPkcs8PrivateKeyPem());
        await File.WriteAllTextAsync(publicKey, ecdsa.ExportSubjectPublicKeyInfoPem());
        await using var system = await StockMcpSystem.StartAsync(options => options with
        {
            ServerSettings = new Dictionary<string, string?> { ["Authority:ClientSecret"] = "", ["Authority:ClientKeyFile"] = privateKey },
            AuthoritySettings = new Dictionary<string, string?> { ["Clients:0:ClientSecret"] = "", ["Clients:0:JwksFile"] = publicKey },
        });
        using var alice = Person.Alice(system);
        var tokens = await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);

        for (var call = 0; call < 2; call++) // with an assertion of its own each
        {
            using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", tokens.AccessToken) } };
            using var request = new HttpRequestMessage(HttpMethod.Post, system.McpUrl);
            request.Content = JsonContent.Create(new { jsonrpc = "2.0", id = 1, method = "tools/call", @params = new { name = call == 0 ? "get_account" : "list_orders", arguments = new { } } });
            request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
            request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", "2025-11-25");
            using var response = await http.SendAsync(request);
            var answer = await response.Content.ReadAsStringAsync();
            response.StatusCode.Should().Be(HttpStatusCode.OK, answer);
            answer.Should().Contain("structuredContent").And.NotContain("\"isError\":true");
        }
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken))["error"].Should().Be("invalid_client", "the secret is gone");
    }

    private static async Task<string> RegisterAsync(StockMcpSystem system)
    {
        var key = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(s_key);
        var answer = await TestAgent.RegisterRawAsync(system, new
        {
            redirect_uris = new[] { TestAgent.Loopback.AbsoluteUri },
            client_name = $"Agent with a key {Interlocked.Increment(ref s_names)}",
            token_endpoint_auth_method = "private_key_jwt",
            grant_types = new[] { "authorization_code", "refresh_token" },
            jwks = new { keys = new[] { new { kty = key.Kty, crv = key.Crv, x = key.X, y = key.Y, kid = key.Kid, alg = "ES256" } } },
        });
        answer.Status.Should().Be(HttpStatusCode.Created, answer.ToString());
        answer["client_secret"].Should().BeNull();
        answer["jwks"].Should().Contain("\"kid\":\"one\"");
        return answer["client_id"]!;
    }

    private static Task<JsonAnswer> ProveAsync(TestAgent agent, string assertion) => agent.TokenAsync([("grant_type", "refresh_token"), ("refresh_token", "wrong"), .. Proof(assertion)]);

    private static (string, string)[] Proof(string assertion) => [("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", assertion)];

    private static string Assertion(StockMcpSystem system, string client, string? flaw = null)
    {
        var issuer = TestAgent.Issuer(system).AbsoluteUri;
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var claims = new Dictionary<string, object>
        {
            ["iss"] = client,
            ["sub"] = flaw == "another client" ? "stockmcp-server" : client,
            ["aud"] = flaw switch { "token endpoint as audience" => issuer + "connect/token", "two audiences" => new[] { issuer, "https://other.example/" }, "another issuer as audience" => "https://other.example/", _ => issuer },
            ["exp"] = flaw switch { "six minutes and a half" => now + 390, "expired" => now - 90, _ => now + 60 },
            ["iat"] = now,
            ["jti"] = Guid.CreateVersion7().ToString(),
        };
        if (flaw == "no jti") claims.Remove("jti");
        if (flaw == "no exp") claims.Remove("exp");
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        var credentials = flaw switch
        {
            "another key" => new SigningCredentials(new ECDsaSecurityKey(other) { KeyId = "one", CryptoProviderFactory = new CryptoProviderFactory { CacheSignatureProviders = false } }, "ES256"),
            "another algorithm" => new SigningCredentials(new RsaSecurityKey(rsa) { KeyId = "one", CryptoProviderFactory = new CryptoProviderFactory { CacheSignatureProviders = false } }, "RS256"),
            _ => new SigningCredentials(s_key, "ES256"),
        };
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(JsonSerializer.Serialize(claims), credentials, new Dictionary<string, object> { ["typ"] = flaw == "an access token's type" ? "at+jwt" : "JWT" });
    }
}
