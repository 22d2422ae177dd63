namespace StockMcp.Brokerage.Trading;

/// <summary>What a person owns here, at the prices of now. Amounts are USD.</summary>
/// <param name="Id">The account's id in the trading API.</param>
/// <param name="Number">The number that its owner knows it by.</param>
/// <param name="OpenedAt">When it was opened.</param>
/// <param name="Cash">Money, including what open orders hold back.</param>
/// <param name="BuyingPower">Money that a new order may use.</param>
/// <param name="LongMarketValue">What the shares are worth.</param>
/// <param name="LastEquity">What money and shares were worth at the end of the trading day before.</param>
/// <param name="LastTradingDay">The date of that day in New York.</param>
public sealed record AccountSummary(Guid Id, string Number, DateTimeOffset OpenedAt, decimal Cash, decimal BuyingPower, decimal LongMarketValue, decimal LastEquity, DateOnly LastTradingDay)
{
    /// <summary>What money and shares are worth.</summary>
    public decimal Equity => Cash + LongMarketValue;

    /// <summary>What was gained today; negative if it was lost.</summary>
    public decimal ProfitToday => Equity - LastEquity;
}

/// <summary>What a person holds of one share, at the price of now. Amounts are USD, ratios are parts of one.</summary>
/// <param name="Symbol">The share.</param>
/// <param name="Quantity">How many.</param>
/// <param name="QuantityAvailable">How many are not held back by open orders to sell.</param>
/// <param name="CostBasis">What they cost.</param>
/// <param name="CurrentPrice">The price of now.</param>
/// <param name="PreviousClose">The last price of the trading day before.</param>
/// <param name="IntradayBasis">What they were worth at the end of the trading day before, and for those bought since, what they cost.</param>
public sealed record Position(string Symbol, decimal Quantity, decimal QuantityAvailable, decimal CostBasis, decimal CurrentPrice, decimal PreviousClose, decimal IntradayBasis)
{
    /// <summary>What they are worth.</summary>
    public decimal MarketValue => Quantity * CurrentPrice;

    /// <summary>What one cost on average.</summary>
    public decimal AverageEntryPrice => decimal.Round(CostBasis / Quantity, 6);

    /// <summary>What would be gained by selling all.</summary>
    public decimal UnrealizedProfit => MarketValue - CostBasis;

    /// <summary>The same as a part of what they cost.</summary>
    public decimal UnrealizedProfitRatio => Ratio(UnrealizedProfit, CostBasis);

    /// <summary>What of it was gained today.</summary>
    public decimal IntradayProfit => MarketValue - IntradayBasis;

    /// <summary>The same as a part of what they were worth before.</summary>
    public decimal IntradayProfitRatio => Ratio(IntradayProfit, IntradayBasis);

    /// <summary>How far the price moved today.</summary>
    public decimal ChangeToday => Ratio(CurrentPrice - PreviousClose, PreviousClose);

    private static decimal Ratio(decimal part, decimal whole) => whole == 0 ? 0 : decimal.Round(part / whole, 6);
}
