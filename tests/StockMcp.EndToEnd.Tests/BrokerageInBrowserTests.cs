using Microsoft.Playwright;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>The Brokerage's sign-in and consent pages, as a person sees them.</summary>
public sealed class BrokerageInBrowserTests(SharedSystem shared, Browser browser)
{
    [Theory, Requires(Tool.Chromium)]
    [InlineData(Device.Phone)]
    [InlineData(Device.Desktop)]
    public async Task A_person_signs_in_at_the_brokerage_and_connects_an_app(Device device)
    {
        var system = await shared.GetAsync();
        await using var alice = await browser.OpenAsync(system, "alice", device);
        var flow = new CodeFlow(system.Running.Brokerage.Url, BrokerageApp.ClientId, BrokerageApp.RedirectUri, BrokerageApp.Scopes + " profile");

        await alice.Page.GotoAsync(WithConsent(flow.AuthorizationUrl));
        await alice.PhotographAsync($"brokerage-sign-in-{device}");
        (await alice.ScrollsSidewaysAsync()).Should().BeFalse();
        await alice.SignInAsync();

        await Assertions.Expect(alice.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync(BrokerageApp.Name);
        await alice.PhotographAsync($"brokerage-consent-{device}");
        (await alice.ScrollsSidewaysAsync()).Should().BeFalse();
        await Assertions.Expect(alice.Page.GetByText("viewer.example.com")).ToBeVisibleAsync();
        await alice.Page.GetByLabel("See your orders").UncheckAsync();
        await alice.Page.GetByRole(AriaRole.Button, new() { Name = "Connect", Exact = true }).ClickAsync();

        var tokens = await flow.RedeemAsync(await alice.LeaveAsync());
        tokens.Scope!.Split(' ').Should().Contain("account:read").And.NotContain("orders:read");
        alice.Complaints.Should().BeEmpty();
    }

    [Fact, Requires(Tool.Chromium)]
    public async Task A_person_who_does_not_want_the_app_sends_it_away()
    {
        var system = await shared.GetAsync();
        await using var bob = await browser.OpenAsync(system, "bob", Device.Desktop);
        var flow = new CodeFlow(system.Running.Brokerage.Url, BrokerageApp.ClientId, BrokerageApp.RedirectUri, BrokerageApp.Scopes);

        await bob.Page.GotoAsync(WithConsent(flow.AuthorizationUrl));
        await bob.SignInAsync();
        await bob.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel", Exact = true }).ClickAsync();

        (await bob.LeaveAsync()).Query.Should().Contain("error=access_denied").And.NotContain("code=");
    }

    // Another test may have connected the app already.
    private static string WithConsent(Uri authorizationUrl) => authorizationUrl.AbsoluteUri + "&prompt=consent";
}
