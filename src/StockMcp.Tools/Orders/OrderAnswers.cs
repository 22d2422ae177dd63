using System.ComponentModel;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.TradingApi;

namespace StockMcp.Tools.Orders;

internal enum OrderSide
{
    Buy,
    Sell,
}

internal enum OrderFilter
{
    All,
    Open,
    Closed,
}

internal sealed record OrderPage
{
    [Description("The orders, newest first.")] public required IReadOnlyList<OrderInfo> Orders { get; init; }
    [Description("Give it as cursor to get the next page. Absent on the last one.")] public string? NextCursor { get; init; }
}

internal sealed record OrderInfo
{
    [Description("Id of the order at the brokerage.")] public required string OrderId { get; init; }
    [Description("Id that the order's sender chose.")] public required string ClientOrderId { get; init; }
    [Description("Symbol of the share.")] public required string Symbol { get; init; }
    [Description("buy or sell.")] public required string Side { get; init; }
    [Description("market, limit, stop or stop_limit; the brokerage may have more.")] public required string OrderType { get; init; }
    [Description("How long it stays open: day, gtc, ioc or fok; the brokerage may have more.")] public required string TimeInForce { get; init; }
    [Description("Where it stands, in the brokerage's words: new, filled, canceled, expired, rejected and others.")] public required string Status { get; init; }
    [Description("How many shares. Absent if an amount of money was ordered.")] public decimal? Quantity { get; init; }
    [Description("Amount of money that was ordered, in USD.")] public decimal? Notional { get; init; }
    [Description("How many shares were filled.")] public required decimal FilledQuantity { get; init; }
    [Description("At which price on average, in USD.")] public decimal? FilledAveragePrice { get; init; }
    [Description("Worst price it may be filled at, in USD.")] public decimal? LimitPrice { get; init; }
    [Description("Price that wakes it, in USD.")] public decimal? StopPrice { get; init; }
    [Description("When it was accepted, UTC.")] public required DateTimeOffset SubmittedAt { get; init; }
    [Description("When it ended: filled, canceled, expired or rejected, UTC.")] public DateTimeOffset? EndedAt { get; init; }
    [Description("From when it can no longer be filled, UTC.")] public DateTimeOffset? ExpiresAt { get; init; }

    public static OrderInfo From(OrderAnswer order) => new()
    {
        OrderId = ForeignText.Clean(order.Id, 64),
        ClientOrderId = ForeignText.Clean(order.ClientOrderId, 128),
        Symbol = ForeignText.Clean(order.Symbol, 12),
        Side = ForeignText.Clean(order.Side, 16),
        OrderType = ForeignText.Clean(order.Type, 24),
        TimeInForce = ForeignText.Clean(order.TimeInForce, 16),
        Status = ForeignText.Clean(order.Status, 32),
        Quantity = order.Qty,
        Notional = order.Notional,
        FilledQuantity = order.FilledQty,
        FilledAveragePrice = order.FilledAvgPrice,
        LimitPrice = order.LimitPrice,
        StopPrice = order.StopPrice,
        SubmittedAt = order.SubmittedAt,
        EndedAt = order.FilledAt ?? order.CanceledAt ?? order.ExpiredAt ?? order.FailedAt,
        ExpiresAt = order.ExpiresAt,
    };

    public string InWords()
    {
        var what = Quantity is { } quantity ? $"{ToolJson.Figure(quantity)} {Symbol}" : $"{Symbol} for {ToolJson.Figure(Notional ?? 0)} USD";
        var price = (LimitPrice, StopPrice) switch
        {
            ({ } limit, { } stop) => $" at {ToolJson.Figure(limit)} once {ToolJson.Figure(stop)} is reached",
            ({ } limit, null) => $" at {ToolJson.Figure(limit)}",
            (null, { } stop) => $" once {ToolJson.Figure(stop)} is reached",
            _ => "",
        };
        return $"{Side} {what} {OrderType}{price} {TimeInForce}: {Status}{(FilledAveragePrice is { } filled ? $" at {ToolJson.Figure(filled)}" : "")} ({ToolJson.Time(EndedAt ?? SubmittedAt)}, order_id {OrderId})";
    }
}
