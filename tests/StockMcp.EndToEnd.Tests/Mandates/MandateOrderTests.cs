using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using StockMcp.EndToEnd.Tests.Orders;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests.Mandates;

/// <summary>The whole chain within a mandate: the agent orders, nobody taps, and what is placed stays within the budget.</summary>
public sealed class MandateOrderTests
{
    // Nobody hammers here but the test itself.
    private static readonly Dictionary<string, string?> s_fast = new() { ["Limits:OrdersPerMinuteAndPerson"] = "1000" };

    [Fact, Trait("Requirement", "OX-01"), Trait("Requirement", "OX-03"), Trait("Requirement", "AU-01")]
    public async Task An_order_within_a_mandate_is_placed_without_a_tap_and_outside_it_the_person_is_asked()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var trader = await Trader.ConnectAsync(system, alice);
        var mandate = await alice.GrantAsync(system, AgentOf(trader));
        var before = (await trader.Agent.CallToolAsync("get_trading_limits")).Structured!;
        before["mandates"]![0]!["left"]!.GetValue<string>().Should().Be("2000");

        var placed = await trader.PlaceAsync("2", "95.00", waitSeconds: 30);

        placed.Status.Should().Be("placed", placed.ToString());
        placed.Result.Structured!["mandate_id"]!.GetValue<string>().Should().Be(mandate.ToString());
        placed.Result.Text.Should().Contain("within the person's mandate");
        var order = (await trader.OrdersAsync()).Should().ContainSingle().Subject!;
        (order["symbol"]!.GetValue<string>(), order["quantity"]!.GetValue<string>()).Should().Be(("WAYNE", "2"));
        (await trader.Agent.CallToolAsync("get_trading_limits")).Structured!["mandates"]![0]!["left"]!.GetValue<string>().Should().Be("1810");
        (await alice.ReadAsync(placed.ApprovalUrl)).Should().Contain("You were not asked").And.Contain("The order was placed");

        var outside = await trader.PlaceAsync("6", "95.00");
        outside.Status.Should().Be("approval_pending", outside.ToString());
        await trader.DenyAsync(outside);
        await alice.EndMandateAsync(system, mandate);
        (await trader.PlaceAsync("1", "95.00")).Status.Should().Be("approval_pending", "it was ended");
        (await trader.OrdersAsync()).Should().ContainSingle();
    }

    [Fact, Trait("Requirement", "OX-05")]
    public async Task A_call_that_names_its_review_is_one_order_however_often_it_comes_and_what_the_broker_refuses_costs_nothing()
    {
        await using var system = await StockMcpSystem.StartAsync(options => options with { ServerSettings = s_fast });
        using var alice = Person.Alice(system);
        using var trader = await Trader.ConnectAsync(system, alice);
        await alice.GrantAsync(system, AgentOf(trader), bounds => (bounds["LargestOrder"], bounds["DailyBudget"], bounds["Budget"]) = ("50000", "50000", "50000"));
        var arguments = new JsonObject { ["symbol"] = "WAYNE", ["side"] = "buy", ["quantity"] = "1", ["order_type"] = "limit", ["limit_price"] = "95.00" };
        var review = (await trader.Agent.CallToolAsync("review_order", arguments.DeepClone())).Structured!;
        arguments["review_id"] = review["review_id"]!.GetValue<string>();
        arguments["wait_seconds"] = 30;

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ => new OrderAnswer(await trader.Agent.CallToolAsync("place_order", arguments.DeepClone()))));
        var refused = await trader.PlaceAsync("100", "450.00", waitSeconds: 30);

        answers.Should().OnlyContain(answer => answer.Status == "placed");
        answers.Select(answer => answer.OrderId).Distinct().Should().ContainSingle();
        (await trader.OrdersAsync()).Should().ContainSingle();
        refused.Status.Should().Be("rejected", refused.ToString());
        (await alice.LeftAsync(system)).Should().Equal("49,905.00 of 50,000.00");
    }

    [Fact, Trait("Requirement", "OX-01"), Trait("Requirement", "OX-07")]
    public async Task Fifty_parallel_orders_for_twice_the_budget_place_no_cent_more_than_it()
    {
        await using var system = await StockMcpSystem.StartAsync(options => options with { ServerSettings = s_fast });
        using var alice = Person.Alice(system);
        using var trader = await Trader.ConnectAsync(system, alice);
        await alice.GrantAsync(system, AgentOf(trader), bounds => (bounds["LargestOrder"], bounds["DailyBudget"], bounds["Budget"]) = ("20", "499.75", "499.75"));

        // 50 × 19.99 is twice 499.75. Far below the price, they stay open.
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => trader.PlaceAsync("1", "19.99", waitSeconds: 60)));

        var placed = (await trader.OrdersAsync()).Select(order => decimal.Parse(order!["quantity"]!.GetValue<string>(), CultureInfo.InvariantCulture) * decimal.Parse(order["limit_price"]!.GetValue<string>(), CultureInfo.InvariantCulture)).ToList();
        // On a busy machine some calls are not answered in time, and their amounts come back; that all of a budget can be used is tested at the Authority.
        placed.Sum().Should().BePositive().And.BeLessThanOrEqualTo(499.75m);
        answers.Count(answer => answer.Status == "placed").Should().BeLessThanOrEqualTo(placed.Count);
    }

    private static string AgentOf(Trader trader) => new JsonWebToken(trader.Agent.Tokens.AccessToken).GetClaim("client_id").Value;
}
