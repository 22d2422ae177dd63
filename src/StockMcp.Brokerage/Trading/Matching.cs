using StockMcp.Brokerage.Market;

namespace StockMcp.Brokerage.Trading;

/// <summary>How an open order would end.</summary>
/// <param name="Order">The order.</param>
/// <param name="At">When.</param>
/// <param name="Price">At which price it is filled, in USD; <see langword="null"/> if it expires or is cancelled.</param>
internal sealed record Outcome(Order Order, DateTimeOffset At, decimal? Price);

/// <summary>
/// Decides how an order ends from its terms and the prices since it was accepted, and from nothing else: when it is looked at, how often, and whether the
/// program ran in between makes no difference. The market takes any quantity at its price, so that an order is filled as a whole.
/// </summary>
internal sealed class Matching(StockMarket market)
{
    /// <summary>What money a purchase holds back at most for a price that is not known yet: 3 % above the price of now, as Alpaca does.</summary>
    public const decimal Collar = 1.03m;

    /// <summary>The end of an open order as of now, or <see langword="null"/> if it stays open.</summary>
    public Outcome? Find(Order order, DateTimeOffset now)
    {
        var immediate = order.TimeInForce is TimeInForce.Ioc or TimeInForce.Fok;
        var until = immediate ? order.SubmittedAt : now < order.ExpiresAt ? now : order.ExpiresAt.AddTicks(-1);
        if (FindFill(order, until) is { } quote)
        {
            var at = quote.Time > order.SubmittedAt ? quote.Time : order.SubmittedAt;
            return new Outcome(order, at, order.Side == OrderSide.Buy ? quote.Ask : quote.Bid);
        }
        if (immediate) return new Outcome(order, order.SubmittedAt, null);
        return now >= order.ExpiresAt ? new Outcome(order, order.ExpiresAt, null) : null;
    }

    /// <summary>What money an order holds back while it is open: what it may cost at most, as far as that is known.</summary>
    public static decimal Reservation(NewOrder order, Quote quote, bool isOpen) => order switch
    {
        { Side: OrderSide.Sell } => 0,
        { LimitPrice: { } limit } => order.Quantity * limit,
        { StopPrice: { } stop } => order.Quantity * Math.Max(stop, quote.Ask) * Collar,
        _ => order.Quantity * quote.Ask * (isOpen ? 1 : Collar),
    };

    /// <summary>From when an order can no longer be filled.</summary>
    public DateTimeOffset ExpiryOf(TimeInForce timeInForce, DateTimeOffset now)
        => market.Hours.EndingAfter(timeInForce == TimeInForce.Gtc ? now.AddDays(90) : now).Close;

    private Quote? FindFill(Order order, DateTimeOffset until)
    {
        var from = order.SubmittedAt;
        if (order.StopPrice is { } stop)
        {
            var wakes = order.Side == OrderSide.Buy
                ? market.FirstQuoteWhere(order.Symbol, from, until, falling: false, (_, ask) => ask >= stop)
                : market.FirstQuoteWhere(order.Symbol, from, until, falling: true, (bid, _) => bid <= stop);
            if (wakes is null) return null;
            from = wakes.Time > from ? wakes.Time : from;
        }
        var limit = order.LimitPrice;
        return order.Side == OrderSide.Buy
            ? market.FirstQuoteWhere(order.Symbol, from, until, falling: true, (_, ask) => limit is null || ask <= limit)
            : market.FirstQuoteWhere(order.Symbol, from, until, falling: false, (bid, _) => limit is null || bid >= limit);
    }
}
