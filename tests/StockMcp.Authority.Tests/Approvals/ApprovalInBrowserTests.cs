using Microsoft.Playwright;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Approvals;

/// <summary>The pages of approvals as a person sees them.</summary>
public sealed class ApprovalInBrowserTests(Browser browser)
{
    private static readonly object s_context = new { name = "Wayne Enterprises", effects = new[] { new { label = "Buying power", before = "10000.00 USD", after = "9285.00 USD" }, new { label = "WAYNE", before = "0", after = "10" } } };

    [Theory, Requires(Tool.Chromium), Trait("Requirement", "AP-01"), Trait("Requirement", "AP-03"), Trait("Requirement", "AS-10")]
    [InlineData(Device.Phone)]
    [InlineData(Device.Desktop)]
    public async Task A_request_appears_on_the_open_page_is_approved_and_followed_to_its_order(Device device)
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var elsewhere = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, elsewhere, "Claude Code");
        await using var alice = await browser.OpenAsync(system, "alice", device);
        var page = alice.Page;
        await page.GotoAsync(new Uri(system.Running.Authority.Url, "approvals").AbsoluteUri);
        await alice.SignInAsync();
        await Assertions.Expect(page.GetByText("Nothing waits for you")).ToBeVisibleAsync();
        await PhotographAsync(alice, $"approvals-empty-{device}");

        var approval = await client.AskAsync(context: s_context, code: "K7M-2QX");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Approve" })).ToBeVisibleAsync(); // it came by itself
        await PhotographAsync(alice, $"approvals-one-{device}");
        await page.GetByRole(AriaRole.Link, new() { Name = "BUY 10 WAYNE" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("BUY 10 WAYNE");
        await PhotographAsync(alice, $"approval-{device}");
        var left = page.Locator("[data-left]");
        var before = await left.TextContentAsync();
        await Assertions.Expect(left).Not.ToHaveTextAsync(before!);

        var other = await client.AskAsync(AskingAgent.Order("STARK", "3", "120.25"), code: "P4T-9RW");
        await Assertions.Expect(page.Locator("#news")).ToContainTextAsync("BUY 3 STARK");
        await PhotographAsync(alice, $"approval-news-{device}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The order is about to be placed")).ToBeVisibleAsync();
        await client.PollAsync(approval);
        await Assertions.Expect(page.GetByText("The order is being placed")).ToBeVisibleAsync();
        await client.ReportAsync(approval, new { status = "placed", order_id = "904837e3-3b76-47ec-b432-046db621571b", order_status = "filled", filled_quantity = "10", filled_price = "71.40" });
        await Assertions.Expect(page.GetByText("The order was placed.")).ToBeVisibleAsync();
        await PhotographAsync(alice, $"approval-placed-{device}");

        await page.GotoAsync(other.Page.AbsoluteUri);
        await page.GetByRole(AriaRole.Button, new() { Name = "Deny", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("You said no. Nothing was placed.")).ToBeVisibleAsync();
        await page.GoBackAsync();
        await Assertions.Expect(page.GetByText("You said no. Nothing was placed.")).ToBeVisibleAsync();
        await client.AskAsync(AskingAgent.Order("ACME", "2", "10.00"), code: "W8Z-3KD");
        await page.GotoAsync(new Uri(system.Running.Authority.Url, "approvals").AbsoluteUri);
        await Assertions.Expect(page).ToHaveTitleAsync("(1) Requests · StockMcp");
        await PhotographAsync(alice, $"approvals-{device}");
        await page.GotoAsync(new Uri(system.Running.Authority.Url, "account/limits").AbsoluteUri);
        await page.GetByLabel("One order").FillAsync("5.000");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save limits" }).ClickAsync();
        await Assertions.Expect(page.Locator("#LargestOrder-mistake")).ToContainTextAsync("Write an amount");
        await PhotographAsync(alice, $"limits-{device}");
        await page.GotoAsync(new Uri(system.Running.Authority.Url, "account").AbsoluteUri);
        await PhotographAsync(alice, $"account-{device}");
        alice.Complaints.Where(complaint => !complaint.Contains("400", StringComparison.Ordinal)).Should().BeEmpty();
    }

    [Fact, Requires(Tool.Chromium), Trait("Requirement", "AP-01")]
    public async Task Strangers_text_breaks_no_page_on_a_phone()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var elsewhere = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, elsewhere, new string('W', 90));
        var effects = Enumerable.Range(0, 8).Select(_ => new { label = new string('W', 50), before = "\u05D0\u05D1\u05D2 <script>alert(1)</script>", after = new string('9', 60) });
        var approval = await client.AskAsync(AskingAgent.Order(quantity: "123456", price: "9999999.99"), context: new { name = "\u202E" + string.Concat(Enumerable.Repeat("Z\u0353\u0353\u0353", 60)), effects }, code: new string('M', 64));
        await using var alice = await browser.OpenAsync(system, "alice", Device.Phone);
        await alice.Page.GotoAsync(approval.Page.AbsoluteUri);
        await alice.SignInAsync();

        await Assertions.Expect(alice.Page.GetByRole(AriaRole.Button, new() { Name = "Approve" })).ToBeVisibleAsync();
        await PhotographAsync(alice, "approval-strange");

        alice.Complaints.Should().BeEmpty();
    }

    private static async Task PhotographAsync(BrowserPerson person, string name)
    {
        foreach (var scheme in new[] { ColorScheme.Dark, ColorScheme.Light })
        {
            await person.Page.EmulateMediaAsync(new() { ColorScheme = scheme });
            await person.PhotographAsync($"{name}-{scheme}");
        }
        (await person.ScrollsSidewaysAsync()).Should().BeFalse("of {0}", name);
    }
}
