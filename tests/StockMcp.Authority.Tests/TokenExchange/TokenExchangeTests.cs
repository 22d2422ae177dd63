using System.Net;
using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.TokenExchange;

public sealed class TokenExchangeTests(SharedSystem shared)
{
    [Theory, Trait("Requirement", "TX-02")]
    [InlineData("portfolio:read", "account:read")]
    [InlineData("orders:read", "orders:read")]
    [InlineData("orders:read portfolio:read", "account:read orders:read")]
    public async Task The_upstream_token_can_do_what_was_asked_for_and_no_more(string scope, string upstream)
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var tokens = await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);

        var answer = await TestAgent.ExchangeAsync(system, tokens.AccessToken, scope);

        answer.Status.Should().Be(HttpStatusCode.OK, answer.ToString());
        answer["scope"].Should().Be(upstream);
        answer["token_type"].Should().Be("Bearer");
        answer["issued_token_type"].Should().Be("urn:ietf:params:oauth:token-type:access_token");
        answer["refresh_token"].Should().BeNull();
        int.Parse(answer["expires_in"]!).Should().BeInRange(60, 600);
        answer.Response.Headers.CacheControl!.NoStore.Should().BeTrue();
        var token = new JsonWebToken(answer["access_token"]);
        token.Issuer.Should().Be(system.Running.Brokerage.Url.AbsoluteUri);
        token.GetClaim("scope").Value.Split(' ').Should().BeEquivalentTo(upstream.Split(' '));
        token.Subject.Should().NotBe(new JsonWebToken(tokens.AccessToken).Subject, "each knows the person under a name of its own");
    }

    [Fact, Trait("Requirement", "TX-01")]
    public async Task Only_the_mcp_server_may_exchange()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var publicAgent = await TestAgent.RegisterAsync(system);
        var confidential = await TestAgent.RegisterAsync(system, method: "client_secret_post");
        var tokens = await publicAgent.ConnectAsync(alice);

        (await publicAgent.ExchangeItselfAsync(tokens.AccessToken))["error"].Should().Be("unauthorized_client");
        (await confidential.ExchangeItselfAsync(tokens.AccessToken))["error"].Should().Be("unauthorized_client");
        (await TestAgent.ExchangeAsync(system, "stockmcp-server", "wrong", tokens.AccessToken, "portfolio:read", "brokerage"))["error"].Should().Be("invalid_client");
        (await TestAgent.ExchangeAsync(system, "stockmcp-server", null, tokens.AccessToken, "portfolio:read", "brokerage"))["error"].Should().Be("invalid_client");
    }

    [Theory, Trait("Requirement", "TX-01"), Trait("Requirement", "TX-02")]
    [InlineData("subject_token", "", "invalid_request")]
    [InlineData("subject_token", null, "invalid_request")]
    [InlineData("subject_token", "garbage", "invalid_grant")]
    [InlineData("subject_token_type", "urn:ietf:params:oauth:token-type:id_token", "invalid_request")]
    [InlineData("subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token", "invalid_request")]
    [InlineData("subject_token_type", null, "invalid_request")]
    [InlineData("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token", "invalid_request")]
    [InlineData("actor_token", "anything", "invalid_request")]
    [InlineData("audience", null, "invalid_request")]
    [InlineData("audience", "elsewhere", "invalid_target")]
    [InlineData("resource", "https://elsewhere.example", "invalid_target")]
    [InlineData("scope", null, "invalid_scope")]
    [InlineData("scope", "connected_accounts:read", "invalid_scope")]
    [InlineData("scope", "openid", "invalid_scope")]
    [InlineData("scope", "account:read", "invalid_scope")]
    public async Task An_exchange_that_is_not_as_it_should_be_is_refused(string parameter, string? value, string error)
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var tokens = await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);

        var answer = await TestAgent.ExchangeAsync(system, tokens.AccessToken, changes: (parameter, value));

        answer["error"].Should().Be(error, answer.ToString());
        answer["access_token"].Should().BeNull();
    }

    [Fact, Trait("Requirement", "TX-02"), Trait("Requirement", "RS-04")]
    public async Task A_subject_token_that_is_not_addressed_to_the_server_is_refused()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var tokens = await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);
        var upstream = (await TestAgent.ExchangeAsync(system, tokens.AccessToken))["access_token"]!;
        var own = (await TestAgent.ExchangeAsync(system, tokens.AccessToken, "connected_accounts:read", OwnApi(system)))["access_token"]!;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var forged = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            TokenType = "at+jwt",
            Issuer = TestAgent.Issuer(system).AbsoluteUri,
            Audience = system.McpUrl.AbsoluteUri,
            Claims = new Dictionary<string, object> { ["sub"] = new JsonWebToken(tokens.AccessToken).Subject, ["client_id"] = "agent", ["scope"] = "portfolio:read" },
            SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(key), SecurityAlgorithms.EcdsaSha256),
        });

        foreach (var token in new[] { upstream, own, forged, tokens.RefreshToken! })
            (await TestAgent.ExchangeAsync(system, token))["error"].Should().Be("invalid_grant");
    }

    [Fact, Trait("Requirement", "TX-01"), Trait("Requirement", "AS-12")]
    public async Task An_expired_subject_token_is_refused()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var tokens = await agent.ConnectAsync(alice);
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken)).Status.Should().Be(HttpStatusCode.OK);

        clock.Advance(TimeSpan.FromMinutes(12));

        (await TestAgent.ExchangeAsync(system, tokens.AccessToken))["error"].Should().Be("invalid_grant");
        var fresh = await agent.RefreshAsync(tokens.RefreshToken!);
        (await TestAgent.ExchangeAsync(system, fresh["access_token"]!)).Status.Should().Be(HttpStatusCode.OK, "the vault refreshes upstream, too");
        clock.Advance(TimeSpan.FromDays(30));
        (await agent.RefreshAsync(fresh["refresh_token"]!))["error"].Should().Be("invalid_grant", "AS-11: 30 days after the sign-in it ends, however often it was rotated");
    }

    [Fact, Trait("Requirement", "TX-02")]
    public async Task A_token_for_the_authoritys_own_api_names_the_agent_as_the_actor_and_lists_the_accounts()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var tokens = await agent.ConnectAsync(alice);

        var answer = await TestAgent.ExchangeAsync(system, tokens.AccessToken, "connected_accounts:read", OwnApi(system));

        var token = new JsonWebToken(answer["access_token"]);
        token.Audiences.Should().Equal(OwnApi(system));
        token.GetClaim("client_id").Value.Should().Be("stockmcp-server");
        token.GetPayloadValue<System.Text.Json.JsonElement>("act").GetProperty("sub").GetString().Should().Be(agent.ClientId, "RFC 8693, section 4.1");
        token.ValidTo.Should().BeOnOrBefore(new JsonWebToken(tokens.AccessToken).ValidTo);
        answer["refresh_token"].Should().BeNull();

        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(system), DefaultRequestHeaders = { Authorization = new("Bearer", answer["access_token"]) } };
        var accounts = (await TestAgent.ReadAsync(await http.GetAsync("me/v1/connected-accounts"))).Body.GetProperty("connected_accounts");
        accounts.GetArrayLength().Should().Be(1);
        accounts[0].GetProperty("account_name").GetString().Should().Be("Alice Liddell");
        accounts[0].GetProperty("state").GetString().Should().Be("connected");
        accounts[0].GetProperty("scopes").ToString().Should().Be("""["orders:read","portfolio:read"]""");
        accounts[0].GetProperty("upstream_scopes").ToString().Should().Be("""["account:read","orders:read"]""");

        http.DefaultRequestHeaders.Authorization = new("Bearer", tokens.AccessToken);
        (await http.GetAsync("me/v1/connected-accounts")).StatusCode.Should().Be(HttpStatusCode.Unauthorized, "the agent's own token is for the MCP server alone");
    }

    private static string OwnApi(StockMcpSystem system) => new Uri(TestAgent.Issuer(system), "me/v1").AbsoluteUri;
}
