using StockMcp.Authority.TradingLimits;

namespace StockMcp.Authority.Approvals;

/// <summary>How it ended to ask for an approval.</summary>
internal abstract record AskOutcome
{
    /// <summary>The person is asked, or was already: then <paramref name="Approval"/> is the request of before.</summary>
    public sealed record Asked(Approval Approval, string AuthReqId) : AskOutcome
    {
        public override string ToString() => nameof(Asked);
    }

    /// <summary>The request_id is of a request with other terms.</summary>
    public sealed record OtherTerms : AskOutcome;

    /// <summary>The person's bounds do not allow it.</summary>
    public sealed record Refused(BrokenLimit Limit) : AskOutcome;

    /// <summary>The person, or the agent, has too many requests (AP-04).</summary>
    public sealed record TooMany(string Why, TimeSpan RetryAfter) : AskOutcome;
}

/// <summary>How a decision ended.</summary>
internal abstract record DecideOutcome
{
    /// <summary>It stands.</summary>
    public sealed record Done(Approval Approval) : DecideOutcome;

    /// <summary>It was decided before, or its time is over: nothing changed.</summary>
    public sealed record TooLate(Approval Approval) : DecideOutcome;

    /// <summary>The person's own bounds do not allow a yes.</summary>
    public sealed record Bounded(Approval Approval, BrokenLimit Limit) : DecideOutcome;

    /// <summary>The agent was signed out since: there is nobody to say yes to.</summary>
    public sealed record AgentGone(Approval Approval) : DecideOutcome;

    /// <summary>There is none of this person.</summary>
    public sealed record NotFound : DecideOutcome;
}

/// <summary>How it ended to come for the token.</summary>
internal abstract record RedeemOutcome
{
    /// <summary>Here it is: the intent is stored.</summary>
    public sealed record Granted(Approval Approval) : RedeemOutcome;

    /// <summary>The person has not decided yet.</summary>
    public sealed record Pending : RedeemOutcome;

    /// <summary>An error of CIBA Core, section 11, or of RFC 6749, section 5.2.</summary>
    public sealed record Refused(string Error, string Description) : RedeemOutcome;
}

/// <summary>How what was approved ended, as the MCP server says.</summary>
internal sealed record ReportedOutcome(ApprovalState State, string? OrderId, string? OrderStatus, string? FilledQuantity, string? FilledPrice, string? Reason, DateTimeOffset? SubmittedAt, DateTimeOffset? FilledAt);
