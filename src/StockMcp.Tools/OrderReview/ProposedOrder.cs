using System.Globalization;
using StockMcp.Tools.Errors;
using StockMcp.Tools.Orders;
using StockMcp.Tools.Schemas;

namespace StockMcp.Tools.OrderReview;

/// <summary>An order that could be placed: its prices fit its type.</summary>
internal sealed record ProposedOrder(string Symbol, OrderSide Side, decimal Quantity, OrderType Type, decimal? LimitPrice, decimal? StopPrice, TimeInForce TimeInForce)
{
    public const string QuantityPattern = @"^[0-9]{1,7}(\.[0-9]{1,9})?$";
    public const string PricePattern = @"^[0-9]{1,7}(\.[0-9]{1,4})?$";
    public const decimal LargestQuantity = 1_000_000m;

    /// <exception cref="TradingException">An argument does not fit.</exception>
    public static ProposedOrder From(string symbol, OrderSide side, string quantity, OrderType type, string? limitPrice, string? stopPrice, TimeInForce timeInForce)
    {
        var order = new ProposedOrder(symbol, side, Figure("quantity", quantity), type, Price("limit_price", limitPrice, type, type is OrderType.Limit or OrderType.StopLimit), Price("stop_price", stopPrice, type, type is OrderType.Stop or OrderType.StopLimit), timeInForce);
        if (order.Quantity is <= 0 or > LargestQuantity) throw TradingException.InvalidArgument("quantity", $"quantity must be more than 0 and at most {LargestQuantity:0}, as a decimal string, for example \"10\".");
        if (!decimal.IsInteger(order.Quantity) && timeInForce != TimeInForce.Day) throw TradingException.InvalidArgument("time_in_force", "time_in_force must be day for a fraction of a share.");
        return order;
    }

    public string InWords()
    {
        var price = (LimitPrice, StopPrice) switch
        {
            ({ } limit, { } stop) => $"at {ToolJson.Figure(limit)} USD or better, once {ToolJson.Figure(stop)} is reached",
            ({ } limit, null) => $"at {ToolJson.Figure(limit)} USD or better",
            (null, { } stop) => $"at the market price, once {ToolJson.Figure(stop)} is reached",
            _ => "at the market price",
        };
        return $"{ToolJson.NameOf(Side)} {ToolJson.Figure(Quantity)} {Symbol} {price}, {ToolJson.NameOf(TimeInForce)}";
    }

    private static decimal Figure(string argument, string text) => decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var figure)
        ? figure : throw TradingException.InvalidArgument(argument, $"{argument} must be a decimal string, for example \"71.50\".");

    private static decimal? Price(string argument, string? text, OrderType type, bool isNeeded)
    {
        if (text is null) return isNeeded ? throw TradingException.InvalidArgument(argument, $"{argument} is needed for order_type {ToolJson.NameOf(type)}.") : null;
        if (!isNeeded) throw TradingException.InvalidArgument(argument, $"{argument} does not belong to order_type {ToolJson.NameOf(type)}. Leave it out, or choose another order_type.");
        var price = Figure(argument, text);
        if (price is <= 0 or > 1_000_000m || price != decimal.Round(price, price >= 1 ? 2 : 4))
            throw TradingException.InvalidArgument(argument, $"{argument} must be more than 0 and at most 1000000, with at most 2 decimal places (4 below 1 USD).");
        return price;
    }
}
