using StockMcp.Brokerage.Market;

namespace StockMcp.Brokerage.Trading;

/// <summary>What an account was worth over time. Amounts are USD.</summary>
/// <param name="BaseValue">What it was worth at the beginning.</param>
/// <param name="Timeframe">The length of each step.</param>
/// <param name="Points">One for each step since the account was opened, oldest first.</param>
public sealed record PortfolioHistory(decimal BaseValue, BarTimeframe Timeframe, IReadOnlyList<PortfolioPoint> Points);

/// <summary>What an account was worth at the end of one step. Amounts are USD.</summary>
/// <param name="Start">The step's beginning.</param>
/// <param name="Equity">Money and shares.</param>
/// <param name="Profit">What was gained since the beginning of the history.</param>
/// <param name="ProfitRatio">The same as a part of the value at the beginning.</param>
public sealed record PortfolioPoint(DateTimeOffset Start, decimal Equity, decimal Profit, decimal ProfitRatio);

/// <summary>An account's books, read from its beginning: what it held at any time. Ask for times in ascending order.</summary>
internal sealed class Ledger(Account account, IEnumerable<Order> filledOrders, StockMarket market)
{
    private readonly Queue<Order> ahead = new(filledOrders.OrderBy(order => order.EndedAt).ThenBy(order => order.Number));
    private readonly Dictionary<string, decimal> quantities = [];
    private decimal cash = account.Deposit;

    public decimal EquityAt(DateTimeOffset time)
    {
        foreach (var _ in ForwardTo(time)) { }
        return cash + quantities.Where(held => held.Value > 0).Sum(held => held.Value * market.PriceAt(held.Key, time));
    }

    /// <summary>What is held now was worth this at the last close; what was bought since, what it cost.</summary>
    public IReadOnlyDictionary<string, decimal> BasesSince(DateTimeOffset lastClose, DateTimeOffset now)
    {
        foreach (var _ in ForwardTo(lastClose)) { }
        var bases = quantities.ToDictionary(held => held.Key, held => held.Value * market.PriceAt(held.Key, lastClose));
        foreach (var (order, before) in ForwardTo(now))
        {
            var basis = bases.GetValueOrDefault(order.Symbol);
            bases[order.Symbol] = order.Side == OrderSide.Buy ? basis + order.FilledTotal : decimal.Round(basis * (before - order.Quantity) / before, 9);
        }
        return bases;
    }

    private IEnumerable<(Order Order, decimal QuantityBefore)> ForwardTo(DateTimeOffset time)
    {
        while (ahead.TryPeek(out var order) && order.EndedAt <= time)
        {
            ahead.Dequeue();
            var before = quantities.GetValueOrDefault(order.Symbol);
            var sign = order.Side == OrderSide.Buy ? 1 : -1;
            quantities[order.Symbol] = before + sign * order.Quantity;
            cash -= sign * order.FilledTotal;
            yield return (order, before);
        }
    }
}
