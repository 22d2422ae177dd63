using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using StockMcp.Tools.Errors;

namespace StockMcp.Tools.Orders;

/// <summary>Where a page of orders ended, and of which list. It grants nothing: whose orders are listed is decided by the token alone.</summary>
internal static class OrderCursor
{
    public const int Longest = 64;
    private const int IdBytes = 16;
    private const int DigestBytes = 8;

    public static string After(string orderId, string list)
        => Base64Url.EncodeToString([.. Guid.TryParse(orderId, out var id) ? id.ToByteArray() : throw new TradingException(ErrorCode.UpstreamAnswerInvalid, "The brokerage's answer cannot be used: an order's id is not a UUID. Nothing of it is passed on."), .. Digest(list)]);

    /// <exception cref="TradingException">It is none of ours, or of another list.</exception>
    public static Guid Read(string cursor, string list)
    {
        if (Base64Url.IsValid(cursor) && Base64Url.DecodeFromChars(cursor) is { Length: IdBytes + DigestBytes } bytes && bytes.AsSpan(IdBytes).SequenceEqual(Digest(list))) return new Guid(bytes.AsSpan(0, IdBytes));
        throw TradingException.InvalidArgument("cursor", "cursor must be the next_cursor of a page with the same status, symbol and side. Leave it out to begin with the newest order.");
    }

    private static ReadOnlySpan<byte> Digest(string list) => SHA256.HashData(Encoding.UTF8.GetBytes(list)).AsSpan(0, DigestBytes);
}
