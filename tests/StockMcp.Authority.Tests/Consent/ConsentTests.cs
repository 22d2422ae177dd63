using System.Net;
using AngleSharp.Html.Parser;
using Microsoft.AspNetCore.WebUtilities;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Consent;

public sealed class ConsentTests(SharedSystem shared)
{
    [Fact, Trait("Requirement", "AS-08")]
    public async Task What_is_unticked_is_not_granted()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);

        var tokens = await agent.ConnectAsync(alice, consent: ConsentAnswer.Without("orders:read"));

        tokens.Scope.Should().Be("portfolio:read");
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken, "orders:read"))["error"].Should().Be("invalid_scope");
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken, "portfolio:read")).Status.Should().Be(HttpStatusCode.OK);
    }

    [Theory, Trait("Requirement", "AS-08")]
    [InlineData("tick:orders:read")]
    [InlineData("TICK:orders:read")]
    [InlineData("Tick:Orders:Read")]
    public async Task The_apps_own_link_ticks_nothing_for_the_person(string parameter)
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var flow = (await TestAgent.RegisterAsync(system)).Flow();

        var tokens = await flow.RedeemAsync(await alice.AuthorizeAsync(new Uri(QueryHelpers.AddQueryString(flow.AuthorizationUrl.AbsoluteUri, parameter, "on")), ConsentAnswer.Without("orders:read")));

        tokens.Scope.Should().Be("portfolio:read");
    }

    [Fact, Trait("Requirement", "AS-08")]
    public async Task The_apps_own_link_presses_no_button_for_the_person()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var flow = (await TestAgent.RegisterAsync(system)).Flow();

        var answer = await alice.AuthorizeAsync(new Uri(QueryHelpers.AddQueryString(flow.AuthorizationUrl.AbsoluteUri, "DECISION", "allow")), ConsentAnswer.Deny);

        QueryHelpers.ParseQuery(answer.Query)["error"].ToString().Should().Be("access_denied");
    }

    [Fact, Trait("Requirement", "AS-05")]
    public async Task A_no_goes_back_to_the_app_with_the_issuers_name()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var flow = (await TestAgent.RegisterAsync(system)).Flow();

        var answer = QueryHelpers.ParseQuery((await alice.AuthorizeAsync(flow.AuthorizationUrl, ConsentAnswer.Deny)).Query);

        answer["error"].ToString().Should().Be("access_denied");
        answer["iss"].ToString().Should().Be(TestAgent.Issuer(system).AbsoluteUri);
        answer.Should().NotContainKey("code");
    }

    [Fact, Trait("Requirement", "AS-08"), Trait("Requirement", "AS-10")]
    public async Task The_page_shows_the_apps_name_as_text_its_host_and_that_nobody_checked_it()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system, "https://agent.example.com/callback", "<script>alert(1)</script> & Co");

        await alice.AuthorizeAsync(agent.Flow().AuthorizationUrl);

        var page = await new HtmlParser().ParseDocumentAsync(alice.Pages[^1]);
        page.QuerySelector("h1")!.TextContent.Should().Contain("<script>alert(1)</script> & Co");
        page.QuerySelectorAll("script").Should().BeEmpty();
        page.QuerySelector("main")!.TextContent.Should().Contain("agent.example.com").And.Contain("Nobody has checked this app").And.NotContain("on this computer");
        page.QuerySelectorAll("input[type=checkbox]").Select(box => box.GetAttribute("name")).Should().Equal("tick:portfolio:read", "tick:orders:read");
    }

    [Fact, Trait("Requirement", "AS-08")]
    public async Task An_app_on_loopback_is_said_to_be_one()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);

        await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);

        alice.Pages[^1].Should().Contain("on this computer");
    }

    [Fact, Trait("Requirement", "AS-09")]
    public async Task A_consent_form_is_good_only_in_the_browser_that_got_it()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        using var elsewhere = Person.Alice(system);
        await (await TestAgent.RegisterAsync(system)).ConnectAsync(elsewhere);
        var flow = (await TestAgent.RegisterAsync(system)).Flow();
        using var form = await alice.FillInUntilAsync(flow.AuthorizationUrl, page => page.Contains("name=\"decision\"", StringComparison.Ordinal) && page.Contains("portfolio:read", StringComparison.Ordinal));

        using var response = await elsewhere.SendAsync(form);

        response.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        response.Headers.Location.Should().BeNull();
    }

    [Fact, Trait("Requirement", "AS-09"), Trait("Requirement", "AS-16")]
    public async Task The_answer_of_a_sign_in_is_good_once()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var flow = (await TestAgent.RegisterAsync(system)).Flow();
        var callback = await alice.GoAsync(flow.AuthorizationUrl, url => url.AbsolutePath == "/callback/brokerage");
        using var replay = alice.WithCopiedCookies();

        using var first = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, callback));
        using var second = await replay.SendAsync(new HttpRequestMessage(HttpMethod.Get, callback));

        first.StatusCode.Should().Be(HttpStatusCode.Redirect);
        second.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        second.Headers.Contains("Set-Cookie").Should().BeFalse("nobody is signed in by it");
    }

    [Fact, Trait("Requirement", "AS-09"), Trait("Requirement", "TV-02")]
    public async Task A_sign_in_that_was_begun_in_one_browser_cannot_be_finished_in_another()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        using var victim = Person.Bob(system);
        var flow = (await TestAgent.RegisterAsync(system)).Flow();
        var callback = await alice.GoAsync(flow.AuthorizationUrl, url => url.AbsolutePath == "/callback/brokerage");

        using var response = await victim.SendAsync(new HttpRequestMessage(HttpMethod.Get, callback));

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync()).Should().Contain("You are not signed in");
    }
}
