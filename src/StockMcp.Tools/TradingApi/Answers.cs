using System.Text.Json;
using System.Text.Json.Serialization;

namespace StockMcp.Tools.TradingApi;

// What Alpaca's trading and market data API answers, as far as the tools use it. Figures of the account are strings there, prices of the market numbers.

internal sealed record AccountAnswer
{
    public required string AccountNumber { get; init; }
    public required string Status { get; init; }
    public required string Currency { get; init; }
    public required decimal Cash { get; init; }
    public required decimal BuyingPower { get; init; }
    public required decimal Equity { get; init; }
    public required decimal LastEquity { get; init; }
    public bool TradingBlocked { get; init; }
    public bool AccountBlocked { get; init; }
    public bool TradeSuspendedByUser { get; init; }
}

internal sealed record PositionAnswer
{
    public required string Symbol { get; init; }
    public required decimal Qty { get; init; }
    public decimal? QtyAvailable { get; init; }
    public required decimal AvgEntryPrice { get; init; }
    public required decimal MarketValue { get; init; }
    public required decimal CostBasis { get; init; }
    public required decimal UnrealizedPl { get; init; }
    public required decimal UnrealizedPlpc { get; init; }
    public required decimal UnrealizedIntradayPl { get; init; }
    public required decimal UnrealizedIntradayPlpc { get; init; }
    public required decimal CurrentPrice { get; init; }
}

internal sealed record PortfolioHistoryAnswer
{
    public required IReadOnlyList<long> Timestamp { get; init; }
    public required IReadOnlyList<decimal?> Equity { get; init; }
    public required IReadOnlyList<decimal?> ProfitLoss { get; init; }
    public decimal? BaseValue { get; init; }
}

internal sealed record OrderAnswer
{
    public required string Id { get; init; }
    public required string ClientOrderId { get; init; }
    public required string Symbol { get; init; }
    public required string Side { get; init; }
    public required string Type { get; init; }
    public required string TimeInForce { get; init; }
    public required string Status { get; init; }
    public string? RejectReason { get; init; }
    public decimal? Qty { get; init; }
    public decimal? Notional { get; init; }
    public required decimal FilledQty { get; init; }
    public decimal? FilledAvgPrice { get; init; }
    public decimal? LimitPrice { get; init; }
    public decimal? StopPrice { get; init; }
    public required DateTimeOffset SubmittedAt { get; init; }
    public DateTimeOffset? FilledAt { get; init; }
    public DateTimeOffset? CanceledAt { get; init; }
    public DateTimeOffset? ExpiredAt { get; init; }
    public DateTimeOffset? FailedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
}

internal sealed record AssetAnswer
{
    public required string Symbol { get; init; }
    public required string Name { get; init; }
    public required string Exchange { get; init; }
    public required string Status { get; init; }
    public required bool Tradable { get; init; }
    public bool Fractionable { get; init; }
    public bool Shortable { get; init; }
}

internal sealed record ClockAnswer
{
    public required DateTimeOffset Timestamp { get; init; }
    public required bool IsOpen { get; init; }
    public required DateTimeOffset NextOpen { get; init; }
    public required DateTimeOffset NextClose { get; init; }
}

internal sealed record LatestQuoteAnswer(string Symbol, QuoteAnswer Quote);

internal sealed record QuoteAnswer
{
    [JsonPropertyName("t")] public required DateTimeOffset Time { get; init; }
    [JsonPropertyName("ap")] public required decimal Ask { get; init; }
    [JsonPropertyName("as")] public required decimal AskSize { get; init; }
    [JsonPropertyName("bp")] public required decimal Bid { get; init; }
    [JsonPropertyName("bs")] public required decimal BidSize { get; init; }
}

internal sealed record LatestTradeAnswer(string Symbol, TradeAnswer Trade);

internal sealed record TradeAnswer
{
    [JsonPropertyName("t")] public required DateTimeOffset Time { get; init; }
    [JsonPropertyName("p")] public required decimal Price { get; init; }
}

internal sealed record BarsAnswer
{
    public required string Symbol { get; init; }
    public required IReadOnlyList<BarAnswer>? Bars { get; init; }
    public string? NextPageToken { get; init; }
}

internal sealed record BarAnswer
{
    [JsonPropertyName("t")] public required DateTimeOffset Start { get; init; }
    [JsonPropertyName("o")] public required decimal Open { get; init; }
    [JsonPropertyName("h")] public required decimal High { get; init; }
    [JsonPropertyName("l")] public required decimal Low { get; init; }
    [JsonPropertyName("c")] public required decimal Close { get; init; }
    [JsonPropertyName("v")] public required decimal Volume { get; init; }
}

/// <summary>Answers are read strictly: what is missing, doubled or of another type makes the whole answer worthless (UP-01).</summary>
internal static class AnswerJson
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowReadingFromString, // Alpaca's figures are strings in one half of its API and numbers in the other
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
        MaxDepth = 16,
    };
}
