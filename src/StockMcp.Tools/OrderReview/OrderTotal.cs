using System.Globalization;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.TradingApi;

namespace StockMcp.Tools.OrderReview;

/// <summary>What an order may cost at most, or is counted as in a sale: the <c>max_total</c> that a person approves.</summary>
internal static class OrderTotal
{
    /// <summary>Alpaca holds back 3 % more than the price of now for a purchase whose price is not known yet.</summary>
    public const decimal Collar = 0.03m;

    /// <summary>The total of an order with a limit, which follows from it; <see langword="null"/> for one without.</summary>
    public static decimal? Exact(ProposedOrder order) => order.LimitPrice is { } limit ? UpToCents(order.Quantity * limit) : null;

    /// <summary>The total to give when the price of now is the best that is known.</summary>
    public static decimal Suggested(ProposedOrder order, QuoteAnswer quote)
        => Exact(order) ?? UpToCents(order.Quantity * Price(order, quote) * (1 + Collar));

    /// <summary>What a purchase would cost if it were filled now.</summary>
    public static decimal AtMarket(ProposedOrder order, QuoteAnswer quote) => UpToCents(order.Quantity * Price(order, quote));

    /// <summary>An order and its total as one text: two orders that differ in any of it never read the same.</summary>
    public static string Terms(ProposedOrder order, decimal maxTotal) => string.Join('|', order.Symbol, ToolJson.NameOf(order.Side), ToolJson.Figure(order.Quantity), ToolJson.NameOf(order.Type),
        order.LimitPrice is { } limit ? ToolJson.Figure(limit) : "", order.StopPrice is { } stop ? ToolJson.Figure(stop) : "", ToolJson.NameOf(order.TimeInForce), ToolJson.Figure(maxTotal));

    /// <summary>Splits such a text into the order's part and the total.</summary>
    public static (string Order, decimal MaxTotal) Read(string terms)
    {
        var end = terms.LastIndexOf('|');
        return (terms[..end], decimal.Parse(terms.AsSpan(end + 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture));
    }

    private static decimal Price(ProposedOrder order, QuoteAnswer quote) => (order.Side, order.StopPrice) switch
    {
        (Orders.OrderSide.Buy, { } stop) => Math.Max(stop, quote.Ask),
        (Orders.OrderSide.Buy, null) => quote.Ask,
        (_, { } stop) => stop,
        _ => quote.Bid,
    };

    private static decimal UpToCents(decimal amount) => Math.Max(0.01m, decimal.Ceiling(amount * 100) / 100);
}
