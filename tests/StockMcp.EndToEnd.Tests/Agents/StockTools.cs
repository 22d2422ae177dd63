namespace StockMcp.EndToEnd.Tests.Agents;

/// <summary>What every client should find.</summary>
internal static class StockTools
{
    public static IReadOnlyList<string> Names { get; } =
        ["get_quote", "search_stocks", "get_price_history", "get_market_clock", "whoami", "get_account", "get_portfolio", "list_orders", "get_order", "review_order",
            "place_order", "get_order_approval", "wait_for_order_approval", "cancel_order", "get_trading_limits", "get_order_receipt"];
}
