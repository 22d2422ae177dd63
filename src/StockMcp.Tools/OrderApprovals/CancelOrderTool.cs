using System.ComponentModel.DataAnnotations;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using StockMcp.Tools.Errors;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.Scopes;
using StockMcp.Tools.TradingApi;

namespace StockMcp.Tools.OrderApprovals;

/// <summary>Takes an order back. It can only end an order, so nobody is asked, and no limit holds it up.</summary>
internal sealed partial class CancelOrderTool(TradingClient trading)
{
    /// <summary>Asks the brokerage to cancel an open order of the person. The answer says that the brokerage accepted that, not that the order is cancelled: it may be filled first. Needs no approval, and may be repeated.</summary>
    /// <param name="order_id">The order's id at the brokerage, a UUID.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [McpServerTool(Name = "cancel_order", Title = "Cancel order", ReadOnly = false, Destructive = true, Idempotent = true, OpenWorld = true, UseStructuredContent = true, OutputSchemaType = typeof(CancelInfo)), RequiresScope(StockScopes.OrdersWrite)]
    public async partial Task<CallToolResult> CancelOrderAsync([RegularExpression("^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"), StringLength(36, MinimumLength = 36)] string order_id, CancellationToken cancellationToken = default)
    {
        var id = Guid.Parse(order_id);
        var ended = await trading.CancelOrderAsync(id, cancellationToken) switch
        {
            Cancellation.Accepted => null,
            Cancellation.Ended => await trading.FindOrderToCancelAsync(id, cancellationToken) ?? throw NoSuchOrder(),
            _ => throw NoSuchOrder(),
        };
        // Cancelled before: what was asked for is so.
        var answer = ended is null or { Status: "canceled" or "pending_cancel" }
            ? new CancelInfo { OrderId = id.ToString("D"), Status = CancelStatus.Accepted, WhatNext = "Look with get_order how it ended." }
            : new CancelInfo { OrderId = id.ToString("D"), Status = CancelStatus.TooLate, OrderStatus = ForeignText.Clean(ended.Status, 32), WhatNext = "The order had ended before it could be cancelled. Look at it with get_order." };
        return StockToolsExtensions.Result(answer, answer.OrderStatus is null ? $"Accepted: the brokerage cancels order {answer.OrderId}, unless it is filled first. {answer.WhatNext}" : $"Too late: order {answer.OrderId} is {answer.OrderStatus}. {answer.WhatNext}");
    }

    private static TradingException NoSuchOrder() => new(ErrorCode.NotFound, "This account has no such order. Look for it with list_orders.") { Argument = "order_id" };
}
