namespace StockMcp.Doctor.Http;

/// <summary>A token, code or secret: it goes into requests, and never prints itself.</summary>
internal sealed record Secret(string Value)
{
    public override string ToString() => "(hidden)";
}
