namespace StockMcp.ResourceServer.TokenValidation;

/// <summary>The caller's own access token, for the exchange and for nothing else (RS-04). It never prints itself.</summary>
internal sealed class SubjectToken(string value)
{
    public string Value { get; } = value;

    public override string ToString() => "the caller's access token";
}
