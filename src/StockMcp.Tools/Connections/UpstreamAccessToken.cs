namespace StockMcp.Tools.Connections;

/// <summary>A token of the brokerage's own. It goes to the brokerage and nowhere else, and never prints itself.</summary>
public sealed class UpstreamAccessToken(string value, DateTimeOffset expiresAt)
{
    /// <summary>For the Authorization header, and for nothing else.</summary>
    public string Value { get; } = value;

    /// <summary>From when it is not used any more.</summary>
    public DateTimeOffset ExpiresAt { get; } = expiresAt;

    /// <inheritdoc/>
    public override string ToString() => $"upstream access token until {ExpiresAt:O}";
}
