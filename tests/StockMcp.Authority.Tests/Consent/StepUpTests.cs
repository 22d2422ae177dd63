using System.Net;
using AngleSharp.Html.Parser;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Consent;

public sealed class StepUpTests(SharedSystem shared)
{
    [Fact, Trait("Requirement", "AS-08")]
    public async Task The_same_request_is_asked_again_when_another_site_may_have_sent_the_person_or_more_is_wanted()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        await agent.ConnectAsync(alice, "portfolio:read");
        var before = alice.Pages.Count;

        await agent.ConnectAsync(alice, "portfolio:read");
        alice.Pages.Count.Should().Be(before + 1, "the browser did not say where the request came from");

        alice.SecFetchSite = "none";
        await agent.ConnectAsync(alice, "portfolio:read");
        alice.Pages.Count.Should().Be(before + 1, "the person opened it themselves, and nothing changed");

        await agent.ConnectAsync(alice, "portfolio:read orders:read");
        alice.Pages.Count.Should().Be(before + 2, "it wants more than it was allowed");
    }

    [Fact, Trait("Requirement", "AS-08")]
    public async Task Who_asks_for_more_is_asked_for_that_alone_and_keeps_the_rest()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var first = await agent.ConnectAsync(alice, "portfolio:read");
        alice.SecFetchSite = "none";

        var second = await agent.ConnectAsync(alice, "portfolio:read orders:read");

        var page = await new HtmlParser().ParseDocumentAsync(alice.Pages[^1]);
        page.QuerySelectorAll("input[type=checkbox]").Select(box => box.GetAttribute("name")).Should().Equal("tick:orders:read");
        page.QuerySelector("main")!.TextContent.Should().Contain("You have already allowed it").And.Contain("See your balance").And.Contain("Now it wants to");
        second.Scope.Should().Be("portfolio:read orders:read");
        (await agent.RefreshAsync(first.RefreshToken!)).Status.Should().Be(HttpStatusCode.OK, "what it had stays good");
        var pages = alice.Pages.Count;
        (await agent.ConnectAsync(alice, "orders:read")).Scope.Should().Be("orders:read", "a token carries what was asked for");
        (await agent.ConnectAsync(alice, "portfolio:read")).Scope.Should().Be("portfolio:read");
        alice.Pages.Count.Should().Be(pages, "both are allowed");
    }

    [Fact, Trait("Requirement", "AS-08")]
    public async Task Who_asks_for_the_new_scope_alone_gets_it_alone_and_a_no_takes_nothing_away()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        await agent.ConnectAsync(alice, "portfolio:read");
        alice.SecFetchSite = "none";

        (await agent.ConnectAsync(alice, "orders:read", ConsentAnswer.Without("orders:read"))).Scope.Should().BeNullOrEmpty("she did not tick it");
        (await agent.ConnectAsync(alice, "portfolio:read")).Scope.Should().Be("portfolio:read");
        (await agent.ConnectAsync(alice, "orders:read")).Scope.Should().Be("orders:read");
        (await agent.ConnectAsync(alice, "orders:read portfolio:read")).Scope!.Split(' ').Should().BeEquivalentTo("orders:read", "portfolio:read");
    }

    [Fact, Trait("Requirement", "AS-08"), Trait("Requirement", "AS-17")]
    public async Task Who_is_asked_again_for_the_same_may_take_some_of_it_back()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        await agent.ConnectAsync(alice);

        (await agent.ConnectAsync(alice, consent: ConsentAnswer.AtAuthorityWithout(system, "orders:read"))).Scope.Should().Be("portfolio:read");

        alice.SecFetchSite = "none";
        var pages = alice.Pages.Count;
        await agent.ConnectAsync(alice, "portfolio:read");
        alice.Pages.Count.Should().Be(pages);
        await agent.ConnectAsync(alice, "orders:read");
        alice.Pages.Count.Should().Be(pages + 1, "it is not allowed any more");
    }
}
