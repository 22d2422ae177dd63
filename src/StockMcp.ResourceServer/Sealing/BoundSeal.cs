using System.Security.Cryptography;
using System.Text;

namespace StockMcp.ResourceServer.Sealing;

/// <summary>AES-256-GCM under a key for one purpose (KM-03): version, nonce, tag, ciphertext. What is sealed opens only where it is bound to.</summary>
internal sealed class BoundSeal : IDisposable
{
    /// <summary>How much longer it is than what was sealed.</summary>
    public const int Overhead = 1 + NonceBytes + TagBytes;

    private const byte Version = 1;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private readonly byte[] key;

    /// <param name="key">The key that all copies have.</param>
    /// <param name="purpose">What its own key is derived for.</param>
    public BoundSeal(byte[] key, ReadOnlySpan<byte> purpose) => this.key = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: purpose.ToArray());

    public byte[] Seal(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> boundTo)
    {
        var sealedBytes = new byte[Overhead + plain.Length];
        sealedBytes[0] = Version;
        var nonce = sealedBytes.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = NewCipher();
        aes.Encrypt(nonce, plain, sealedBytes.AsSpan(Overhead), sealedBytes.AsSpan(1 + NonceBytes, TagBytes), boundTo);
        return sealedBytes;
    }

    /// <returns><see langword="null"/> if it was not sealed here, or is bound to something else.</returns>
    public byte[]? Open(ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> boundTo)
    {
        if (sealedBytes.Length <= Overhead || sealedBytes[0] != Version) return null;
        var plain = new byte[sealedBytes.Length - Overhead];
        using var aes = NewCipher();
        try
        {
            aes.Decrypt(sealedBytes.Slice(1, NonceBytes), sealedBytes[Overhead..], sealedBytes.Slice(1 + NonceBytes, TagBytes), plain, boundTo);
            return plain;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(key);

    /// <summary>Several texts as one, so that no others make the same.</summary>
    public static byte[] Join(params IEnumerable<string> parts) => Encoding.UTF8.GetBytes(string.Concat(parts.Select(part => $"{part.Length}:{part}")));

    // One for each use: two threads on one cipher mix up nonces and tags.
    private AesGcm NewCipher() => new(key, TagBytes);
}
