using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.Tests.Trading;

public class TradingDeskTests
{
    private static NewOrder Buy(decimal quantity, OrderType type = OrderType.Market, decimal? limit = null, decimal? stop = null, TimeInForce timeInForce = TimeInForce.Day)
        => new() { Symbol = "WAYNE", Side = OrderSide.Buy, Type = type, TimeInForce = timeInForce, Quantity = quantity, LimitPrice = limit, StopPrice = stop };

    private static NewOrder Sell(decimal quantity, OrderType type = OrderType.Market, decimal? limit = null, decimal? stop = null)
        => Buy(quantity, type, limit, stop) with { Side = OrderSide.Sell };

    [Fact]
    public async Task A_market_order_is_filled_at_once_at_the_ask_price()
    {
        await using var brokerage = await TestBrokerage.StartAsync();
        var user = await brokerage.OpenAccountAsync();
        var quote = brokerage.Market.LatestQuote("WAYNE");

        var order = await brokerage.Desk.PlaceOrderAsync(user, Buy(10));

        order.Status.Should().Be(OrderStatus.Filled);
        order.FilledPrice.Should().Be(quote.Ask);
        var account = await brokerage.Desk.GetAccountAsync(user);
        account.Cash.Should().Be(10_000m - 10 * quote.Ask);
        account.Equity.Should().Be(account.Cash + 10 * quote.Last);
        var position = (await brokerage.Desk.ListPositionsAsync(user)).Should().ContainSingle().Subject;
        position.Should().Match<Position>(held => held.Symbol == "WAYNE" && held.Quantity == 10 && held.CostBasis == 10 * quote.Ask && held.IntradayBasis == 10 * quote.Ask);
    }

    [Fact]
    public async Task A_resting_limit_order_is_filled_by_the_clock_alone()
    {
        await using var brokerage = await TestBrokerage.StartAsync();
        var user = await brokerage.OpenAccountAsync();
        var limit = brokerage.Market.LatestQuote("WAYNE").Ask - 0.50m;
        var order = await brokerage.Desk.PlaceOrderAsync(user, Buy(10, OrderType.Limit, limit, timeInForce: TimeInForce.Gtc));
        order.Status.Should().Be(OrderStatus.New);
        (await brokerage.Desk.GetAccountAsync(user)).BuyingPower.Should().Be(10_000m - 10 * limit);

        while (order.IsOpen && order.ExpiresAt > brokerage.Clock.GetUtcNow())
        {
            brokerage.Clock.Advance(TimeSpan.FromHours(1));
            await brokerage.Desk.SettleAllAsync();
            order = await brokerage.Desk.GetOrderAsync(user, order.Id);
        }

        order.Status.Should().Be(OrderStatus.Filled);
        order.FilledPrice.Should().BeLessThanOrEqualTo(limit);
        brokerage.Market.QuoteAt("WAYNE", order.EndedAt!.Value).Ask.Should().Be(order.FilledPrice);
        brokerage.Market.QuoteAt("WAYNE", order.EndedAt.Value.AddSeconds(-1)).Ask.Should().BeGreaterThan(limit, "it fills in the first second that it can");
        var account = await brokerage.Desk.GetAccountAsync(user);
        account.Cash.Should().Be(account.BuyingPower).And.Be(10_000m - 10 * order.FilledPrice!.Value);
    }
}
