namespace StockMcp.Brokerage.Market;

/// <summary>A made-up company's stock.</summary>
/// <param name="Id">The asset's id.</param>
/// <param name="Symbol">One to five capital letters.</param>
/// <param name="Name">The company.</param>
/// <param name="Exchange">Where it is listed.</param>
/// <param name="BasePrice">Around this price, in USD, it moves.</param>
/// <param name="Volatility">How far it moves: the standard deviation of a day's return.</param>
public sealed record Stock(Guid Id, string Symbol, string Name, string Exchange, decimal BasePrice, double Volatility);

/// <summary>The best offers of the moment, in USD.</summary>
public sealed record Quote(string Symbol, decimal Bid, decimal BidSize, decimal Ask, decimal AskSize, decimal Last, decimal LastSize, DateTimeOffset Time)
{
    /// <summary>Halfway between bid and ask.</summary>
    public decimal Middle => (Bid + Ask) / 2;
}

/// <summary>What a stock did in one stretch of time.</summary>
public sealed record Bar(DateTimeOffset Start, decimal Open, decimal High, decimal Low, decimal Close, long Volume, long TradeCount, decimal VolumeWeightedPrice);

/// <summary>Whether the market is open, and what comes next.</summary>
public sealed record MarketClock(DateTimeOffset Now, bool IsOpen, DateTimeOffset NextOpen, DateTimeOffset NextClose);

/// <summary>Every stock that is listed here.</summary>
public static class Stocks
{
    /// <summary>All of them, by symbol.</summary>
    public static IReadOnlyList<Stock> All { get; } =
    [
        Make(1, "ACME", "Acme Corporation", "NYSE", 42.10m, 0.022),
        Make(2, "CYBR", "Cyberdyne Systems", "NASDAQ", 128.75m, 0.034),
        Make(3, "DUFF", "Duff Breweries", "NYSE", 18.40m, 0.015),
        Make(4, "GLOBX", "Globex Corporation", "NASDAQ", 87.20m, 0.026),
        Make(5, "HOOLI", "Hooli Inc.", "NASDAQ", 164.30m, 0.028),
        Make(6, "INIT", "Initech", "NASDAQ", 24.65m, 0.018),
        Make(7, "OSCRP", "Oscorp Industries", "NYSE", 56.80m, 0.031),
        Make(8, "SOYL", "Soylent Corporation", "NYSE", 33.15m, 0.016),
        Make(9, "STARK", "Stark Industries", "NYSE", 212.50m, 0.024),
        Make(10, "TYRL", "Tyrell Corporation", "NASDAQ", 301.90m, 0.029),
        Make(11, "UMBR", "Umbrella Corporation", "NYSE", 12.35m, 0.041),
        Make(12, "WAYNE", "Wayne Enterprises", "NYSE", 71.25m, 0.019),
    ];

    /// <summary>The stock of this symbol, or <see langword="null"/>.</summary>
    public static Stock? Find(string symbol) => All.FirstOrDefault(stock => stock.Symbol == symbol);

    private static Stock Make(int number, string symbol, string name, string exchange, decimal price, double volatility)
        => new(new Guid(number, 0x57, 0x4d, 0x80, 0, 0, 0, 0, 0, 0, (byte)number), symbol, name, exchange, price, volatility);
}
