using StockMcp.Server.Elicitation;
using StockMcp.Server.Orders;
using StockMcp.Tools.Connections;
using StockMcp.Tools.Errors;
using StockMcp.Tools.OrderApprovals;

namespace StockMcp.Server.Approvals;

/// <summary>Approvals of the current caller's person with the current caller's agent, and nobody else's.</summary>
internal sealed class OrderApprovals(Caller caller, IApprovals approvals, OrderWork work, ApprovalPage page, TimeProvider time) : IOrderApprovals
{
    private static readonly TimeSpan s_breath = TimeSpan.FromMilliseconds(500);

    public Guid? UnderWay => page.UnderWay;

    public async Task<OrderApproval> AskAsync(StockOrderDetails order, OrderContext context, string? requestId, CancellationToken cancellationToken)
    {
        var asked = await approvals.AskAsync(caller, order, context, requestId, cancellationToken);
        // From here on the order does not depend on whether anybody waits for it (OX-05).
        if (asked.AuthReqId is not null) work.Watch(asked, asked.AuthReqId, order);
        // Asked for before, it may have been decided.
        if (requestId is not null || asked.AuthReqId is null) return await GetAsync(asked.ApprovalId, cancellationToken);
        return new OrderApproval
        {
            ApprovalId = asked.ApprovalId,
            Status = asked.MandateId is null ? ApprovalStatus.ApprovalPending : ApprovalStatus.Executing,
            BindingMessage = asked.BindingMessage,
            ApprovalUri = asked.ApprovalUri,
            ExpiresAt = asked.ExpiresAt,
            Order = order with { MandateId = asked.MandateId },
            ClientOrderId = OrderWork.ClientOrderId(asked.ApprovalId),
        };
    }

    public Task<OrderApproval> GetAsync(Guid approvalId, CancellationToken cancellationToken) => FindAsync(approvalId, null, TimeSpan.Zero, cancellationToken);

    public async Task<OrderApproval> WaitAsync(OrderApproval known, TimeSpan wait, CancellationToken cancellationToken)
    {
        if (known.Status == ApprovalStatus.ApprovalPending) await page.OpenAsync(known);
        var started = time.GetTimestamp();
        var status = known.Status switch { ApprovalStatus.ApprovalPending => "pending", ApprovalStatus.Executing => "executing", _ => "unknown" };
        var now = await FindAsync(known.ApprovalId, status, wait, cancellationToken);
        // approved and executing are one for the agent, and an answer may come early: nobody is asked in a tight loop.
        var left = wait - time.GetElapsedTime(started);
        if (now.Status == known.Status && left > TimeSpan.Zero) await Task.Delay(left < s_breath ? left : s_breath, time, cancellationToken);
        return now;
    }

    public async Task<OrderReceipt> GetReceiptAsync(Guid approvalId, CancellationToken cancellationToken)
        => await approvals.ReceiptAsync(approvalId, caller, cancellationToken)
            ?? throw new TradingException(ErrorCode.NotFound, "There is no receipt: this agent did not ask this person for such an approval, or its order was not placed. get_order_approval tells what became of it.") { Argument = "approval_id" };

    public Task<TradingLimits> GetLimitsAsync(CancellationToken cancellationToken) => approvals.LimitsAsync(caller, cancellationToken);

    private async Task<OrderApproval> FindAsync(Guid approvalId, string? known, TimeSpan wait, CancellationToken cancellationToken)
    {
        try
        {
            return (await approvals.FindAsync(approvalId, caller, known, wait, cancellationToken) ?? throw new TradingException(ErrorCode.NotFound, "This agent did not ask this person for such an approval. Its id stands in the answer of place_order.") { Argument = "approval_id" }).Read();
        }
        catch (TradingException exception) when (exception.Code is not ErrorCode.NotFound)
        {
            // What was asked for before goes on without us.
            throw new TradingException(exception.Code, exception.Message, exception) { MoneyMayHaveMoved = true };
        }
    }
}
