using System.Net;
using System.Text.Json.Nodes;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests.Orders;

/// <summary>An agent asks, the person decides on their own page, and exactly that order is placed, once.</summary>
public sealed class OrderTests(SharedSystem shared)
{
    [Fact, Trait("Requirement", "OX-01"), Trait("Requirement", "OX-03"), Trait("Requirement", "AU-01"), Trait("Requirement", "AP-01")]
    public async Task What_the_person_approves_is_placed_while_the_tool_waits()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var trader = await Trader.ConnectAsync(system, alice);
        var pending = await trader.PlaceAsync("10", "90.00");
        pending.Status.Should().Be("approval_pending", pending.ToString());
        var page = await alice.ReadAsync(pending.ApprovalUrl);
        page.Should().Contain("BUY 10 WAYNE").And.Contain("Wayne Enterprises").And.Contain("90").And.Contain("900.00 USD").And.Contain(pending.Code!).And.Contain("Test agent");

        var waiting = trader.WaitAsync(pending, 25);
        await trader.ApproveAsync(pending);
        var placed = await waiting;
        if (placed.Status != "placed") placed = await trader.EndAsync(pending);

        placed.Status.Should().Be("placed", placed.ToString());
        (await trader.PlaceAsync("10", "90.00")).ApprovalId.Should().NotBe(pending.ApprovalId, "a further order takes a further yes");
        var order = (await trader.OrdersAsync()).Should().ContainSingle().Subject!;
        order["order_id"]!.GetValue<string>().Should().Be(placed.OrderId);
        (order["symbol"]!.GetValue<string>(), order["quantity"]!.GetValue<string>()).Should().Be(("WAYNE", "10"));
        (await alice.ReadAsync(system.Running.Brokerage.Url)).Should().NotBeEmpty();
        (await alice.ReadAsync(new Uri(system.Running.Authority.Url, "account"))).Should().Contain("An agent asked for your approval").And.Contain("You approved an order").And.Contain("The order was placed");
    }

    [Fact, Trait("Requirement", "AP-03")]
    public async Task What_the_person_denies_is_not_placed()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var trader = await Trader.ConnectAsync(system, alice);
        var pending = await trader.PlaceAsync();

        await trader.DenyAsync(pending);

        var denied = await trader.EndAsync(pending);
        denied.Status.Should().Be("denied", denied.ToString());
        (await trader.OrdersAsync()).Should().BeEmpty();
        Posts(system).Should().Be(0);
    }

    [Fact, Trait("Requirement", "CB-02")]
    public async Task What_nobody_decides_expires()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        using var trader = await Trader.ConnectAsync(system, alice);
        var pending = await trader.PlaceAsync();

        clock.Advance(TimeSpan.FromMinutes(6));

        (await trader.EndAsync(pending)).Status.Should().Be("expired");
        (await trader.OrdersAsync()).Should().BeEmpty();
    }

    [Fact, Trait("Requirement", "OX-08")]
    public async Task An_open_order_is_cancelled_without_asking_and_cancelling_again_changes_nothing()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        using var trader = await Trader.ConnectAsync(system, alice);
        using var other = await Trader.ConnectAsync(system, bob);
        var pending = await trader.PlaceAsync("1", "1.00", timeInForce: "gtc");
        await trader.ApproveAsync(pending);
        var placed = await trader.EndAsync(pending);
        placed.Status.Should().Be("placed", placed.ToString());

        (await other.Agent.CallToolAsync("cancel_order", new { order_id = placed.OrderId })).IsError.Should().BeTrue("it is somebody else's");
        (await trader.Agent.CallToolAsync("cancel_order", new { order_id = placed.OrderId })).IsError.Should().BeFalse();
        (await trader.Agent.CallToolAsync("cancel_order", new { order_id = placed.OrderId })).IsError.Should().BeFalse();

        (await trader.OrdersAsync())[0]!["status"]!.GetValue<string>().Should().Be("canceled");
    }

    [Fact, Trait("Requirement", "OX-06")]
    public async Task What_the_broker_refuses_ends_as_rejected_with_the_reason()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var trader = await Trader.ConnectAsync(system, alice);
        var pending = await trader.PlaceAsync("100", "500.00");
        await trader.ApproveAsync(pending);

        var ended = await trader.EndAsync(pending);

        ended.Status.Should().Be("rejected", ended.ToString());
        ended.Reason.Should().NotBeNullOrEmpty();
        (await trader.OrdersAsync()).Should().BeEmpty();
    }

    [Theory, Trait("Requirement", "OX-04"), Trait("Requirement", "FD-05")]
    [InlineData(OrderFault.NoAnswer)]
    [InlineData(OrderFault.ErrorAfter)]
    [InlineData(OrderFault.ErrorBefore)]
    [InlineData(OrderFault.Lost)]
    [InlineData(OrderFault.Late)]
    public async Task Whatever_becomes_of_the_brokers_answer_there_is_one_order_and_the_tool_says_so(OrderFault fault)
    {
        await using var faults = await BrokerageFaults.StartAsync();
        faults.Delay = TimeSpan.FromSeconds(30);
        await using var system = await StockMcpSystem.StartAsync(faults.Before);
        using var alice = Person.Alice(system);
        using var trader = await Trader.ConnectAsync(system, alice);
        var pending = await trader.PlaceAsync();
        faults.Enqueue(fault);

        await trader.ApproveAsync(pending);

        var ended = await trader.EndAsync(pending);
        ended.Status.Should().Be("placed", ended.ToString());
        var order = (await trader.OrdersAsync()).Should().ContainSingle().Subject!;
        order["order_id"]!.GetValue<string>().Should().Be(ended.OrderId);
    }

    [Theory, Trait("Requirement", "CB-05")]
    [InlineData("market", "1", "day", null, null, "95.00")]
    [InlineData("market", "0.25", "day", null, null, "25.00")]
    [InlineData("limit", "2", "fok", "95.00", null, null)]
    [InlineData("limit", "2", "ioc", "95.00", null, null)]
    [InlineData("stop", "1", "gtc", null, "500.00", "520.00")]
    [InlineData("stop_limit", "1", "day", "505.00", "500.00", null)]
    public async Task Every_kind_of_order_is_placed_as_it_was_approved(string type, string quantity, string timeInForce, string? limit, string? stop, string? maxTotal)
    {
        var system = await shared.GetAsync();
        using var bob = Person.Bob(system);
        using var trader = await Trader.ConnectAsync(system, bob);
        var arguments = new JsonObject { ["symbol"] = "WAYNE", ["side"] = "buy", ["quantity"] = quantity, ["order_type"] = type, ["time_in_force"] = timeInForce, ["wait_seconds"] = 0 };
        if (limit is not null) arguments["limit_price"] = limit;
        if (stop is not null) arguments["stop_price"] = stop;
        if (maxTotal is not null) arguments["max_total"] = maxTotal;
        var pending = new OrderAnswer(await trader.Agent.CallToolAsync("place_order", arguments));
        pending.Status.Should().Be("approval_pending", pending.ToString());

        await trader.ApproveAsync(pending);

        var ended = await trader.EndAsync(pending);
        ended.Status.Should().Be("placed", ended.ToString());
        var order = (await trader.Agent.CallToolAsync("get_order", new { order_id = ended.OrderId })).Structured!;
        (order["order_type"]!.GetValue<string>(), order["quantity"]!.GetValue<string>(), order["time_in_force"]!.GetValue<string>()).Should().Be((type, quantity, timeInForce));
    }

    [Fact, Trait("Requirement", "RS-05"), Trait("Requirement", "RS-06")]
    public async Task An_agent_without_the_scope_is_told_which_one_it_needs()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var agent = await Agent.ConnectAsync(system, alice);

        using var response = await agent.CallToolRawAsync("place_order", new { symbol = "WAYNE", side = "buy", quantity = "1", order_type = "limit", limit_price = "90.00" });

        response.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        response.Headers.WwwAuthenticate.ToString().Should().Contain("insufficient_scope").And.Contain("orders:write");
    }

    [Fact, Trait("Requirement", "OX-01"), Trait("Requirement", "OX-05"), Requires(Tool.PostgreSql, Tool.RedisServer)]
    public async Task Fifty_agents_calls_for_one_order_over_two_copies_are_one_order()
    {
        await using var copies = await ManyCopies.StartAsync();
        var system = copies.System;
        using var alice = Person.Alice(system);
        using var trader = await Trader.ConnectAsync(system, alice);
        var first = await trader.PlaceAsync();
        var asked = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => trader.PlaceAsync()));
        asked.Select(answer => answer.ApprovalId).Distinct().Should().Equal(first.ApprovalId);
        var waiting = Enumerable.Range(0, 50).Select(_ => trader.WaitAsync(first, 30)).ToList();

        await trader.ApproveAsync(first);

        await Task.WhenAll(waiting);
        var ended = await trader.EndAsync(first);
        ended.Status.Should().Be("placed", ended.ToString());
        (await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => trader.StateAsync(first.ApprovalId)))).Select(answer => answer.OrderId).Distinct().Should().Equal(ended.OrderId);
        (await trader.OrdersAsync()).Should().ContainSingle();
        copies.ServerRequests.Values.Should().OnlyContain(count => count >= 20);
    }

    private static int Posts(StockMcpSystem system) => system.Brokerage.Requests.Count(request => request is { Method: "POST", Path: "/v2/orders" });
}
