using System.Net;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Tokens;

public sealed class TokenTests(SharedSystem shared)
{
    [Fact, Trait("Requirement", "AS-12"), Trait("Requirement", "AS-14")]
    public async Task An_access_token_says_who_for_which_agent_and_for_this_resource_alone()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);

        var token = new JsonWebToken((await agent.ConnectAsync(alice)).AccessToken);

        token.Typ.Should().Be("at+jwt", "RFC 9068");
        token.Alg.Should().Be("ES256");
        token.Issuer.Should().Be(TestAgent.Issuer(system).AbsoluteUri);
        token.Audiences.Should().Equal(system.McpUrl.AbsoluteUri);
        token.GetClaim("client_id").Value.Should().Be(agent.ClientId).And.NotBe(token.Subject);
        token.GetClaim("scope").Value.Should().Be("portfolio:read orders:read");
        token.Id.Should().NotBeEmpty();
        (token.ValidTo - token.IssuedAt).Should().Be(TimeSpan.FromMinutes(10));
    }

    [Fact, Trait("Requirement", "AS-02"), Trait("Requirement", "AS-04")]
    public async Task A_wrong_verifier_is_refused_and_so_is_none()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var flow = agent.Flow();
        var code = flow.CodeOf(await alice.AuthorizeAsync(flow.AuthorizationUrl));

        (await RedeemAsync(agent, code, new string('x', 43)))["error"].Should().Be("invalid_grant");
        (await agent.TokenAsync(("grant_type", "authorization_code"), ("code", code), ("redirect_uri", TestAgent.Loopback.AbsoluteUri)))["error"].Should().Be("invalid_request");
    }

    [Fact, Trait("Requirement", "AS-04")]
    public async Task A_code_used_twice_ends_all_that_came_from_it()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var flow = agent.Flow();
        var code = flow.CodeOf(await alice.AuthorizeAsync(flow.AuthorizationUrl));
        var tokens = await RedeemAsync(agent, code, flow.Verifier);

        (await RedeemAsync(agent, code, flow.Verifier))["error"].Should().Be("invalid_grant");

        (await agent.RefreshAsync(tokens["refresh_token"]!))["error"].Should().Be("invalid_grant");
        (await TestAgent.ExchangeAsync(system, tokens["access_token"]!))["error"].Should().Be("invalid_grant");
    }

    [Fact, Trait("Requirement", "AS-04")]
    public async Task Another_clients_guess_changes_nothing()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var thief = await TestAgent.RegisterAsync(system);
        var flow = agent.Flow();
        var code = flow.CodeOf(await alice.AuthorizeAsync(flow.AuthorizationUrl));

        (await RedeemAsync(thief, code, flow.Verifier))["error"].Should().Be("invalid_grant");

        (await RedeemAsync(agent, code, flow.Verifier)).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact, Trait("Requirement", "AS-06")]
    public async Task A_wrong_resource_at_the_token_endpoint_is_refused_and_the_code_stays_good()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var flow = agent.Flow();
        var code = flow.CodeOf(await alice.AuthorizeAsync(flow.AuthorizationUrl));

        (await RedeemAsync(agent, code, flow.Verifier, ("resource", "https://elsewhere.example/mcp")))["error"].Should().Be("invalid_target");

        (await RedeemAsync(agent, code, flow.Verifier, ("resource", system.McpUrl.AbsoluteUri))).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact, Trait("Requirement", "AS-11"), Trait("Requirement", "AS-20")]
    public async Task A_refresh_token_is_opaque_and_rotates()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var first = await agent.ConnectAsync(alice);

        var second = await agent.RefreshAsync(first.RefreshToken!);

        second.Status.Should().Be(HttpStatusCode.OK, second.ToString());
        first.RefreshToken.Should().NotContain(".").And.NotBe(second["refresh_token"]);
        second.Response.Headers.CacheControl!.NoStore.Should().BeTrue();
    }

    [Fact, Trait("Requirement", "AS-11")]
    public async Task One_agents_reuse_does_not_end_the_same_clients_other_sign_in()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var laptop = await agent.ConnectAsync(alice);
        var phone = await agent.ConnectAsync(alice);
        await agent.RefreshAsync(laptop.RefreshToken!);
        clock.Advance(TimeSpan.FromSeconds(11));
        (await agent.RefreshAsync(laptop.RefreshToken!))["error"].Should().Be("invalid_grant");

        (await agent.RefreshAsync(phone.RefreshToken!)).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact, Trait("Requirement", "AS-01"), Trait("Requirement", "AS-07")]
    public async Task The_token_endpoint_takes_posted_forms_that_name_each_parameter_once()
    {
        var system = await shared.GetAsync();
        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(system) };

        using var get = await http.GetAsync("connect/token?grant_type=authorization_code");
        ((int)get.StatusCode).Should().BeOneOf(400, 405);
        using var json = new StringContent(JsonSerializer.Serialize(new { grant_type = "authorization_code" }), null, "application/json");
        using var posted = await http.PostAsync("connect/token", json);
        posted.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        using var twice = new StringContent("grant_type=refresh_token&refresh_token=a&refresh_token=b", null, "application/x-www-form-urlencoded");
        (await TestAgent.ReadAsync(await http.PostAsync("connect/token", twice)))["error"].Should().Be("invalid_request");
    }

    private static Task<JsonAnswer> RedeemAsync(TestAgent agent, string code, string verifier, params (string, string)[] more)
        => agent.TokenAsync([("grant_type", "authorization_code"), ("code", code), ("redirect_uri", TestAgent.Loopback.AbsoluteUri), ("code_verifier", verifier), .. more]);
}
