using StockMcp.Tools.Connections;
using StockMcp.Tools.Errors;
using StockMcp.Tools.OrderApprovals;

namespace StockMcp.Server.Approvals;

/// <summary>Who asks people for their yes, and keeps what became of it: the Authority, or any authorization server with CIBA and authorization details. Nothing here can approve anything.</summary>
internal interface IApprovals
{
    /// <summary>Whether there are approvals at all.</summary>
    bool IsThere { get; }

    /// <summary>CIBA Core, section 7: asks the caller's person about one order.</summary>
    /// <exception cref="TradingException">They were not asked.</exception>
    Task<AskedApproval> AskAsync(Caller caller, StockOrderDetails order, OrderContext context, string? requestId, CancellationToken cancellationToken);

    /// <summary>CIBA Core, section 10.1: the token, once the person said yes.</summary>
    Task<PollAnswer> PollAsync(Guid approvalId, string authReqId, CancellationToken cancellationToken);

    /// <summary>An approval of this person with this agent; with a status that is known already, as soon as it is another one.</summary>
    /// <returns><see langword="null"/> if there is none.</returns>
    /// <exception cref="TradingException">It cannot be read now.</exception>
    Task<ApprovalJson?> FindAsync(Guid approvalId, Caller caller, string? known, TimeSpan wait, CancellationToken cancellationToken);

    /// <summary>The receipt of an order of this person with this agent.</summary>
    /// <returns><see langword="null"/> if there is none.</returns>
    /// <exception cref="TradingException">It cannot be read now.</exception>
    Task<OrderReceipt?> ReceiptAsync(Guid approvalId, Caller caller, CancellationToken cancellationToken);

    /// <summary>Approved orders that nobody finishes, for this copy to finish.</summary>
    /// <exception cref="TradingException">They cannot be had now.</exception>
    Task<IReadOnlyList<LeasedApproval>> LeaseAsync(CancellationToken cancellationToken);

    /// <summary>Says what became of an order.</summary>
    /// <returns>False if another end is stored already.</returns>
    /// <exception cref="TradingException">It could not be said.</exception>
    Task<bool> ReportAsync(Guid approvalId, OrderOutcome outcome, CancellationToken cancellationToken);

    /// <summary>What a person allows their agents to spend.</summary>
    /// <exception cref="TradingException">It cannot be read now.</exception>
    Task<TradingLimits> LimitsAsync(Caller caller, CancellationToken cancellationToken);
}
