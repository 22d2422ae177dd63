using Microsoft.Playwright;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>The page on which a person looks after their connections, agents, sessions and data.</summary>
public sealed class AccountInBrowserTests(SharedSystem shared, Browser browser)
{
    [Theory, Requires(Tool.Chromium), Trait("Requirement", "AS-17"), Trait("Requirement", "DM-01")]
    [InlineData(Device.Phone)]
    [InlineData(Device.Desktop)]
    public async Task A_person_looks_after_connections_agents_sessions_and_data(Device device)
    {
        var system = await shared.GetAsync();
        using (var elsewhere = Person.Bob(system))
        {
            // In another browser, with less granted at the broker than there is.
            using var agent = await Agent.ConnectAsync(system, elsewhere, "portfolio:read", ConsentAnswer.AtBrokerageWithout(system, "orders:read"));
        }
        await using var bob = await browser.OpenAsync(system, "bob", device);
        var page = bob.Page;
        await page.GotoAsync(new Uri(system.Running.Authority.Url, "account").AbsoluteUri);
        await bob.SignInAsync();
        var connect = page.GetByRole(AriaRole.Button, new() { Name = "Connect", Exact = true });
        var heading = page.GetByRole(AriaRole.Heading, new() { Name = "Your account" });
        await Assertions.Expect(connect.Or(heading)).ToBeVisibleAsync();
        if (await connect.IsVisibleAsync()) await connect.ClickAsync();

        await Assertions.Expect(heading).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("this browser")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Test agent" }).First).ToBeVisibleAsync();
        await bob.PhotographAsync($"account-{device}");
        (await bob.ScrollsSidewaysAsync()).Should().BeFalse();

        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByText("Download it").ClickAsync());
        download.SuggestedFilename.Should().Be("stockmcp-data.json");
        await page.GetByText("Delete it…").ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("Delete all that is kept about you?");
        await bob.PhotographAsync($"account-delete-{device}");
        (await bob.ScrollsSidewaysAsync()).Should().BeFalse();
        await page.GetByText("Cancel").ClickAsync();
        await Assertions.Expect(heading).ToBeVisibleAsync();

        await page.GetByText("Sign out everywhere").ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Sign in" })).ToBeVisibleAsync();
        bob.Complaints.Should().BeEmpty();
    }
}
