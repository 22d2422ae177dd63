using CsCheck;
using StockMcp.Tools.Errors;
using StockMcp.Tools.OrderReview;
using StockMcp.Tools.Orders;
using StockMcp.Tools.TradingApi;

namespace StockMcp.Tools.Tests.OrderReview;

public sealed class ReviewTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 24, 16, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(nameof(OrderSide.Buy), nameof(OrderType.Market), null, null, "100", "103")]
    [InlineData(nameof(OrderSide.Sell), nameof(OrderType.Market), null, null, "99", "96.03")]
    [InlineData(nameof(OrderSide.Buy), nameof(OrderType.Limit), "95", null, "95", "95")]
    [InlineData(nameof(OrderSide.Buy), nameof(OrderType.Limit), "105", null, "100", "105")]
    [InlineData(nameof(OrderSide.Sell), nameof(OrderType.Limit), "105", null, "105", "105")]
    [InlineData(nameof(OrderSide.Buy), nameof(OrderType.Stop), null, "110", "110", "113.3")]
    [InlineData(nameof(OrderSide.Sell), nameof(OrderType.Stop), null, "90", "90", "87.3")]
    [InlineData(nameof(OrderSide.Buy), nameof(OrderType.StopLimit), "112", "110", "110", "112")]
    public void A_price_is_estimated_from_type_and_market(string side, string type, string? limit, string? stop, string price, string worst)
    {
        var review = Of(ProposedOrder.From("WAYNE", Enum.Parse<OrderSide>(side), "1", Enum.Parse<OrderType>(type), limit, stop, TimeInForce.Day)).ToAnswer();
        review.EstimatedPrice.Should().Be(decimal.Parse(price));
        review.WorstTotal.Should().Be(decimal.Parse(worst));
    }

    [Fact]
    public void A_closed_market_a_blocked_account_and_a_share_that_does_not_trade_are_warned_of()
    {
        var order = ProposedOrder.From("WAYNE", OrderSide.Buy, "1", OrderType.Market, null, null, TimeInForce.Fok);
        var review = (Of(order) with
        {
            Asset = new AssetAnswer { Symbol = "WAYNE", Name = "Wayne", Exchange = "NYSE", Status = "inactive", Tradable = false },
            Clock = new ClockAnswer { Timestamp = s_now, IsOpen = false, NextOpen = s_now.AddHours(1), NextClose = s_now.AddHours(8) },
            Account = Money(1000) with { TradingBlocked = true },
        }).ToAnswer();
        review.Warnings.Select(warning => warning.Code).Should().Equal(WarningCode.NotTradable, WarningCode.MarketClosed, WarningCode.TradingBlocked);
        review.LikelyAccepted.Should().BeFalse();
        review.Warnings[1].Message.Should().Contain("cancelled at once");
    }

    [Fact]
    public void The_estimate_is_never_worse_than_the_worst() => Gen.Select(Gen.Enum<OrderSide>(), Gen.Enum<OrderType>(), Gen.Int[1, 1_000_000], Gen.Int[100, 20_000], Gen.Int[100, 20_000]).Sample((side, type, quantity, limit, stop) =>
    {
        var order = ProposedOrder.From("WAYNE", side, quantity.ToString(), type, type is OrderType.Limit or OrderType.StopLimit ? (limit / 100m).ToString() : null, type is OrderType.Stop or OrderType.StopLimit ? (stop / 100m).ToString() : null, TimeInForce.Gtc);
        var review = Of(order).ToAnswer();
        if (side == OrderSide.Buy) review.EstimatedTotal.Should().BeLessThanOrEqualTo(review.WorstTotal);
        else review.EstimatedTotal.Should().BeGreaterThanOrEqualTo(review.WorstTotal);
        review.BuyingPower!.After.Should().Be(review.BuyingPower.Before + (side == OrderSide.Buy ? -review.WorstTotal : review.WorstTotal));
    });

    [Theory]
    [InlineData("0", nameof(OrderType.Market), null, null, "quantity")]
    [InlineData("1000000.1", nameof(OrderType.Market), null, null, "quantity")]
    [InlineData("1", nameof(OrderType.Limit), "0", null, "limit_price")]
    [InlineData("1", nameof(OrderType.Limit), "1.005", null, "limit_price")]
    [InlineData("1", nameof(OrderType.Limit), "5", "5", "stop_price")]
    [InlineData("1", nameof(OrderType.StopLimit), "5", null, "stop_price")]
    [InlineData("1", nameof(OrderType.Stop), "5", "5", "limit_price")]
    public void An_order_whose_terms_do_not_fit_is_refused(string quantity, string type, string? limit, string? stop, string argument)
        => FluentActions.Invoking(() => ProposedOrder.From("WAYNE", OrderSide.Buy, quantity, Enum.Parse<OrderType>(type), limit, stop, TimeInForce.Day)).Should().Throw<TradingException>().Which.Argument.Should().Be(argument);

    private static Review Of(ProposedOrder order) => new(
        order,
        new AssetAnswer { Symbol = "WAYNE", Name = "Wayne", Exchange = "NYSE", Status = "active", Tradable = true },
        new QuoteAnswer { Time = s_now, Ask = 100, AskSize = 1, Bid = 99, BidSize = 1 },
        new ClockAnswer { Timestamp = s_now, IsOpen = true, NextOpen = s_now, NextClose = s_now },
        [])
    {
        Account = Money(1_000_000_000),
    };

    private static AccountAnswer Money(decimal cash) => new() { AccountNumber = "A", Status = "ACTIVE", Currency = "USD", Cash = cash, BuyingPower = cash, Equity = cash, LastEquity = cash };
}
