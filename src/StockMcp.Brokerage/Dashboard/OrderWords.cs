using StockMcp.Brokerage.Site;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.Dashboard;

/// <summary>Orders in words.</summary>
internal static class OrderWords
{
    public static string Side(Order order) => order.Side == OrderSide.Buy ? "Buy" : "Sell";

    public static string Terms(Order order) => order.Type switch
    {
        OrderType.Limit => $"Limit {Figures.Usd(order.LimitPrice!.Value)}",
        OrderType.Stop => $"Stop {Figures.Usd(order.StopPrice!.Value)}",
        OrderType.StopLimit => $"Stop {Figures.Usd(order.StopPrice!.Value)}, limit {Figures.Usd(order.LimitPrice!.Value)}",
        _ => "Market",
    };

    public static string TimeInForce(Order order) => order.TimeInForce switch
    {
        Trading.TimeInForce.Day => "day",
        Trading.TimeInForce.Gtc => "until cancelled",
        Trading.TimeInForce.Ioc => "now or not at all",
        _ => "all or nothing",
    };

    public static string Status(Order order) => order.Status switch
    {
        OrderStatus.New => "Open",
        OrderStatus.Filled => $"Filled at {Figures.Usd(order.FilledPrice!.Value)}",
        OrderStatus.Canceled => "Cancelled",
        OrderStatus.Expired => "Expired",
        _ => order.RejectReason == RejectReason.PriceBeyondBound ? "Rejected: it would have cost more than you approved" : "Rejected: the money was not enough any more",
    };

    /// <summary>What became of an order, for the person who just did something about it.</summary>
    public static string Outcome(Order order)
    {
        var what = $"{Figures.Quantity(order.Quantity)} {order.Symbol}";
        return (order.Status, order.Side) switch
        {
            (OrderStatus.Filled, OrderSide.Buy) => $"You bought {what} for {Figures.Usd(decimal.Round(order.FilledTotal, 2))}, {Figures.Usd(order.FilledPrice!.Value)} each.",
            (OrderStatus.Filled, _) => $"You sold {what} for {Figures.Usd(decimal.Round(order.FilledTotal, 2))}, {Figures.Usd(order.FilledPrice!.Value)} each.",
            (OrderStatus.New, _) => $"Your order to {Side(order).ToLowerInvariant()} {what} is open until {Figures.Moment(order.ExpiresAt)}.",
            (OrderStatus.Canceled, _) => $"Your order to {Side(order).ToLowerInvariant()} {what} is cancelled. Nothing was {(order.Side == OrderSide.Buy ? "bought" : "sold")}.",
            (OrderStatus.Expired, _) => $"Your order to {Side(order).ToLowerInvariant()} {what} expired. Nothing was {(order.Side == OrderSide.Buy ? "bought" : "sold")}.",
            _ => $"Your order to {Side(order).ToLowerInvariant()} {what} was rejected: the price had moved so far that {(order.RejectReason == RejectReason.PriceBeyondBound ? "it would have cost more than you approved" : "the money was no longer enough")}.",
        };
    }
}
