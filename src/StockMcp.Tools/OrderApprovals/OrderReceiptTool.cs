using System.ComponentModel.DataAnnotations;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using StockMcp.Tools.Scopes;

namespace StockMcp.Tools.OrderApprovals;

/// <summary>Receipts of placed orders.</summary>
internal sealed partial class OrderReceiptTool(IOrderApprovals approvals)
{
    /// <summary>The signed receipt of an order that this agent placed: a JWS that says who asked, through which agent, which approval or mandate allowed it, the exact terms, the brokerage's answer, and the line in the audit log. Anybody can verify it with the published keys.</summary>
    /// <param name="approval_id">The approval_id of place_order, a UUID.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [McpServerTool(Name = "get_order_receipt", Title = "Get order receipt", ReadOnly = true, Destructive = false, Idempotent = true, OpenWorld = true, UseStructuredContent = true, OutputSchemaType = typeof(OrderReceiptInfo)), RequiresScope(StockScopes.OrdersRead)]
    public async partial Task<CallToolResult> GetOrderReceiptAsync([RegularExpression("^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"), StringLength(36, MinimumLength = 36)] string approval_id, CancellationToken cancellationToken = default)
    {
        var receipt = await approvals.GetReceiptAsync(Guid.Parse(approval_id), cancellationToken);
        var answer = new OrderReceiptInfo
        {
            ApprovalId = Guid.Parse(approval_id).ToString("D"),
            Receipt = receipt.Jws,
            Issuer = receipt.Issuer,
            JwksUrl = receipt.JwksUri,
            HowToVerify = $"Save the receipt to a file and run: stockmcp verify-receipt FILE --issuer {receipt.Issuer}",
        };
        return StockToolsExtensions.Result(answer, $"The receipt, signed by {receipt.Issuer}: {receipt.Jws}\n{answer.HowToVerify}");
    }
}
