namespace StockMcp.Authority.Audit;

/// <summary>An entry of the audit log in words, for the person whom it is about.</summary>
internal static class AuditWords
{
    /// <param name="entry">The entry.</param>
    /// <param name="connection">What people call its connection.</param>
    public static string Of(AuditEntry entry, string? connection)
    {
        var refused = entry.Decision == AuditDecisions.Refused;
        return entry.Event switch
        {
            AuditEvents.SignIn => refused ? "A sign-in was refused" : "You signed in",
            AuditEvents.SignOut => "You signed out",
            AuditEvents.Consent => refused ? "You did not allow an agent" : entry.Reason is null ? "You allowed an agent" : "An agent that you had allowed came back",
            AuditEvents.AgentSignedOut => "You signed an agent out",
            AuditEvents.TokenIssued => "An agent got access",
            AuditEvents.TokenRefreshed => "An agent renewed its access",
            AuditEvents.TokenRefused => "An agent's request for access was refused",
            AuditEvents.TokenReused => "An agent's old access was used again: all that came from it was ended",
            AuditEvents.Exchange => refused ? $"An agent could not use {connection}" : $"An agent used {connection ?? "your list of accounts"}",
            AuditEvents.VaultRefused => $"The stored access to {connection} does not open",
            AuditEvents.AccountConnected => refused ? $"Connecting {connection} was refused" : $"You connected {connection}",
            AuditEvents.AccountDisconnected => $"You disconnected {connection}",
            AuditEvents.AccountReconnectNeeded => $"{connection} has to be connected again",
            AuditEvents.ApprovalRequested => refused ? "An agent asked for an order that your limits do not allow" : "An agent asked for your approval",
            AuditEvents.ApprovalDecided => refused ? "You said no to an agent" : "You approved an order",
            AuditEvents.ApprovalWithdrawn => "You took an approval back",
            AuditEvents.ApprovalExpired => "A request for your approval expired",
            AuditEvents.OrderIntent => entry.Mandate is null ? "Your approval was used for an order" : "An order within your mandate is on its way",
            AuditEvents.MandateGranted => "You let an agent trade within bounds",
            AuditEvents.MandateRevoked => "You ended a mandate",
            AuditEvents.MandateUsed => "An agent ordered within your mandate",
            AuditEvents.OrderPlaced => "The order was placed",
            AuditEvents.OrderRejected => "The order was refused",
            AuditEvents.OrderNotPlaced => "The order was not placed",
            AuditEvents.OrderUnknown => "Whether the order was placed is being looked up",
            AuditEvents.LimitsChanged => "You changed your limits for agents",
            _ => entry.Event,
        };
    }
}
