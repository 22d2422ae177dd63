namespace StockMcp.ResourceServer.Sealing;

/// <summary>The key that all copies of this server have. What is sealed is sealed under keys derived from it.</summary>
internal sealed class SharedKey(byte[] value)
{
    public byte[] Value { get; } = value;

    public override string ToString() => "the key of all copies";
}
