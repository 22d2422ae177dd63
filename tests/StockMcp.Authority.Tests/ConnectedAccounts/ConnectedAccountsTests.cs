using System.Net;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.ConnectedAccounts;

public sealed class ConnectedAccountsTests
{
    [Fact, Trait("Requirement", "TV-02"), Trait("Requirement", "TV-05")]
    public async Task An_app_lists_connects_and_deletes_a_persons_accounts()
    {
        await using var system = await StockMcpSystem.StartAsync(CompanionApp.Register);
        using var alice = Person.Alice(system);
        var app = await new CompanionApp(system).SignInAsync(alice);
        var first = (await app.ListAsync()).Body.GetProperty("connected_accounts")[0].GetProperty("id").GetString()!;
        (await app.DeleteAsync(first)).StatusCode.Should().Be(HttpStatusCode.NoContent);
        system.Brokerage.Requests.Should().Contain(request => request.Path == "/connect/revoke" && request.Status == 200);
        (await app.ListAsync()).Body.GetProperty("connected_accounts")[0].GetProperty("state").GetString().Should().Be("disconnected");

        var begun = await app.ConnectAsync(scopes: ["account:read"]);
        begun.Status.Should().Be(HttpStatusCode.Created, begun.ToString());
        begun.Response.Headers.CacheControl!.NoStore.Should().BeTrue();
        var back = await alice.AuthorizeAsync(CompanionApp.ConnectUri(begun));

        back.AbsoluteUri.Should().StartWith(CompanionApp.Connected.AbsoluteUri + "&");
        var answer = QueryHelpers.ParseQuery(back.Query);
        answer["state"].ToString().Should().Be("their-state");
        (await app.ListAsync()).Body.GetProperty("connected_accounts")[0].GetProperty("state").GetString().Should().Be("disconnected", "nothing is connected until the app has shown that the browser came back to it");
        var account = await app.CompleteAsync(begun, answer["connect_code"]);
        account.Status.Should().Be(HttpStatusCode.Created, account.ToString());
        account["state"].Should().Be("connected");
        account["upstream_scopes"].Should().Be("""["account:read"]""");
        account["in_use"].Should().Be("True");
        (await app.CompleteAsync(begun, answer["connect_code"]))["error"].Should().Be("invalid_grant", "a code is good once");
    }

    [Fact, Trait("Requirement", "TV-02")]
    public async Task A_link_that_connects_is_good_for_the_person_who_began_it_alone_and_once()
    {
        await using var system = await StockMcpSystem.StartAsync(CompanionApp.Register);
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var app = await new CompanionApp(system).SignInAsync(alice);
        var bobs = await new CompanionApp(system).SignInAsync(bob);
        var link = CompanionApp.ConnectUri(await app.ConnectAsync());

        (await bob.StatusAsync(link)).Should().Be(HttpStatusCode.Forbidden, "somebody sent it to him");
        (await alice.StatusAsync(link)).Should().Be(HttpStatusCode.Redirect, "his try did not use it up");
        (await alice.StatusAsync(link)).Should().Be(HttpStatusCode.Forbidden);

        var begun = await app.ConnectAsync();
        var code = QueryHelpers.ParseQuery((await alice.AuthorizeAsync(CompanionApp.ConnectUri(begun))).Query)["connect_code"].ToString();
        (await bobs.CompleteAsync(begun, code))["error"].Should().Be("invalid_grant", "his app has another person's token");
        var other = await new CompanionApp(system, "other-companion").SignInAsync(alice);
        (await other.CompleteAsync(begun, code))["error"].Should().Be("invalid_grant", "it is another app");
        (await app.CompleteAsync(begun, code + "x"))["error"].Should().Be("invalid_grant");
        (await app.CompleteAsync(begun, code, CompanionApp.RedirectUri.AbsoluteUri))["error"].Should().Be("invalid_grant");
        (await app.CompleteAsync(begun, code)).Status.Should().Be(HttpStatusCode.Created);
    }

    [Fact, Trait("Requirement", "TV-02")]
    public async Task A_connect_request_that_cannot_be_is_refused_and_each_step_has_its_scope()
    {
        await using var system = await StockMcpSystem.StartAsync(CompanionApp.Register);
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var app = await new CompanionApp(system).SignInAsync(alice);
        var bobs = await new CompanionApp(system).SignInAsync(bob);
        foreach (var (body, error) in new (object, string)[]
        {
            (new { connection = "elsewhere", redirect_uri = CompanionApp.Connected }, "invalid_request"),
            (new { connection = "brokerage" }, "invalid_request"),
            (new { connection = "brokerage", redirect_uri = "https://evil.example/" }, "invalid_request"),
            (new { connection = "brokerage", redirect_uri = CompanionApp.Connected, state = new string('s', 1025) }, "invalid_request"),
            (new { connection = "brokerage", redirect_uri = CompanionApp.Connected, scopes = new[] { "transfers" } }, "invalid_scope"),
        })
            (await TestAgent.ReadAsync(await app.ConnectRawAsync(body)))["error"].Should().Be(error);

        var reader = await new CompanionApp(system).SignInAsync(alice, "connected_accounts:read");
        var account = (await reader.ListAsync()).Body.GetProperty("connected_accounts")[0].GetProperty("id").GetString()!;
        (await reader.ConnectRawAsync(new { connection = "brokerage", redirect_uri = CompanionApp.Connected })).StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await reader.DeleteAsync(account)).StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await bobs.DeleteAsync(account)).StatusCode.Should().Be(HttpStatusCode.NotFound, "somebody else's account answers like one that does not exist");

        for (var number = 0; number < 20; number++) await bobs.ConnectAsync();
        var tooMany = await bobs.ConnectAsync();
        tooMany.Status.Should().Be(HttpStatusCode.TooManyRequests);
        tooMany.Response.Headers.RetryAfter.Should().NotBeNull();
        (await app.ConnectAsync()).Status.Should().Be(HttpStatusCode.Created, "others are not held up");
    }

    [Fact, Trait("Requirement", "TX-01")]
    public async Task Neither_an_agent_nor_an_exchange_gets_the_scopes_that_connect_and_delete()
    {
        await using var system = await StockMcpSystem.StartAsync(CompanionApp.Register);
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var tokens = await agent.ConnectAsync(alice);
        var api = new Uri(TestAgent.Issuer(system), "me/v1").AbsoluteUri;

        foreach (var scope in new[] { "connected_accounts:create", "connected_accounts:delete" })
        {
            (await TestAgent.ExchangeAsync(system, tokens.AccessToken, scope, api))["error"].Should().BeOneOf("invalid_scope", "invalid_request", "unauthorized_client");
            (await alice.StatusAsync(agent.Flow(scope, api).AuthorizationUrl)).Should().Be(HttpStatusCode.BadRequest);
        }
    }

    [Fact, Trait("Requirement", "TV-03")]
    public async Task A_person_with_several_accounts_at_one_broker_says_which_one_agents_use()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var tokens = await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);
        var page = new Uri(system.Running.Authority.Url, "account");
        var first = await SubjectAsync();
        // She has a second login there, by the name of bob.
        using var second = alice.As("bob");
        await second.GoAsync(new Uri(system.Running.Authority.Url, "account/connect/brokerage?another=true"), url => url.AbsolutePath == "/account");
        (await SubjectAsync()).Should().Be(first, "agents stay where they are until she says otherwise");

        await alice.SubmitAsync(page, "Use for agents");
        var other = await SubjectAsync();
        other.Should().NotBe(first);

        await alice.SubmitAsync(page, "Disconnect", form => !form.InnerHtml.Contains("Alice", StringComparison.Ordinal));
        var choice = await TestAgent.ExchangeAsync(system, tokens.AccessToken);
        choice["error"].Should().Be("interaction_required", "no agent is moved to another account by itself");
        choice["connect_uri"].Should().Be(page.AbsoluteUri);

        async Task<string> SubjectAsync() => new JsonWebToken((await TestAgent.ExchangeAsync(system, tokens.AccessToken))["access_token"]).Subject;
    }

    [Fact, Trait("Requirement", "TV-02")]
    public async Task A_person_connects_accounts_at_two_brokers_and_each_token_is_for_its_own()
    {
        var (authority, brokerage) = (FreePorts.Take(), FreePorts.Take());
        await using var other = await StockMcpSystem.StartAsync(options => options with { BrokeragePort = brokerage, BrokerageSettings = AsProviderFor(authority) });
        await using var system = await StockMcpSystem.StartAsync(options => options with { AuthorityPort = authority, AuthoritySettings = With(brokerage) });
        using var alice = Person.Alice(system).AlsoAt(other.Running.Brokerage.Url);
        var tokens = await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken, audience: "metropolis"))["error"].Should().Be("interaction_required");

        await alice.GoAsync(new Uri(system.Running.Authority.Url, "account/connect/metropolis"), url => url.AbsolutePath == "/account");

        foreach (var (audience, issuer) in new[] { ("brokerage", system.Running.Brokerage.Url), ("metropolis", other.Running.Brokerage.Url) })
            new JsonWebToken((await TestAgent.ExchangeAsync(system, tokens.AccessToken, audience: audience))["access_token"]).Issuer.Should().Be(issuer.AbsoluteUri);
        (await alice.ReadAsync(new Uri(system.Running.Authority.Url, "account"))).Should().Contain("Gotham Brokerage").And.Contain("Metropolis Brokers");
    }

    private static Dictionary<string, string?> AsProviderFor(int authority) => new()
    {
        ["Clients:1:ClientId"] = "elsewhere",
        ["Clients:1:ClientSecret"] = "a-secret-between-the-two",
        ["Clients:1:DisplayName"] = "StockMcp",
        ["Clients:1:RedirectUris:0"] = $"http://localhost:{authority}/callback/metropolis",
        ["Clients:1:Scopes:0"] = "openid",
        ["Clients:1:Scopes:1"] = "profile",
        ["Clients:1:Scopes:2"] = "offline_access",
        ["Clients:1:Scopes:3"] = "account:read",
        ["Clients:1:Scopes:4"] = "email",
    };

    private static Dictionary<string, string?> With(int brokerage) => new()
    {
        ["Connections:metropolis:DisplayName"] = "Metropolis Brokers",
        ["Connections:metropolis:Issuer"] = $"http://localhost:{brokerage}/",
        ["Connections:metropolis:ClientId"] = "elsewhere",
        ["Connections:metropolis:ClientSecret"] = "a-secret-between-the-two",
        ["Connections:metropolis:Scopes:0:Scope"] = "portfolio:read",
        ["Connections:metropolis:Scopes:0:Upstream:0"] = "account:read",
        ["Clients:0:Audiences:2"] = "metropolis",
    };
}
