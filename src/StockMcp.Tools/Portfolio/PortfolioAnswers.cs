using System.ComponentModel;

namespace StockMcp.Tools.Portfolio;

internal sealed record AccountInfo
{
    [Description("Number of the account, as its owner knows it.")] public required string AccountNumber { get; init; }
    [Description("State of the account in the brokerage's words; active is the usual one.")] public required string Status { get; init; }
    [Description("Currency of all amounts.")] public required string Currency { get; init; }
    [Description("Money, including what open orders hold back.")] public required decimal Cash { get; init; }
    [Description("Money that a new order may use.")] public required decimal BuyingPower { get; init; }
    [Description("What money and shares are worth.")] public required decimal Equity { get; init; }
    [Description("Gained since the end of the trading day before; negative if lost.")] public required decimal DayChange { get; init; }
    [Description("The same in percent.")] public decimal? DayChangePercent { get; init; }
    [Description("Whether the brokerage blocks trading in this account.")] public required bool TradingBlocked { get; init; }
}

internal sealed record PortfolioInfo
{
    [Description("Currency of all amounts.")] public required string Currency { get; init; }
    [Description("What money and shares are worth.")] public required decimal Equity { get; init; }
    [Description("Money, including what open orders hold back.")] public required decimal Cash { get; init; }
    [Description("Money that a new order may use.")] public required decimal BuyingPower { get; init; }
    [Description("Gained since the end of the trading day before; negative if lost.")] public required decimal DayChange { get; init; }
    [Description("The same in percent.")] public decimal? DayChangePercent { get; init; }
    [Description("Gained on what is held now since it was bought; negative if lost.")] public required decimal UnrealizedProfit { get; init; }
    [Description("What is held, by symbol.")] public required IReadOnlyList<PositionInfo> Positions { get; init; }
    [Description("When these were the prices, UTC.")] public required DateTimeOffset PricesAsOf { get; init; }
    [Description("Whether the market is open: if not, the prices are the last ones.")] public required bool MarketOpen { get; init; }
    [Description("What the account was worth over time, oldest first. Only if it was asked for.")] public IReadOnlyList<PortfolioPoint>? History { get; init; }
}

internal sealed record PositionInfo
{
    [Description("Symbol of the share.")] public required string Symbol { get; init; }
    [Description("How many are held.")] public required decimal Quantity { get; init; }
    [Description("How many of them no open order holds back.")] public required decimal QuantityAvailable { get; init; }
    [Description("What one cost on average, in USD.")] public required decimal AverageEntryPrice { get; init; }
    [Description("Price of now, in USD.")] public required decimal CurrentPrice { get; init; }
    [Description("What they are worth, in USD.")] public required decimal MarketValue { get; init; }
    [Description("What they cost, in USD.")] public required decimal CostBasis { get; init; }
    [Description("Gained since they were bought, in USD; negative if lost.")] public required decimal UnrealizedProfit { get; init; }
    [Description("The same in percent.")] public required decimal UnrealizedProfitPercent { get; init; }
    [Description("Gained today, in USD; negative if lost.")] public required decimal DayProfit { get; init; }
    [Description("The same in percent.")] public required decimal DayProfitPercent { get; init; }
}

internal sealed record PortfolioPoint
{
    [Description("Beginning of the step, UTC.")] public required DateTimeOffset Time { get; init; }
    [Description("What money and shares were worth, in USD.")] public required decimal Equity { get; init; }
    [Description("Gained since the beginning of the history, in USD.")] public decimal? Profit { get; init; }
}
