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
            _ => entry.Event,
        };
    }
}
