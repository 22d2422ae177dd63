using System.Buffers.Binary;
using System.Buffers.Text;

namespace StockMcp.ResourceServer.Sealing;

/// <summary>A <see cref="BoundSeal"/> that opens for ten minutes, as text: for what a client carries and brings back, so that nothing need be kept and every copy can open it.</summary>
/// <param name="key">The key that all copies have.</param>
/// <param name="purpose">What its own key is derived for.</param>
/// <param name="time">The clock.</param>
internal sealed class TimedSeal(byte[] key, ReadOnlySpan<byte> purpose, TimeProvider time) : IDisposable
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);
    private readonly BoundSeal seal = new(key, purpose);

    /// <summary>How long the text of so many bytes is.</summary>
    public static int LengthOf(int contentBytes) => Base64Url.GetEncodedLength(BoundSeal.Overhead + sizeof(long) + contentBytes);

    public string Seal(ReadOnlySpan<byte> content, ReadOnlySpan<byte> boundTo)
    {
        var plain = new byte[sizeof(long) + content.Length];
        BinaryPrimitives.WriteInt64BigEndian(plain, (time.GetUtcNow() + Lifetime).ToUnixTimeSeconds());
        content.CopyTo(plain.AsSpan(sizeof(long)));
        return Base64Url.EncodeToString(seal.Seal(plain, boundTo));
    }

    /// <returns><see langword="null"/> if it was not sealed here, is bound to something else, or is too old.</returns>
    public byte[]? Open(string text, ReadOnlySpan<byte> boundTo)
        => Base64Url.IsValid(text) && seal.Open(Base64Url.DecodeFromChars(text), boundTo) is { Length: >= sizeof(long) } plain && time.GetUtcNow().ToUnixTimeSeconds() < BinaryPrimitives.ReadInt64BigEndian(plain)
            ? plain[sizeof(long)..] : null;

    public void Dispose() => seal.Dispose();
}
