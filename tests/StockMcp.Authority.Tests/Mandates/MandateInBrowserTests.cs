using Microsoft.Playwright;
using StockMcp.Authority.Tests.Backchannel;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Mandates;

/// <summary>The pages of mandates as a person sees them.</summary>
public sealed class MandateInBrowserTests(Browser browser)
{
    [Theory, Requires(Tool.Chromium), Trait("Requirement", "AP-01"), Trait("Requirement", "AS-10")]
    [InlineData(Device.Phone)]
    [InlineData(Device.Desktop)]
    public async Task A_mandate_is_written_read_back_granted_used_and_ended(Device device)
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var elsewhere = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, elsewhere);
        await using var alice = await browser.OpenAsync(system, "alice", device);
        var page = alice.Page;
        await page.GotoAsync(new Uri(system.Running.Authority.Url, "account").AbsoluteUri);
        await alice.SignInAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Let an agent trade within bounds" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Read it back" }).ClickAsync();
        await Assertions.Expect(page.Locator("#Symbols-mistake")).ToContainTextAsync("Name at least one symbol");
        await PhotographAsync(alice, $"mandate-mistakes-{device}");
        await page.GotoAsync(new Uri(system.Running.Authority.Url, "account/mandates/new").AbsoluteUri);
        await page.GetByLabel("Buy", new() { Exact = true }).CheckAsync();
        await page.GetByLabel("Only these symbols").FillAsync("wayne");
        await page.GetByLabel("One order").FillAsync("500");
        await page.GetByLabel("All orders of a day").FillAsync("1000");
        await page.GetByLabel("All orders", new() { Exact = true }).FillAsync("2000");
        await page.GetByLabel("Buys at this or less").FillAsync("95");
        await PhotographAsync(alice, $"mandate-form-{device}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Read it back" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("BUY WAYNE WITHIN 2000.00 USD");
        await PhotographAsync(alice, $"mandate-review-{device}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Grant this mandate" }).ClickAsync();
        await Assertions.Expect(page.GetByText("2,000.00 of 2,000.00 USD left")).ToBeVisibleAsync();

        await page.GotoAsync(new Uri(system.Running.Authority.Url, "approvals").AbsoluteUri);
        await Assertions.Expect(page.GetByText("Nothing waits for you")).ToBeVisibleAsync();
        var asked = await client.AskAsync(BackchannelClient.Order("5", "90.00", "450.00"));
        await Assertions.Expect(page.GetByText("within your mandate, without asking")).ToBeVisibleAsync(new() { Timeout = 20_000 }); // it came by itself
        (await client.PollAsync(asked["auth_req_id"]!))["access_token"].Should().NotBeNull();
        using (var api = await client.ApiAsync())
            (await api.PostAsync($"{asked["approval_id"]}/outcome", System.Net.Http.Json.JsonContent.Create(new { status = "placed", order_id = "904837e3-3b76-47ec-b432-046db621571b", order_status = "filled", filled_quantity = "5", filled_price = "89.9" }))).Dispose();
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Signed receipt of BUY 5 WAYNE" })).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await PhotographAsync(alice, $"mandate-history-{device}");
        await page.GotoAsync(asked["approval_uri"]!);
        await Assertions.Expect(page.GetByText("You were not asked")).ToBeVisibleAsync();
        await PhotographAsync(alice, $"mandate-order-{device}");
        await page.GetByRole(AriaRole.Link, new() { Name = "a mandate of yours" }).ClickAsync();
        await Assertions.Expect(page.GetByText("1,550.00 of 2,000.00 USD left")).ToBeVisibleAsync();
        await PhotographAsync(alice, $"mandates-{device}");
        await page.GotoAsync(new Uri(system.Running.Authority.Url, "account").AbsoluteUri);
        await PhotographAsync(alice, $"mandate-account-{device}");
        await page.GetByRole(AriaRole.Button, new() { Name = "End this mandate" }).ClickAsync();
        await Assertions.Expect(page.GetByText("ended", new() { Exact = true })).ToBeVisibleAsync();
        alice.Complaints.Where(complaint => !complaint.Contains("400", StringComparison.Ordinal)).Should().BeEmpty();
    }

    private static async Task PhotographAsync(BrowserPerson person, string name)
    {
        await person.PhotographAsync(name);
        (await person.ScrollsSidewaysAsync()).Should().BeFalse("of {0}", name);
    }
}
