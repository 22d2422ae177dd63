namespace StockMcp.Authority.Vault;

/// <summary>How it ended to ask the vault for an upstream token.</summary>
public abstract record UpstreamTokenOutcome
{
    private UpstreamTokenOutcome() { }

    /// <summary>A token of the connection.</summary>
    /// <param name="AccessToken">The token.</param>
    /// <param name="ExpiresAt">When it expires.</param>
    /// <param name="Scopes">The connection's scopes that it carries.</param>
    public sealed record Issued(string AccessToken, DateTimeOffset ExpiresAt, IReadOnlyList<string> Scopes) : UpstreamTokenOutcome
    {
        /// <inheritdoc/>
        public override string ToString() => $"Issued until {ExpiresAt:O}"; // a token never prints itself
    }

    /// <summary>Only the person can help: by connecting the account, again or with more scopes.</summary>
    /// <param name="Why">In words, for the person.</param>
    /// <param name="MissingScopes">The connection's scopes that were not granted; empty if the account is not connected at all.</param>
    public sealed record InteractionRequired(string Why, IReadOnlyList<string> MissingScopes) : UpstreamTokenOutcome;

    /// <summary>Only the person can help: by choosing which of their accounts agents use.</summary>
    /// <param name="Why">In words, for the person.</param>
    public sealed record ChoiceRequired(string Why) : UpstreamTokenOutcome;

    /// <summary>The provider gives no token for these authorization details.</summary>
    public sealed record DetailsRefused : UpstreamTokenOutcome;

    /// <summary>The provider did not answer, or not sensibly: later it may.</summary>
    public sealed record Unavailable : UpstreamTokenOutcome;
}
