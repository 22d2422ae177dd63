using System.ComponentModel.DataAnnotations;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using StockMcp.Tools.Errors;
using StockMcp.Tools.MarketData;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.Scopes;
using StockMcp.Tools.TradingApi;

namespace StockMcp.Tools.Orders;

/// <summary>The person's orders.</summary>
internal sealed partial class OrderTools(TradingClient trading)
{
    private const string OrderIdPattern = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";

    /// <summary>The person's orders, newest first, a page at a time. Prices and quantities are decimal strings, times are UTC.</summary>
    /// <param name="status">Which orders: open ones, closed ones, or all.</param>
    /// <param name="symbol">Only orders of this share, by its symbol in capital letters, for example WAYNE.</param>
    /// <param name="side">Only purchases, or only sales.</param>
    /// <param name="limit">How many at most, 1 to 100.</param>
    /// <param name="cursor">The next_cursor of the page before. Leave it out to begin with the newest order.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [McpServerTool(Name = "list_orders", Title = "List orders", ReadOnly = true, Destructive = false, Idempotent = true, OpenWorld = true, UseStructuredContent = true, OutputSchemaType = typeof(OrderPage)), RequiresScope(StockScopes.OrdersRead)]
    public async partial Task<CallToolResult> ListOrdersAsync(
        OrderFilter status = OrderFilter.All,
        [RegularExpression(Symbol.Pattern), StringLength(Symbol.Longest, MinimumLength = 1)] string? symbol = null,
        OrderSide? side = null,
        [Range(1, 100)] int limit = 25,
        [RegularExpression("^[A-Za-z0-9_-]{1,64}$"), StringLength(OrderCursor.Longest, MinimumLength = 1)] string? cursor = null,
        CancellationToken cancellationToken = default)
    {
        var list = $"status={ToolJson.NameOf(status)}" + (symbol is null ? "" : "&symbols=" + symbol) + (side is { } only ? "&side=" + ToolJson.NameOf(only) : "");
        var query = $"{list}&direction=desc&limit={limit + 1}" + (cursor is null ? "" : $"&before_order_id={OrderCursor.Read(cursor, list):D}");
        var orders = await trading.ListOrdersAsync(query, cancellationToken);
        var answer = new OrderPage
        {
            Orders = [.. orders.Take(limit).Select(OrderInfo.From)],
            NextCursor = orders.Count > limit ? OrderCursor.After(orders[limit - 1].Id, list) : null,
        };
        var text = answer.Orders.Count == 0 ? "No orders." : string.Join("\n", answer.Orders.Select(order => order.InWords())) + (answer.NextCursor is null ? "" : $"\nThere are more: cursor {answer.NextCursor}");
        return StockToolsExtensions.Result(answer, text);
    }

    /// <summary>One order of the person, by its id at the brokerage or by the id that its sender chose. Give exactly one of the two.</summary>
    /// <param name="order_id">The order's id at the brokerage, a UUID.</param>
    /// <param name="client_order_id">The id that the order's sender chose.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [McpServerTool(Name = "get_order", Title = "Get order", ReadOnly = true, Destructive = false, Idempotent = true, OpenWorld = true, UseStructuredContent = true, OutputSchemaType = typeof(OrderInfo)), RequiresScope(StockScopes.OrdersRead)]
    public async partial Task<CallToolResult> GetOrderAsync(
        [RegularExpression(OrderIdPattern), StringLength(36, MinimumLength = 36)] string? order_id = null,
        [RegularExpression("^[!-~]{1,128}$"), StringLength(128, MinimumLength = 1)] string? client_order_id = null,
        CancellationToken cancellationToken = default)
    {
        var found = (order_id, client_order_id) switch
        {
            ({ } id, null) => await trading.FindOrderAsync(Guid.Parse(id), cancellationToken),
            (null, { } id) => await trading.FindOrderAsync(id, cancellationToken),
            _ => throw TradingException.InvalidArgument("order_id", "Give exactly one of order_id and client_order_id."),
        };
        var order = OrderInfo.From(found ?? throw new TradingException(ErrorCode.NotFound, "This account has no such order. Look for it with list_orders.") { Argument = order_id is null ? "client_order_id" : "order_id" });
        return StockToolsExtensions.Result(order, order.InWords() + ".");
    }
}
