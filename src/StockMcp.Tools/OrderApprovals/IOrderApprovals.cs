using System.Text.Json.Nodes;
using StockMcp.Tools.Errors;

namespace StockMcp.Tools.OrderApprovals;

/// <summary>
/// Asks the current caller's person whether an order may be placed, and places it once they say yes. The seam between the tools and whatever keeps approvals: nothing here can
/// approve anything.
/// </summary>
public interface IOrderApprovals
{
    /// <summary>The approval that this very call has asked for before, if its client calls again to go on waiting.</summary>
    Guid? UnderWay { get; }

    /// <summary>Asks the person. The same request while one is pending is the same approval. From here on the order is placed as soon as the person says yes, whoever still waits.</summary>
    /// <param name="order">The order.</param>
    /// <param name="context">What the person should know beside it; for display alone.</param>
    /// <param name="requestId">The agent's own id for it: with it, it is one request however often it is asked, whatever became of it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="TradingException">They were not asked: a limit of theirs, or nobody to ask.</exception>
    Task<OrderApproval> AskAsync(StockOrderDetails order, OrderContext context, string? requestId, CancellationToken cancellationToken);

    /// <summary>An approval that this agent asked this person for.</summary>
    /// <exception cref="TradingException">There is none, or it cannot be read now.</exception>
    Task<OrderApproval> GetAsync(Guid approvalId, CancellationToken cancellationToken);

    /// <summary>Waits until an approval's status is another one than is known.</summary>
    /// <returns>How it stands then, or at the end of the wait.</returns>
    /// <exception cref="TradingException">It cannot be read now.</exception>
    Task<OrderApproval> WaitAsync(OrderApproval known, TimeSpan wait, CancellationToken cancellationToken);

    /// <summary>What the person allows their agents to spend.</summary>
    /// <exception cref="TradingException">It cannot be read now.</exception>
    Task<TradingLimits> GetLimitsAsync(CancellationToken cancellationToken);

    /// <summary>The signed receipt of an order that this agent asked this person for.</summary>
    /// <exception cref="TradingException">The order was not placed, or it cannot be read now.</exception>
    Task<OrderReceipt> GetReceiptAsync(Guid approvalId, CancellationToken cancellationToken)
        => throw new TradingException(ErrorCode.UpstreamRefused, "What keeps the approvals here gives no receipts.");
}

/// <summary>A signed receipt.</summary>
/// <param name="Jws">It, as a JWS (RFC 7515, compact). It is no token: nothing can be done with it but show it.</param>
/// <param name="Issuer">Who signed it.</param>
/// <param name="JwksUri">Where the issuer publishes the keys.</param>
public sealed record OrderReceipt(string Jws, string Issuer, string JwksUri);

/// <summary>What a person should know beside the order that they are asked about.</summary>
/// <param name="Name">The company's name.</param>
/// <param name="Effects">What the order would change.</param>
public sealed record OrderContext(string Name, IReadOnlyList<OrderEffect> Effects)
{
    /// <summary>Names the agent's call: within a mandate, the same name again is the same order. Each call is one of its own unless set.</summary>
    public string? CallId { get; init; }

    /// <summary>As it is sent.</summary>
    public JsonObject ToJson() => new()
    {
        ["name"] = Name,
        ["effects"] = new JsonArray([.. Effects.Select(effect => new JsonObject { ["label"] = effect.Label, ["before"] = effect.Before, ["after"] = effect.After })]),
    };
}

/// <summary>What an order would change.</summary>
/// <param name="Label">Of what.</param>
/// <param name="Before">How it is now.</param>
/// <param name="After">How it would be.</param>
public sealed record OrderEffect(string Label, string Before, string After);

/// <summary>Where a request for an order stands.</summary>
public enum ApprovalStatus
{
    /// <summary>The person was asked and has not answered.</summary>
    ApprovalPending,

    /// <summary>They said no.</summary>
    Denied,

    /// <summary>They did not answer in time.</summary>
    Expired,

    /// <summary>It was withdrawn before it was placed.</summary>
    Cancelled,

    /// <summary>They said yes, and the order is on its way.</summary>
    Executing,

    /// <summary>The brokerage has the order.</summary>
    Placed,

    /// <summary>The brokerage did not take it.</summary>
    Rejected,

    /// <summary>They said yes, and it did not go out.</summary>
    NotPlaced,

    /// <summary>It is not known whether the brokerage has the order.</summary>
    Unknown,
}

/// <summary>A request for an order, and what became of it.</summary>
public sealed record OrderApproval
{
    /// <summary>Its id.</summary>
    public required Guid ApprovalId { get; init; }

    /// <summary>Where it stands.</summary>
    public required ApprovalStatus Status { get; init; }

    /// <summary>The short code that the person sees on both sides.</summary>
    public required string BindingMessage { get; init; }

    /// <summary>Where the person answers.</summary>
    public required string ApprovalUri { get; init; }

    /// <summary>Until when they can answer.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The order.</summary>
    public required StockOrderDetails Order { get; init; }

    /// <summary>The id that the order has or would have at the brokerage, by its sender's choice.</summary>
    public required string ClientOrderId { get; init; }

    /// <summary>The order's id at the brokerage.</summary>
    public string? OrderId { get; init; }

    /// <summary>Where the order stood when it was placed, in the brokerage's words.</summary>
    public string? OrderStatus { get; init; }

    /// <summary>How many shares were filled when it was placed.</summary>
    public decimal? FilledQuantity { get; init; }

    /// <summary>At which price, on average.</summary>
    public decimal? FilledPrice { get; init; }

    /// <summary>Stable code of why it ended as it did.</summary>
    public string? Reason { get; init; }

    /// <summary>The mandate within which it is ordered, without asking; none if the person is asked.</summary>
    public Guid? MandateId => Order.MandateId;

    /// <summary>Whether nothing will change any more.</summary>
    public bool IsFinal => Status is not (ApprovalStatus.ApprovalPending or ApprovalStatus.Executing or ApprovalStatus.Unknown);

    /// <summary>Whether something may have been bought or sold.</summary>
    public bool MoneyMayHaveMoved => Status is ApprovalStatus.Executing or ApprovalStatus.Placed or ApprovalStatus.Unknown;
}

/// <summary>What a person allows their agents to spend. An absent figure is no limit.</summary>
public sealed record TradingLimits
{
    /// <summary>Whether agents may ask for orders at all.</summary>
    public required bool Trading { get; init; }

    /// <summary>What one order may cost at most.</summary>
    public decimal? LargestOrder { get; init; }

    /// <summary>What all orders of a day may cost at most.</summary>
    public decimal? LargestDailyTotal { get; init; }

    /// <summary>What today's orders count as so far.</summary>
    public required decimal UsedToday { get; init; }

    /// <summary>The only shares that may be traded.</summary>
    public IReadOnlyList<string>? AllowedSymbols { get; init; }

    /// <summary>Shares that may not be traded.</summary>
    public required IReadOnlyList<string> DeniedSymbols { get; init; }

    /// <summary>The currency of all amounts.</summary>
    public required string Currency { get; init; }

    /// <summary>Bounds within which this agent orders without asking.</summary>
    public IReadOnlyList<TradingMandate> Mandates { get; init; } = [];
}

/// <summary>Bounds within which the person lets an agent order without asking.</summary>
public sealed record TradingMandate
{
    /// <summary>Its id.</summary>
    public required string MandateId { get; init; }

    /// <summary>The only shares.</summary>
    public required IReadOnlyList<string> Symbols { get; init; }

    /// <summary><c>buy</c>, <c>sell</c> or both.</summary>
    public required IReadOnlyList<string> Sides { get; init; }

    /// <summary>The only accounts; all of the person's if absent.</summary>
    public IReadOnlyList<string>? Accounts { get; init; }

    /// <summary>What one order may cost at most.</summary>
    public required decimal LargestOrder { get; init; }

    /// <summary>What all orders of a day may cost at most.</summary>
    public required decimal DailyBudget { get; init; }

    /// <summary>What all orders may cost at most.</summary>
    public required decimal Budget { get; init; }

    /// <summary>The highest price of a share that is bought.</summary>
    public decimal? HighestPrice { get; init; }

    /// <summary>The lowest limit of a share that is sold.</summary>
    public decimal? LowestPrice { get; init; }

    /// <summary>What is left of today.</summary>
    public required decimal LeftToday { get; init; }

    /// <summary>What is left in all.</summary>
    public required decimal Left { get; init; }

    /// <summary>When it ends.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}
