using Microsoft.Playwright;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>The way of a person whose agent asks for access: to the Brokerage to sign in, back to the Authority to consent, and home.</summary>
public sealed class AgentInBrowserTests(SharedSystem shared, Browser browser)
{
    [Theory, Requires(Tool.Chromium), Trait("Requirement", "AS-08")]
    [InlineData(Device.Phone)]
    [InlineData(Device.Desktop)]
    public async Task A_person_signs_in_at_the_brokerage_and_ticks_what_the_agent_may_do(Device device)
    {
        var system = await shared.GetAsync();
        await using var alice = await browser.OpenAsync(system, "alice", device);
        var redirectUri = new Uri("http://127.0.0.1:33418/callback");
        var clientId = await Agent.RegisterAsync(system, redirectUri, "Stock <b>helper</b>");
        var flow = new CodeFlow(system.Running.Authority.Url, clientId, redirectUri, "portfolio:read orders:read", system.McpUrl.AbsoluteUri);

        await alice.Page.GotoAsync(flow.AuthorizationUrl.AbsoluteUri);
        await Assertions.Expect(alice.Page.GetByLabel("Password")).ToBeVisibleAsync();
        new Uri(alice.Page.Url).Authority.Should().Be(system.Running.Brokerage.Url.Authority, "she gives her password to the brokerage alone");
        await alice.PhotographAsync($"agent-sign-in-{device}");
        (await alice.ScrollsSidewaysAsync()).Should().BeFalse();
        await alice.SignInAsync();

        // The first of her agents makes the Authority ask for her account at the Brokerage, too.
        var connect = alice.Page.GetByRole(AriaRole.Button, new() { Name = "Connect", Exact = true });
        var allow = alice.Page.GetByRole(AriaRole.Button, new() { Name = "Allow", Exact = true });
        await Assertions.Expect(connect.Or(allow)).ToBeVisibleAsync();
        if (await connect.IsVisibleAsync()) await connect.ClickAsync();

        await Assertions.Expect(allow).ToBeVisibleAsync();
        await Assertions.Expect(alice.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("Stock <b>helper</b>");
        await Assertions.Expect(alice.Page.GetByText("Nobody has checked this app")).ToBeVisibleAsync();
        await Assertions.Expect(alice.Page.GetByText("127.0.0.1:33418")).ToBeVisibleAsync();
        await alice.PhotographAsync($"agent-consent-{device}");
        (await alice.ScrollsSidewaysAsync()).Should().BeFalse();
        await alice.Page.Locator("[name='tick:orders:read']").UncheckAsync();
        await allow.ClickAsync();

        var tokens = await flow.RedeemAsync(await alice.LeaveAsync());
        tokens.Scope!.Split(' ').Should().Contain("portfolio:read").And.NotContain("orders:read");
        alice.Complaints.Should().BeEmpty();
    }
}
