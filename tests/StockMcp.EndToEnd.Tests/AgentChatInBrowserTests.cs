using Microsoft.Playwright;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>Our own agent in a browser: signing in, a question, an order with its card, a task; all of it live, without a reload.</summary>
public sealed class AgentChatInBrowserTests(Browser browser)
{
    [Theory, Requires(Tool.Chromium)]
    [InlineData(Device.Phone)]
    [InlineData(Device.Desktop)]
    public async Task A_person_asks_orders_approves_and_leaves_a_task_behind(Device device)
    {
        await using var system = await StockMcpSystem.StartAsync(options => options with { WithAgent = true, AgentSettings = new Dictionary<string, string?> { ["Tasks:LookEvery"] = "00:00:01" } });
        await using var alice = await browser.OpenAsync(system, "alice", device);
        var page = alice.Page;
        await page.GotoAsync(system.Running.Agent.Url.AbsoluteUri);
        await alice.PhotographAsync($"agent-start-{device}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in" }).ClickAsync();
        await alice.SignInAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Connect", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Allow", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**/chats");

        var message = page.GetByLabel("Message");
        var held = new TaskCompletionSource();
        await page.RouteAsync("**/messages", async route => { await held.Task; await route.ContinueAsync(); }, new() { Times = 1 });
        await message.FillAsync("price of WAYNE");
        await message.PressAsync("Enter");
        // Written and sent off while the answer to the first is under way: it waits, and is not lost.
        await message.FillAsync("my portfolio");
        await message.PressAsync("Enter");
        held.SetResult();
        await Assertions.Expect(page.Locator("#log").GetByText("WAYNE: bid")).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await Assertions.Expect(page.Locator("#log").GetByText("buying power").First).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await SayAsync("buy 10 WAYNE at 90 or less");
        var card = page.GetByRole(AriaRole.Article, new() { Name = "Your yes is needed" });
        await Assertions.Expect(card.GetByText("waits for your yes")).ToBeVisibleAsync(new() { Timeout = 20_000 });
        var code = await card.Locator(".code q").InnerTextAsync();
        (await alice.ScrollsSidewaysAsync()).Should().BeFalse();
        await alice.PhotographAsync($"agent-order-{device}");

        // The page of the request, in a tab of its own, shows the same code; the chat hears of the yes by itself.
        var tab = await page.Context.RunAndWaitForPageAsync(() => card.GetByRole(AriaRole.Link).ClickAsync());
        await Assertions.Expect(tab.GetByText(code)).ToBeVisibleAsync();
        await tab.GetByRole(AriaRole.Button, new() { Name = "Approve", Exact = true }).ClickAsync();
        await tab.CloseAsync();
        await Assertions.Expect(card.GetByText("placed", new() { Exact = true })).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await alice.PhotographAsync($"agent-placed-{device}");

        await SayAsync("buy 5 ACME when it is below 1");
        await Assertions.Expect(page.GetByRole(AriaRole.Article, new() { Name = "Task" })).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await SayAsync("buy 2 WAYNE when it is below 90");
        await page.GetByRole(AriaRole.Navigation).GetByRole(AriaRole.Link, new() { Name = "Tasks" }).ClickAsync();
        var task = page.GetByRole(AriaRole.Article, new() { Name = "buy 2 WAYNE when it is below 90" });
        await Assertions.Expect(task.GetByText("waits for your yes")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        (await alice.ScrollsSidewaysAsync()).Should().BeFalse();
        await alice.PhotographAsync($"agent-tasks-{device}");
        await page.GetByRole(AriaRole.Article, new() { Name = "buy 5 ACME when it is below 1" }).GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Assertions.Expect(page.GetByText("paused", new() { Exact = true })).ToBeVisibleAsync();
        alice.Complaints.Should().BeEmpty();

        async Task SayAsync(string text)
        {
            await message.FillAsync(text);
            await message.PressAsync("Enter");
            await Assertions.Expect(message).ToHaveValueAsync("", new() { Timeout = 20_000 });
            await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Send" })).ToBeEnabledAsync(new() { Timeout = 20_000 });
        }
    }
}
