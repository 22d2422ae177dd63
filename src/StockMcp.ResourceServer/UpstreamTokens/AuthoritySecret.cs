namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>This server's client secret at the authorization server. It never prints itself.</summary>
internal sealed class AuthoritySecret(string? value)
{
    public string? Value { get; } = value;

    public override string ToString() => "client secret";
}
