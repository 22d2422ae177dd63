using CsCheck;
using StockMcp.Tools.OrderReview;
using StockMcp.Tools.Orders;
using StockMcp.Tools.TradingApi;

namespace StockMcp.Tools.Tests.OrderReview;

public sealed class OrderTotalTests
{
    private static readonly QuoteAnswer s_quote = new() { Time = new(2026, 11, 24, 16, 0, 0, TimeSpan.Zero), Ask = 100, AskSize = 1, Bid = 99, BidSize = 1 };

    [Theory]
    [InlineData(nameof(OrderSide.Buy), nameof(OrderType.Limit), "0.333333333", "10", null, "3.34")]
    [InlineData(nameof(OrderSide.Sell), nameof(OrderType.Limit), "3", "10.01", null, "30.03")]
    [InlineData(nameof(OrderSide.Buy), nameof(OrderType.StopLimit), "2", "120", "110", "240")]
    [InlineData(nameof(OrderSide.Buy), nameof(OrderType.Market), "1", null, null, "103")]
    [InlineData(nameof(OrderSide.Sell), nameof(OrderType.Market), "1", null, null, "101.97")]
    [InlineData(nameof(OrderSide.Buy), nameof(OrderType.Stop), "1", null, "110", "113.3")]
    [InlineData(nameof(OrderSide.Buy), nameof(OrderType.Stop), "1", null, "90", "103")]
    [InlineData(nameof(OrderSide.Sell), nameof(OrderType.Stop), "1", null, "90", "92.7")]
    [InlineData(nameof(OrderSide.Buy), nameof(OrderType.Limit), "0.000000001", "0.0001", null, "0.01")]
    public void The_total_follows_from_the_limit_or_from_todays_price_and_a_collar(string side, string type, string quantity, string? limit, string? stop, string total)
        => OrderTotal.Suggested(ProposedOrder.From("WAYNE", Enum.Parse<OrderSide>(side), quantity, Enum.Parse<OrderType>(type), limit, stop, TimeInForce.Day), s_quote).Should().Be(decimal.Parse(total));

    [Fact]
    public void It_is_whole_cents_and_never_less_than_the_order() => Gen.Select(Gen.Long[1, 1_000_000_000_000], Gen.Int[100, 1_000_000]).Sample((quantity, limit) =>
    {
        var order = ProposedOrder.From("WAYNE", OrderSide.Buy, (quantity / 1_000_000_000m).ToString(), OrderType.Limit, (limit / 100m).ToString(), null, TimeInForce.Day);
        var total = OrderTotal.Exact(order)!.Value;
        total.Should().Be(decimal.Round(total, 2));
        (total - order.Quantity * order.LimitPrice!.Value).Should().BeInRange(0, 0.01m);
        OrderTotal.Read(OrderTotal.Terms(order, total)).MaxTotal.Should().Be(total);
    });
}
