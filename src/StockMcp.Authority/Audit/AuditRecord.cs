using System.Diagnostics;

namespace StockMcp.Authority.Audit;

/// <summary>What happened, as the audit log names it. Names are stable: people filter by them.</summary>
public static class AuditEvents
{
    /// <summary>A person signed in, or was refused.</summary>
    public const string SignIn = "sign_in";

    /// <summary>A person signed out.</summary>
    public const string SignOut = "sign_out";

    /// <summary>A person answered the question whether an agent may act for them, or had answered it before.</summary>
    public const string Consent = "consent";

    /// <summary>A person signed an agent out: its consent and its tokens ended.</summary>
    public const string AgentSignedOut = "agent.signed_out";

    /// <summary>An agent redeemed a code for tokens.</summary>
    public const string TokenIssued = "token.issued";

    /// <summary>An agent refreshed its tokens.</summary>
    public const string TokenRefreshed = "token.refreshed";

    /// <summary>A code or a refresh token was not honoured.</summary>
    public const string TokenRefused = "token.refused";

    /// <summary>A code or a refresh token was used again, and all that came from it was revoked.</summary>
    public const string TokenReused = "token.reused";

    /// <summary>The MCP server exchanged an agent's token.</summary>
    public const string Exchange = "exchange";

    /// <summary>A secret of the vault did not open.</summary>
    public const string VaultRefused = "vault.refused";

    /// <summary>A person connected an account, or more of it.</summary>
    public const string AccountConnected = "account.connected";

    /// <summary>A person disconnected an account.</summary>
    public const string AccountDisconnected = "account.disconnected";

    /// <summary>The connection does not honour an account's refresh token any more.</summary>
    public const string AccountReconnectNeeded = "account.reconnect_needed";

    /// <summary>A client registered itself.</summary>
    public const string ClientRegistered = "client.registered";

    /// <summary>An agent asked for a person's approval.</summary>
    public const string ApprovalRequested = "approval.requested";

    /// <summary>The person decided.</summary>
    public const string ApprovalDecided = "approval.decided";

    /// <summary>The person took their yes back.</summary>
    public const string ApprovalWithdrawn = "approval.withdrawn";

    /// <summary>Nobody decided in time, or nobody came for the yes.</summary>
    public const string ApprovalExpired = "approval.expired";

    /// <summary>The yes was used: the order is on its way from here on.</summary>
    public const string OrderIntent = "order.intent";

    /// <summary>The broker took the order.</summary>
    public const string OrderPlaced = "order.placed";

    /// <summary>The broker refused the order.</summary>
    public const string OrderRejected = "order.rejected";

    /// <summary>The order was not placed, and will not be.</summary>
    public const string OrderNotPlaced = "order.not_placed";

    /// <summary>Whether the order was placed cannot be told yet.</summary>
    public const string OrderUnknown = "order.unknown";

    /// <summary>The person let an agent order within bounds.</summary>
    public const string MandateGranted = "mandate.granted";

    /// <summary>The person ended a mandate.</summary>
    public const string MandateRevoked = "mandate.revoked";

    /// <summary>An agent ordered within a mandate: its amount was taken off the budget.</summary>
    public const string MandateUsed = "mandate.used";

    /// <summary>The person changed their bounds for agents.</summary>
    public const string LimitsChanged = "limits.changed";
}

/// <summary>Whether it was allowed.</summary>
public static class AuditDecisions
{
    /// <summary>It was.</summary>
    public const string Allowed = "allowed";

    /// <summary>It was not.</summary>
    public const string Refused = "refused";
}

/// <summary>What is to be written to the audit log: pseudonymous ids, never a name, a code or a token (DM-01).</summary>
/// <param name="Event">One of <see cref="AuditEvents"/>.</param>
/// <param name="Decision">One of <see cref="AuditDecisions"/>.</param>
public sealed record AuditRecord(string Event, string Decision = AuditDecisions.Allowed)
{
    /// <summary>The person who did it, or for whom it was done.</summary>
    public Guid? Person { get; init; }

    /// <summary>The agent's client_id.</summary>
    public string? Client { get; init; }

    /// <summary>The connection that it was about.</summary>
    public string? Connection { get; init; }

    /// <summary>The scopes that it was about, separated by spaces.</summary>
    public string? Scopes { get; init; }

    /// <summary>Why it was decided so, or how it ended: a stable code such as <c>invalid_grant</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>The approval that it was about.</summary>
    public Guid? Approval { get; init; }

    /// <summary>SHA-256 of the terms that it was about, base64url.</summary>
    public string? Details { get; init; }

    /// <summary>The order that it was about, by the broker's id.</summary>
    public string? Order { get; init; }

    /// <summary>The mandate that it was about, or rested on.</summary>
    public Guid? Mandate { get; init; }

    /// <summary>The trace in which it happened.</summary>
    public string? Trace { get; init; } = Activity.Current?.TraceId.ToHexString();
}
