using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Playwright;
using ModelContextProtocol.Authentication;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests.Orders;

/// <summary>The whole story: a real MCP client asks, the person's open page shows it without reload, one tap, and the waiting tool answers with the order.</summary>
public sealed class OrderInBrowserTests(Browser browser)
{
    private static readonly Dictionary<string, object?> s_order = new() { ["symbol"] = "WAYNE", ["side"] = "buy", ["quantity"] = "10", ["order_type"] = "limit", ["limit_price"] = "90.00", ["wait_seconds"] = 60 };

    [Theory, Requires(StockMcp.Testing.ForeignClients.Tool.Chromium), Trait("Requirement", "AP-01"), Trait("Requirement", "AP-02")]
    [InlineData(Device.Phone)]
    [InlineData(Device.Desktop)]
    public async Task A_client_asks_a_tap_approves_and_the_waiting_tool_answers_with_the_order(Device device)
    {
        await using var system = await StockMcpSystem.StartAsync();
        await using var alice = await browser.OpenAsync(system, "alice", device);
        var transport = new HttpClientTransport(new()
        {
            Endpoint = system.McpUrl,
            OAuth = new()
            {
                RedirectUri = new Uri("http://localhost:1179/callback"),
                DynamicClientRegistration = new() { ClientName = "Claude Code" },
                AuthorizationCallbackHandler = async (context, _) =>
                {
                    var answer = QueryHelpers.ParseQuery((await AuthorizeAsync(alice, context.AuthorizationUri)).Query);
                    return new AuthorizationResult { Code = answer["code"], State = answer["state"], Iss = answer["iss"] };
                },
            },
        });
        await using var client = await McpClient.CreateAsync(transport);
        // The client steps up to what the first order tool needs, and the person allows it.
        (await client.CallToolAsync("get_trading_limits")).IsError.Should().NotBe(true);
        // Her account at the broker does not allow orders yet: she is told before she is asked for a yes, and connects more.
        var refused = await client.CallToolAsync("place_order", s_order);
        refused.IsError.Should().BeTrue();
        await alice.Page.GotoAsync(JsonSerializer.SerializeToNode(refused.StructuredContent)!["error"]!["connect_uri"]!.GetValue<string>());
        await alice.Page.GetByRole(AriaRole.Button, new() { Name = "Connect", Exact = true }).ClickAsync();
        await alice.Page.WaitForURLAsync("**/account");
        await alice.Page.GotoAsync(new Uri(system.Running.Authority.Url, "approvals").AbsoluteUri);
        await alice.PhotographAsync($"approvals-empty-{device}");

        var progress = new List<string?>();
        var waiting = client.CallToolAsync(
            "place_order",
            s_order,
            new Progress<ModelContextProtocol.ProgressNotificationValue>(value => progress.Add(value.Message)));

        // Nobody reloads.
        await Assertions.Expect(alice.Page.GetByText("BUY 10 WAYNE").First).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await alice.PhotographAsync($"approvals-live-{device}");
        var approve = alice.Page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).First;
        await Assertions.Expect(approve).ToBeVisibleAsync();
        await Assertions.Expect(alice.Page.GetByText("Wayne Enterprises").First).ToBeVisibleAsync();
        await Assertions.Expect(alice.Page.GetByText("900.00 USD").First).ToBeVisibleAsync();
        await Assertions.Expect(alice.Page.GetByText("Claude Code").First).ToBeVisibleAsync();
        (await alice.ScrollsSidewaysAsync()).Should().BeFalse();
        await alice.PhotographAsync($"approval-{device}");
        await approve.ClickAsync();

        var result = await waiting;
        var order = JsonSerializer.SerializeToNode(result.StructuredContent)!;
        order["status"]!.GetValue<string>().Should().Be("placed", order.ToJsonString());
        order["order"]!["order_id"]!.GetValue<string>().Should().NotBeNullOrEmpty();
        progress.Should().NotBeEmpty("who waits is told that it goes on");
        result.Content.OfType<TextContentBlock>().First().Text.Should().Contain("WAYNE");
        await Assertions.Expect(alice.Page.GetByText("placed", new() { Exact = false }).First).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await alice.PhotographAsync($"approval-placed-{device}");
        await alice.Page.GotoAsync(system.Running.Brokerage.Url + "dashboard");
        await Assertions.Expect(alice.Page.GetByText("WAYNE").First).ToBeVisibleAsync();
        await alice.PhotographAsync($"approval-dashboard-{device}");
        alice.Complaints.Should().BeEmpty();
    }

    private static async Task<Uri> AuthorizeAsync(BrowserPerson person, Uri url)
    {
        await person.Page.GotoAsync(url.AbsoluteUri);
        var password = person.Page.GetByLabel("Password");
        var connect = person.Page.GetByRole(AriaRole.Button, new() { Name = "Connect", Exact = true });
        var allow = person.Page.GetByRole(AriaRole.Button, new() { Name = "Allow", Exact = true });
        await Assertions.Expect(password.Or(allow)).ToBeVisibleAsync();
        if (await password.IsVisibleAsync()) await person.SignInAsync();
        await Assertions.Expect(connect.Or(allow)).ToBeVisibleAsync();
        if (await connect.IsVisibleAsync()) await connect.ClickAsync();
        await Assertions.Expect(allow).ToBeVisibleAsync();
        await allow.ClickAsync();
        return await person.LeaveAsync();
    }
}
