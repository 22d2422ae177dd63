using StockMcp.Brokerage.Market;

namespace StockMcp.Brokerage.Trading;

/// <summary>What an order must be like to be looked at. Each refusal names the field.</summary>
internal static class NewOrderRules
{
    public const int LongestClientOrderId = 128;
    public const decimal LargestQuantity = 1_000_000m;
    public const decimal HighestPrice = 1_000_000m;
    public const decimal SmallestTotal = 1m;

    /// <exception cref="TradingException">A field is wrong.</exception>
    public static void Check(NewOrder order, StockMarket market)
    {
        CheckSymbol(order.Symbol, market);
        if (!Enum.IsDefined(order.Side)) throw Invalid("side", "side must be one of: buy, sell");
        if (!Enum.IsDefined(order.Type)) throw Invalid("type", "type must be one of: market, limit, stop, stop_limit");
        if (!Enum.IsDefined(order.TimeInForce)) throw Invalid("time_in_force", "time_in_force must be one of: day, gtc, ioc, fok");
        CheckQuantity(order.Quantity);
        CheckPrice("limit_price", order.LimitPrice, order.Type, isNeeded: order.Type is OrderType.Limit or OrderType.StopLimit);
        CheckPrice("stop_price", order.StopPrice, order.Type, isNeeded: order.Type is OrderType.Stop or OrderType.StopLimit);
        if (!decimal.IsInteger(order.Quantity) && order.TimeInForce != TimeInForce.Day)
            throw Invalid("time_in_force", "fractional orders must be DAY orders: time_in_force must be day, or qty a whole number");
        if (order.ClientOrderId is { } id) CheckClientOrderId(id);
    }

    public static void CheckSymbol(string symbol, StockMarket market)
    {
        if (!Stock.IsSymbol(symbol)) throw Invalid("symbol", "symbol must be 1 to 5 capital letters, with a dot and a letter for a share class, for example WAYNE");
        if (market.Find(symbol) is null) throw Invalid("symbol", $"asset \"{symbol}\" not found: symbol must be one that /v2/assets lists");
    }

    private static void CheckQuantity(decimal quantity)
    {
        if (quantity <= 0) throw Invalid("qty", "qty must be > 0");
        if (quantity > LargestQuantity) throw Invalid("qty", $"qty must be <= {LargestQuantity:0}");
        if (quantity != decimal.Round(quantity, 9)) throw Invalid("qty", "qty must have at most 9 decimal places");
    }

    private static void CheckPrice(string field, decimal? price, OrderType type, bool isNeeded)
    {
        var typeName = type == OrderType.StopLimit ? "stop_limit" : type.ToString().ToLowerInvariant();
        if (price is not { } value)
        {
            if (isNeeded) throw Invalid(field, $"{typeName} orders require {field}");
            return;
        }
        if (!isNeeded) throw Invalid(field, $"{typeName} orders must not have {field}");
        if (value <= 0) throw Invalid(field, $"{field} must be > 0");
        if (value > HighestPrice) throw Invalid(field, $"{field} must be <= {HighestPrice:0}");
        if (value != decimal.Round(value, value >= 1 ? 2 : 4))
            throw Invalid(field, $"invalid {field} {value}. sub-penny increment does not fulfill minimum pricing criteria: at most 2 decimal places, or 4 below 1 USD");
    }

    private static void CheckClientOrderId(string id)
    {
        if (id.Length is 0 or > LongestClientOrderId) throw Invalid("client_order_id", $"client_order_id must have 1 to {LongestClientOrderId} characters");
        if (!id.All(character => character is > ' ' and <= '~')) throw Invalid("client_order_id", "client_order_id must be printable ASCII without spaces");
    }

    private static TradingException Invalid(string field, string message) => new(TradingError.Invalid, message, field);
}
