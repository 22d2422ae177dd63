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
    private readonly AesGcm aes;

    /// <param name="key">The key that all copies have.</param>
    /// <param name="purpose">What its own key is derived for.</param>
    public BoundSeal(byte[] key, ReadOnlySpan<byte> purpose) => aes = new AesGcm(HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: purpose.ToArray()), TagBytes);

    public byte[] Seal(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> boundTo)
    {
        var sealedBytes = new byte[Overhead + plain.Length];
        sealedBytes[0] = Version;
        var nonce = sealedBytes.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        aes.Encrypt(nonce, plain, sealedBytes.AsSpan(Overhead), sealedBytes.AsSpan(1 + NonceBytes, TagBytes), boundTo);
        return sealedBytes;
    }

    /// <returns><see langword="null"/> if it was not sealed here, or is bound to something else.</returns>
    public byte[]? Open(ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> boundTo)
    {
        if (sealedBytes.Length <= Overhead || sealedBytes[0] != Version) return null;
        var plain = new byte[sealedBytes.Length - Overhead];
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

    public void Dispose() => aes.Dispose();

    /// <summary>Several texts as one, so that no others make the same.</summary>
    public static byte[] Join(params IEnumerable<string> parts) => Encoding.UTF8.GetBytes(string.Concat(parts.Select(part => $"{part.Length}:{part}")));
}
