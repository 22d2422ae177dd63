using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using StockMcp.Tools.Connections;
using StockMcp.Tools.OrderApprovals;

namespace StockMcp.Server.Approvals;

/// <summary>The id of a review is the review itself: its terms, AES-256-GCM, bound to person and agent, for ten minutes. Nothing is kept, and every copy can open it.</summary>
internal sealed class ReviewSeal : IDisposable
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);
    private const byte Version = 1;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int Overhead = 1 + NonceBytes + TagBytes + sizeof(long);
    private readonly AesGcm aes;
    private readonly TimeProvider time;

    /// <param name="key">The key that all copies have.</param>
    /// <param name="time">The clock.</param>
    public ReviewSeal(byte[] key, TimeProvider time)
    {
        aes = new AesGcm(HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: "stockmcp/server/review-id/v1"u8.ToArray()), TagBytes);
        this.time = time;
    }

    public string Seal(Caller caller, string terms)
    {
        var text = Encoding.UTF8.GetBytes(terms);
        var plain = new byte[sizeof(long) + text.Length];
        BinaryPrimitives.WriteInt64BigEndian(plain, (time.GetUtcNow() + Lifetime).ToUnixTimeSeconds());
        text.CopyTo(plain, sizeof(long));
        var id = new byte[Overhead + text.Length];
        id[0] = Version;
        RandomNumberGenerator.Fill(id.AsSpan(1, NonceBytes));
        aes.Encrypt(id.AsSpan(1, NonceBytes), plain, id.AsSpan(1 + NonceBytes + TagBytes), id.AsSpan(1 + NonceBytes, TagBytes), BoundTo(caller));
        return Base64Url.EncodeToString(id);
    }

    /// <returns><see langword="null"/> if it was not made here for this caller, or too long ago.</returns>
    public string? Open(Caller caller, string reviewId)
    {
        if (!Base64Url.IsValid(reviewId)) return null;
        var id = Base64Url.DecodeFromChars(reviewId);
        if (id.Length <= Overhead || id[0] != Version) return null;
        var plain = new byte[id.Length - 1 - NonceBytes - TagBytes];
        try
        {
            aes.Decrypt(id.AsSpan(1, NonceBytes), id.AsSpan(1 + NonceBytes + TagBytes), id.AsSpan(1 + NonceBytes, TagBytes), plain, BoundTo(caller));
        }
        catch (CryptographicException)
        {
            return null;
        }
        return time.GetUtcNow().ToUnixTimeSeconds() < BinaryPrimitives.ReadInt64BigEndian(plain) ? Encoding.UTF8.GetString(plain.AsSpan(sizeof(long))) : null;
    }

    public void Dispose() => aes.Dispose();

    private static byte[] BoundTo(Caller caller) => Encoding.UTF8.GetBytes(string.Concat(new[] { caller.Issuer, caller.Subject, caller.ClientId }.Select(part => $"{part.Length}:{part}")));
}

/// <summary>The same for the current caller.</summary>
internal sealed class ReviewIds(ReviewSeal seal, Caller caller) : IReviewIds
{
    public string Seal(string terms) => seal.Seal(caller, terms);

    public string? Open(string reviewId) => seal.Open(caller, reviewId);
}
