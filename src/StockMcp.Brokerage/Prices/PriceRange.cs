using StockMcp.Brokerage.Market;

namespace StockMcp.Brokerage.Prices;

/// <summary>How far back a price chart goes.</summary>
/// <param name="Name">As the URL spells it.</param>
/// <param name="Words">As the page spells it.</param>
/// <param name="Length">How far back.</param>
/// <param name="Timeframe">The length of each step.</param>
public sealed record PriceRange(string Name, string Words, TimeSpan Length, BarTimeframe Timeframe)
{
    /// <summary>All of them, the shortest first.</summary>
    public static IReadOnlyList<PriceRange> All { get; } =
    [
        new("1d", "1 day", TimeSpan.FromDays(1), new BarTimeframe(5, BarUnit.Minute)),
        new("1w", "1 week", TimeSpan.FromDays(7), BarTimeframe.Hour),
        new("1m", "1 month", TimeSpan.FromDays(30), new BarTimeframe(4, BarUnit.Hour)),
        new("1y", "1 year", TimeSpan.FromDays(365), BarTimeframe.Day),
    ];

    /// <summary>The range of a name; one day for any other.</summary>
    public static PriceRange Find(string? name) => All.FirstOrDefault(range => range.Name == name) ?? All[0];

    /// <summary>The last prices of the steps, and the price of now. While the market is closed, the day is its last one.</summary>
    public IReadOnlyList<(DateTimeOffset Time, decimal Value)> Points(StockMarket market, string symbol)
    {
        var clock = market.Clock();
        var end = market.LatestQuote(symbol).Time;
        var from = end - Length;
        var points = BarSpans.Between(market.Hours, Timeframe, from, end, newestFirst: false)
            .Select(span => (Time: span.Start, Value: market.PriceAt(symbol, span.Start))).Where(point => point.Time >= from).ToList();
        points.Add((clock.IsOpen ? clock.Now : end, market.LatestQuote(symbol).Last));
        if (points.Count == 1) points.Insert(0, (from, market.PriceAt(symbol, from)));
        return points;
    }
}
