using CsCheck;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.Tests.Trading;

/// <summary>What holds after any sequence of orders, cancellations and pauses.</summary>
public class BooksTests
{
    private sealed record Step(int Wait, string Symbol, OrderSide Side, OrderType Type, TimeInForce TimeInForce, int Quantity, int LimitCents, int StopCents, int Cancel)
    {
        /// <summary>The order, with its prices near the price of the moment.</summary>
        public NewOrder Order(Quote quote) => new()
        {
            Symbol = Symbol,
            Side = Side,
            Type = Type,
            TimeInForce = TimeInForce,
            Quantity = TimeInForce == TimeInForce.Day ? Quantity / 4m : 1 + Quantity / 4,
            LimitPrice = Type is OrderType.Limit or OrderType.StopLimit ? Math.Max(1, quote.Last + LimitCents / 100m) : null,
            StopPrice = Type is OrderType.Stop or OrderType.StopLimit ? Math.Max(1, quote.Last + StopCents / 100m) : null,
        };
    }

    // Half of the sales meet a holding, as there are two shares only; quantities go from a quarter of one to more than the money is enough for.
    private static readonly Gen<Step[]> s_scripts = Gen.Select(
        Gen.OneOf(Gen.Int[0, 90], Gen.Int[0, 5_000]), Gen.OneOfConst("WAYNE", "UMBR"), Gen.OneOfConst(OrderSide.Buy, OrderSide.Buy, OrderSide.Sell),
        Gen.OneOfConst(OrderType.Market, OrderType.Limit, OrderType.Stop, OrderType.StopLimit), Gen.OneOfConst(TimeInForce.Day, TimeInForce.Gtc, TimeInForce.Ioc, TimeInForce.Fok),
        Gen.Int[1, 600], Gen.Int[-60, 60], Gen.Int[-60, 60],
        (wait, symbol, side, type, timeInForce, quantity, limit, stop) => new Step(wait, symbol, side, type, timeInForce, quantity, limit, stop, quantity % 7)).Array[4, 14];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Money_and_shares_are_never_made_lost_or_spent_twice(bool alwaysOpen)
    {
        await using var brokerage = await TestBrokerage.StartAsync(settings: [("Market:AlwaysOpen", alwaysOpen.ToString())]);
        await s_scripts.SampleAsync(async script =>
        {
            var user = await brokerage.OpenAccountAsync();
            foreach (var step in script)
            {
                await PlayAsync(brokerage, user, step);
                await CheckAsync(brokerage, user);
            }
        }, iter: 12, threads: 1);
    }

    [Fact]
    public async Task A_restart_in_the_middle_changes_nothing()
    {
        var data = Directory.CreateTempSubdirectory("stockmcp-").FullName;
        try
        {
            await s_scripts.SampleAsync(async script =>
            {
                await using var steady = await TestBrokerage.StartAsync();
                var stops = await TestBrokerage.StartAsync(data);
                Guid alice = await steady.OpenAccountAsync(), alsoAlice = await stops.OpenAccountAsync();
                for (var i = 0; i < script.Length; i++)
                {
                    await PlayAsync(steady, alice, script[i]);
                    await steady.Desk.SettleAllAsync();
                    if (i % 3 == 2)
                    {
                        // It was away while the time passed.
                        var back = stops.Clock.GetUtcNow().AddSeconds(script[i].Wait);
                        await stops.DisposeAsync();
                        stops = await TestBrokerage.StartAsync(data, back);
                        await PlayAsync(stops, alsoAlice, script[i] with { Wait = 0 });
                    }
                    else
                    {
                        await PlayAsync(stops, alsoAlice, script[i]);
                    }
                }
                steady.Clock.Advance(TimeSpan.FromDays(2));
                stops.Clock.Advance(TimeSpan.FromDays(2));
                await steady.Desk.SettleAllAsync();
                await stops.Desk.SettleAllAsync();
                (await StateAsync(stops, alsoAlice)).Should().Equal(await StateAsync(steady, alice));
                await stops.DisposeAsync();
            }, iter: 3, threads: 1);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Fact]
    public async Task Of_orders_at_once_that_together_exceed_the_money_one_is_accepted()
    {
        await using var brokerage = await TestBrokerage.StartAsync();
        var user = await brokerage.OpenAccountAsync();
        var limit = decimal.Round(brokerage.Market.LatestQuote("WAYNE").Bid * 0.8m, 2);
        var order = new NewOrder { Symbol = "WAYNE", Side = OrderSide.Buy, Type = OrderType.Limit, TimeInForce = TimeInForce.Day, Quantity = decimal.Floor(6_000m / limit), LimitPrice = limit };

        var placed = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => PlacedAsync(brokerage, user, order))));

        placed.Count(done => done).Should().Be(1);
        (await brokerage.Desk.GetAccountAsync(user)).BuyingPower.Should().Be(10_000m - order.Quantity * limit);
        await CheckAsync(brokerage, user);
    }

    [Fact]
    public async Task Of_sales_at_once_that_together_exceed_the_holding_one_is_accepted()
    {
        await using var brokerage = await TestBrokerage.StartAsync();
        var user = await brokerage.OpenAccountAsync();
        var buy = new NewOrder { Symbol = "WAYNE", Side = OrderSide.Buy, Type = OrderType.Market, TimeInForce = TimeInForce.Day, Quantity = 10 };
        await brokerage.Desk.PlaceOrderAsync(user, buy);

        var sold = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => PlacedAsync(brokerage, user, buy with { Side = OrderSide.Sell, Quantity = 6 }))));

        sold.Count(done => done).Should().Be(1);
        await CheckAsync(brokerage, user);
    }

    [Fact]
    public async Task Who_looks_while_orders_are_filled_never_sees_money_and_shares_both()
    {
        await using var brokerage = await TestBrokerage.StartAsync();
        var user = await brokerage.OpenAccountAsync();
        var buy = new NewOrder { Symbol = "WAYNE", Side = OrderSide.Buy, Type = OrderType.Market, TimeInForce = TimeInForce.Day, Quantity = 100 };
        var quote = brokerage.Market.LatestQuote("WAYNE");
        var trading = Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++) await brokerage.Desk.PlaceOrderAsync(user, buy with { Side = i % 2 == 0 ? OrderSide.Buy : OrderSide.Sell });
        });
        var seen = new List<AccountSummary>();
        while (!trading.IsCompleted) seen.Add(await brokerage.Desk.GetAccountAsync(user));
        await trading;

        // Each order costs half the spread, and nothing else.
        seen.Should().NotBeEmpty();
        seen.Select(account => account.Equity).Should().BeInDescendingOrder();
        seen.Should().OnlyContain(account => account.Equity >= 10_000m - 20 * 100 * (quote.Ask - quote.Bid));
    }

    private static async Task<bool> PlacedAsync(TestBrokerage brokerage, Guid user, NewOrder order)
    {
        try
        {
            await brokerage.Desk.PlaceOrderAsync(user, order);
            return true;
        }
        catch (TradingException refusal) when (refusal.Error is TradingError.InsufficientBuyingPower or TradingError.InsufficientQuantity or TradingError.Invalid)
        {
            return false;
        }
    }

    private static async Task PlayAsync(TestBrokerage brokerage, Guid user, Step step)
    {
        brokerage.Clock.Advance(TimeSpan.FromSeconds(step.Wait));
        await PlacedAsync(brokerage, user, step.Order(brokerage.Market.LatestQuote(step.Symbol)));
        if (step.Cancel == 0 && await brokerage.Desk.ListOrdersAsync(user, new OrderQuery { Status = OrderStatusFilter.Open, NewestFirst = false }) is [var oldest, ..])
        {
            try
            {
                await brokerage.Desk.CancelOrderAsync(user, oldest.Id);
            }
            catch (TradingException refusal) when (refusal.Error == TradingError.NotCancelable)
            {
                // It was filled or expired first.
            }
        }
    }

    private static async Task CheckAsync(TestBrokerage brokerage, Guid user)
    {
        await brokerage.Desk.SettleAllAsync();
        var account = await brokerage.Desk.GetAccountAsync(user);
        var orders = await brokerage.Desk.ListOrdersAsync(user, new OrderQuery { Limit = 500 });
        var positions = await brokerage.Desk.ListPositionsAsync(user);

        var filled = orders.Where(order => order.Status == OrderStatus.Filled).ToList();
        account.Cash.Should().Be(10_000m - filled.Sum(order => order.Side == OrderSide.Buy ? order.FilledTotal : -order.FilledTotal));
        account.BuyingPower.Should().Be(account.Cash - orders.Where(order => order.IsOpen).Sum(order => order.ReservedCash)).And.BeGreaterThanOrEqualTo(0);
        positions.ToDictionary(position => position.Symbol, position => position.Quantity).Should().Equal(
            filled.GroupBy(order => order.Symbol).Select(group => (group.Key, Quantity: group.Sum(order => order.Side == OrderSide.Buy ? order.Quantity : -order.Quantity))).Where(held => held.Quantity != 0).ToDictionary(held => held.Key, held => held.Quantity));
        positions.All(position => position is { Quantity: > 0, QuantityAvailable: >= 0, CostBasis: > 0 }).Should().BeTrue();
        account.Equity.Should().Be(account.Cash + positions.Sum(position => position.MarketValue));
        foreach (var order in orders) CheckOrder(order, brokerage);
    }

    // Looks at each second as a person with a chart would.
    private static void CheckOrder(Order order, TestBrokerage brokerage)
    {
        var now = brokerage.Clock.GetUtcNow();
        var end = order.EndedAt ?? now;
        if (end - order.SubmittedAt > TimeSpan.FromHours(3)) return;
        var awake = order.StopPrice is null;
        DateTimeOffset? fills = null;
        for (var time = order.SubmittedAt; time <= end && time < order.ExpiresAt; time = time.AddSeconds(1))
        {
            if (!brokerage.Market.Hours.IsOpen(time)) continue;
            var quote = brokerage.Market.QuoteAt(order.Symbol, time);
            var price = order.Side == OrderSide.Buy ? quote.Ask : quote.Bid;
            awake |= order.Side == OrderSide.Buy ? price >= order.StopPrice : price <= order.StopPrice;
            if (awake && (order.LimitPrice is not { } limit || (order.Side == OrderSide.Buy ? price <= limit : price >= limit)))
            {
                fills = time;
                break;
            }
            if (order.TimeInForce is TimeInForce.Ioc or TimeInForce.Fok) break;
        }
        if (order.Status == OrderStatus.Filled)
        {
            order.EndedAt.Should().Be(fills);
            var quote = brokerage.Market.QuoteAt(order.Symbol, order.EndedAt!.Value);
            order.FilledPrice.Should().Be(order.Side == OrderSide.Buy ? quote.Ask : quote.Bid);
        }
        else if (order.Status != OrderStatus.Rejected)
        {
            (fills is null || fills >= end).Should().BeTrue($"a {order.Type} order to {order.Side} that is {order.Status} was never filled, though it could have been at {fills:O}");
        }
        if (order.IsOpen) order.ExpiresAt.Should().BeAfter(now);
        if (order.Status == OrderStatus.Expired) order.EndedAt.Should().Be(order.ExpiresAt);
    }

    private static async Task<List<string>> StateAsync(TestBrokerage brokerage, Guid user)
    {
        var account = await brokerage.Desk.GetAccountAsync(user);
        var orders = await brokerage.Desk.ListOrdersAsync(user, new OrderQuery { Limit = 500, NewestFirst = false });
        return [$"{account.Cash} {account.BuyingPower} {account.Equity} {account.LastEquity}", .. orders.Select(order => $"{order.Symbol} {order.Side} {order.Quantity} {order.Type} {order.Status} {order.FilledPrice} {order.EndedAt:O}")];
    }
}
