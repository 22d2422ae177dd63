using System.Net;
using AngleSharp.Html.Parser;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Account;

public sealed class AccountTests
{
    [Fact, Trait("Requirement", "AS-17")]
    public async Task A_person_sees_their_agents_and_signs_one_out()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system, name: "Helper");
        var other = await TestAgent.RegisterAsync(system, name: "Other helper");
        var tokens = await agent.ConnectAsync(alice, "portfolio:read");
        var others = await other.ConnectAsync(alice);
        var page = await new HtmlParser().ParseDocumentAsync(await alice.ReadAsync(AccountPage(system)));
        page.QuerySelector("main")!.TextContent.Should().Contain("Helper").And.Contain("See your balance").And.Contain("Gotham Brokerage").And.Contain("connected");

        await alice.SubmitAsync(AccountPage(system), "Sign out this agent", form => form.InnerHtml.Contains(agent.ClientId, StringComparison.Ordinal));

        (await agent.RefreshAsync(tokens.RefreshToken!))["error"].Should().Be("invalid_grant");
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken))["error"].Should().Be("invalid_grant");
        (await other.RefreshAsync(others.RefreshToken!)).Status.Should().Be(HttpStatusCode.OK);
        (await alice.ReadAsync(AccountPage(system))).Should().NotContain(agent.ClientId);
    }

    [Fact, Trait("Requirement", "TV-05")]
    public async Task Disconnecting_forgets_the_tokens_and_revokes_them_at_the_broker()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var tokens = await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken)).Status.Should().Be(HttpStatusCode.OK);

        await alice.SubmitAsync(AccountPage(system), "Disconnect");

        system.Brokerage.Requests.Count(request => request.Path == "/connect/revoke" && request.Status == 200).Should().Be(2, "the refresh token, and the access token that it gave");
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken))["error"].Should().Be("interaction_required");
        (await alice.ReadAsync(AccountPage(system))).Should().Contain("not connected");
    }

    [Fact, Trait("Requirement", "TV-04")]
    public async Task Who_disconnected_at_the_broker_and_connects_again_gets_tokens_of_the_new_connection()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var tokens = await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);
        var before = (await TestAgent.ExchangeAsync(system, tokens.AccessToken))["access_token"];
        await alice.SubmitAsync(new Uri(system.Running.Brokerage.Url, "connected-apps"), "Disconnect");

        await alice.GoAsync(new Uri(system.Running.Authority.Url, "account/connect/brokerage"), url => url.AbsolutePath == "/account");

        var after = (await TestAgent.ExchangeAsync(system, tokens.AccessToken))["access_token"];
        after.Should().NotBeNull().And.NotBe(before, "that one ended with the old connection");
    }

    [Fact, Trait("Requirement", "TV-02")]
    public async Task An_account_of_somebody_else_cannot_be_connected()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var agent = await TestAgent.RegisterAsync(system);
        await agent.ConnectAsync(alice);
        await agent.ConnectAsync(bob);
        // Bob sits at Alice's browser while she is signed in here, and signs in at the broker as himself.
        await alice.SubmitAsync(new Uri(system.Running.Brokerage.Url, "dashboard"), "Sign out");
        using var pretender = alice.As("bob");

        var callback = await pretender.GoAsync(new Uri(system.Running.Authority.Url, "account/connect/brokerage"), url => url.AbsolutePath == "/callback/brokerage");
        using var response = await pretender.SendAsync(new HttpRequestMessage(HttpMethod.Get, callback));

        response.StatusCode.Should().Be(HttpStatusCode.Conflict);
        (await response.Content.ReadAsStringAsync()).Should().Contain("connected to someone else");
    }

    [Fact, Trait("Requirement", "AS-19")]
    public async Task A_session_that_was_signed_out_is_over_even_for_a_kept_cookie_and_an_idle_one_ends()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);
        using var kept = alice.WithCopiedCookies();
        (await kept.StatusAsync(AccountPage(system))).Should().Be(HttpStatusCode.OK);

        await alice.SubmitAsync(AccountPage(system), "Sign out");

        (await kept.StatusAsync(AccountPage(system))).Should().Be(HttpStatusCode.Redirect);
    }

    [Fact, Trait("Requirement", "AS-10")]
    public async Task A_page_elsewhere_signs_nobody_out()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var stranger = Person.Bob(system);
        await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);

        using var forged = await alice.SendAsync(Forged());
        using var withoutCookies = await stranger.SendAsync(Forged()); // what a browser sends across sites: the cookie is SameSite=Lax

        forged.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        withoutCookies.Headers.Contains("Set-Cookie").Should().BeFalse("it would delete the cookie that was not sent");
        (await alice.StatusAsync(AccountPage(system))).Should().Be(HttpStatusCode.OK);

        HttpRequestMessage Forged() => new(HttpMethod.Post, new Uri(system.Running.Authority.Url, "sign-out")) { Content = new FormUrlEncodedContent([]) };
    }

    [Fact, Trait("Requirement", "RS-13")]
    public async Task What_cannot_be_read_or_is_not_there_is_answered_without_our_insides()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var http = new HttpClient { BaseAddress = system.Running.Authority.Url };
        using var alice = Person.Alice(system);
        await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);

        using var unknown = await http.GetAsync("callback/nobody?code=x&state=y");
        using var forged = await alice.SendAsync(new(HttpMethod.Post, new Uri(system.Running.Authority.Url, "account/agents/sign-out")) { Content = new FormUrlEncodedContent([new("clientId", "x")]) });

        unknown.StatusCode.Should().Be(HttpStatusCode.NotFound);
        forged.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        foreach (var response in new[] { unknown, forged }) (await response.Content.ReadAsStringAsync()).Should().NotContain("Exception").And.NotContain("   at ");
    }

    [Fact]
    public async Task Two_first_sign_ins_of_one_person_in_the_same_moment_make_one_person()
    {
        await using var system = await StockMcpSystem.StartAsync();
        var agents = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => TestAgent.RegisterAsync(system)));
        var people = agents.Select(_ => Person.Alice(system)).ToList();

        var tokens = await Task.WhenAll(agents.Zip(people, (agent, person) => agent.ConnectAsync(person)));

        tokens.Select(token => new Microsoft.IdentityModel.JsonWebTokens.JsonWebToken(token.AccessToken).Subject).Distinct().Should().ContainSingle();
        foreach (var token in tokens) (await TestAgent.ExchangeAsync(system, token.AccessToken)).Status.Should().Be(HttpStatusCode.OK);
        people.ForEach(person => person.Dispose());
    }

    [Fact, Trait("Requirement", "AS-19")]
    public async Task The_browsers_of_a_person_are_bounded_and_the_oldest_gives_way()
    {
        await using var system = await StockMcpSystem.StartAsync();
        var browsers = new List<Person>();
        for (var number = 0; number <= 20; number++)
        {
            browsers.Add(Person.Alice(system));
            await browsers[^1].GoAsync(new Uri(system.Running.Authority.Url, "sign-in"), url => url.AbsolutePath == "/account");
        }

        (await browsers[0].StatusAsync(AccountPage(system))).Should().Be(HttpStatusCode.Redirect);
        (await browsers[1].StatusAsync(AccountPage(system))).Should().Be(HttpStatusCode.OK);
        (await browsers[20].StatusAsync(AccountPage(system))).Should().Be(HttpStatusCode.OK);
        browsers.ForEach(browser => browser.Dispose());
    }

    [Fact, Trait("Requirement", "AS-19")]
    public async Task A_return_url_leads_to_this_site_alone()
    {
        await using var system = await StockMcpSystem.StartAsync();
        foreach (var evil in new[] { "https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)" })
        {
            using var alice = Person.Alice(system);
            await alice.GoAsync(new Uri(system.Running.Authority.Url, "sign-in?returnUrl=" + Uri.EscapeDataString(evil)), url => url.AbsolutePath == "/account");
        }
    }

    [Theory, Trait("Requirement", "AS-10")]
    [InlineData("")]
    [InlineData("account")]
    public async Task Pages_are_protected_and_nothing_in_them_runs(string path)
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);

        using var response = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, new Uri(system.Running.Authority.Url, path)));

        response.Headers.GetValues("Content-Security-Policy").Single().Should().Contain("frame-ancestors 'none'").And.Contain("script-src 'self'").And.NotContain("unsafe");
        response.Headers.GetValues("Referrer-Policy").Should().Equal("no-referrer");
        response.Headers.CacheControl!.NoStore.Should().BeTrue();
        var page = await new HtmlParser().ParseDocumentAsync(await response.Content.ReadAsStringAsync());
        page.QuerySelectorAll("script:not([src]), [style], [onclick], style").Should().BeEmpty();
        page.QuerySelectorAll("form[method=post]").Should().OnlyContain(form => form.QuerySelector("input[name=__RequestVerificationToken]") != null);
    }

    private static Uri AccountPage(StockMcpSystem system) => new(system.Running.Authority.Url, "account");
}
