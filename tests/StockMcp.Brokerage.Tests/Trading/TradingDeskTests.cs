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

    [Fact]
    public async Task A_day_order_expires_when_the_day_ends_and_gives_its_money_back()
    {
        await using var brokerage = await TestBrokerage.StartAsync();
        var user = await brokerage.OpenAccountAsync();
        var order = await brokerage.Desk.PlaceOrderAsync(user, Buy(10, OrderType.Limit, limit: 5));
        order.ExpiresAt.Should().Be(new DateTimeOffset(2026, 11, 25, 5, 0, 0, TimeSpan.Zero), "the day ends at midnight in New York");

        brokerage.Clock.Advance(order.ExpiresAt.AddSeconds(-1) - brokerage.Clock.GetUtcNow());
        await brokerage.Desk.SettleAllAsync();
        (await brokerage.Desk.GetOrderAsync(user, order.Id)).IsOpen.Should().BeTrue();
        brokerage.Clock.Advance(TimeSpan.FromSeconds(1));
        await brokerage.Desk.SettleAllAsync();

        order = await brokerage.Desk.GetOrderAsync(user, order.Id);
        order.Should().Match<Order>(ended => ended.Status == OrderStatus.Expired && ended.EndedAt == ended.ExpiresAt);
        (await brokerage.Desk.GetAccountAsync(user)).BuyingPower.Should().Be(10_000m);
    }

    [Theory]
    [InlineData(TimeInForce.Ioc)]
    [InlineData(TimeInForce.Fok)]
    public async Task An_immediate_order_is_filled_at_once_or_cancelled_at_once(TimeInForce timeInForce)
    {
        await using var brokerage = await TestBrokerage.StartAsync();
        var user = await brokerage.OpenAccountAsync();
        var ask = brokerage.Market.LatestQuote("WAYNE").Ask;
        (await brokerage.Desk.PlaceOrderAsync(user, Buy(1, OrderType.Limit, limit: ask, timeInForce: timeInForce))).Status.Should().Be(OrderStatus.Filled);
        (await brokerage.Desk.PlaceOrderAsync(user, Buy(1, OrderType.Limit, limit: ask - 0.01m, timeInForce: timeInForce))).Status.Should().Be(OrderStatus.Canceled);
        (await brokerage.Desk.GetAccountAsync(user)).BuyingPower.Should().Be(10_000m - ask);
    }

    [Fact]
    public async Task An_order_given_while_the_market_is_closed_is_filled_when_it_opens()
    {
        // Friday evening in New York.
        await using var brokerage = await TestBrokerage.StartAsync(at: new DateTimeOffset(2026, 11, 20, 23, 0, 0, TimeSpan.Zero), settings: [("Market:AlwaysOpen", "false")]);
        var user = await brokerage.OpenAccountAsync();
        var order = await brokerage.Desk.PlaceOrderAsync(user, Buy(10));
        order.IsOpen.Should().BeTrue();
        (await brokerage.Desk.GetAccountAsync(user)).BuyingPower.Should().Be(10_000m - order.ReservedCash);
        await brokerage.Desk.Invoking(desk => desk.PlaceOrderAsync(user, Buy(1, timeInForce: TimeInForce.Ioc))).Should().ThrowAsync<TradingException>().WithMessage("*only while the market is open*");

        brokerage.Clock.Advance(TimeSpan.FromDays(3));
        await brokerage.Desk.SettleAllAsync();

        order = await brokerage.Desk.GetOrderAsync(user, order.Id);
        var monday = new DateTimeOffset(2026, 11, 23, 14, 30, 0, TimeSpan.Zero);
        order.Should().Match<Order>(filled => filled.Status == OrderStatus.Filled && filled.EndedAt == monday);
        order.FilledPrice.Should().Be(brokerage.Market.QuoteAt("WAYNE", monday).Ask);
    }

    [Fact]
    public async Task More_than_the_buying_power_or_the_holding_is_refused_and_changes_nothing()
    {
        await using var brokerage = await TestBrokerage.StartAsync();
        var user = await brokerage.OpenAccountAsync();
        await brokerage.Desk.PlaceOrderAsync(user, Buy(5));
        await brokerage.Desk.PlaceOrderAsync(user, Sell(3, OrderType.Limit, limit: 900));
        var before = await brokerage.Desk.GetAccountAsync(user);

        (await brokerage.Desk.Invoking(desk => desk.PlaceOrderAsync(user, Sell(3))).Should().ThrowAsync<TradingException>()).Which.Error.Should().Be(TradingError.InsufficientQuantity);
        (await brokerage.Desk.Invoking(desk => desk.PlaceOrderAsync(user, Buy(1_000))).Should().ThrowAsync<TradingException>()).Which.Error.Should().Be(TradingError.InsufficientBuyingPower);

        (await brokerage.Desk.GetAccountAsync(user)).Should().Be(before);
        (await brokerage.Desk.ListOrdersAsync(user, new OrderQuery())).Should().HaveCount(2);
    }
}
