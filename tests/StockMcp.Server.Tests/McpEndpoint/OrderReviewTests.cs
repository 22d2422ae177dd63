using System.Globalization;
using System.Text.Json.Nodes;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.McpEndpoint;

public sealed class OrderReviewTests(ReadingSystem fixture) : IClassFixture<ReadingSystem>
{
    private readonly TestSystem system = fixture.System;

    [Fact]
    public async Task A_review_shows_cost_and_effect_and_places_nothing()
    {
        var before = await system.Server.CallAsync(system.Token(), "list_orders");
        var review = (await system.Server.CallAsync(system.Token(), "review_order", new { symbol = "WAYNE", side = "buy", quantity = "2", order_type = "limit", limit_price = "20" })).Content;

        Figure(review["estimated_total"]).Should().Be(40);
        Figure(review["worst_total"]).Should().Be(40);
        Figure(review["buying_power"]!["after"]).Should().Be(Figure(review["buying_power"]!["before"]) - 40);
        Figure(review["position"]!["before"]).Should().Be(3);
        Figure(review["position"]!["after"]).Should().Be(5);
        review["likely_accepted"]!.GetValue<bool>().Should().BeTrue();
        Warnings(review).Should().Equal("limit_far_from_market");
        (await system.Server.CallAsync(system.Token(), "list_orders")).Content.ToJsonString().Should().Be(before.Content.ToJsonString());
    }

    [Theory]
    [InlineData("WAYNE", "buy", "100000", "exceeds_buying_power", false)]
    [InlineData("WAYNE", "sell", "4", "more_than_held", false)]
    [InlineData("WAYNE", "buy", "0.000001", "total_too_small", false)]
    [InlineData("ACME", "buy", "1", "similar_order_open", true)]
    public async Task A_review_warns_of_what_could_go_wrong(string symbol, string side, string quantity, string warning, bool accepted)
    {
        var review = (await system.Server.CallAsync(system.Token(), "review_order", new { symbol, side, quantity })).Content;
        Warnings(review).Should().Equal(warning);
        review["likely_accepted"]!.GetValue<bool>().Should().Be(accepted);
    }

    [Fact]
    public async Task Without_portfolio_read_a_review_says_what_it_cannot_know()
    {
        var review = (await system.Server.CallAsync(system.Token(scope: "orders:read"), "review_order", new { symbol = "WAYNE", side = "sell", quantity = "1" })).Content;
        review["buying_power"].Should().BeNull();
        review["position"].Should().BeNull();
        Warnings(review).Should().Equal("effect_unknown");
    }

    [Fact]
    public async Task A_review_says_when_the_market_is_closed()
    {
        // At most one of the two is open at any time of the day and week.
        await using var closing = await TestSystem.StartAsync(market: [("Market:AlwaysOpen", "false")]);
        var isOpen = (await closing.Server.CallAsync(closing.Token(), "get_market_clock")).Content["is_open"]!.GetValue<bool>();
        var review = (await closing.Server.CallAsync(closing.Token(), "review_order", new { symbol = "WAYNE", side = "buy", quantity = "1" })).Content;
        Warnings(review).Contains("market_closed").Should().Be(!isOpen);
    }

    private static IEnumerable<string> Warnings(JsonNode review) => review["warnings"]!.AsArray().Select(warning => warning!["code"]!.GetValue<string>());

    private static decimal Figure(JsonNode? figure) => decimal.Parse(figure!.GetValue<string>(), CultureInfo.InvariantCulture);
}
