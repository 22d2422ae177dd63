using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using StockMcp.Tools.Connections;

namespace StockMcp.Server.UpstreamTokens;

/// <summary>
/// What Redis gets to see of a token: AES-256-GCM under a key of ours, bound to the entry's name, which is an HMAC (RS-15, KM-03). Whoever copies Redis learns nothing, and
/// whoever swaps two entries gets neither opened.
/// </summary>
internal sealed class TokenSeal : IDisposable
{
    private const byte Version = 1;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private readonly byte[] nameKey;
    private readonly AesGcm aes;

    public TokenSeal(byte[] key)
    {
        nameKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: "stockmcp/server/cache/names/v1"u8.ToArray());
        aes = new AesGcm(HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: "stockmcp/server/cache/values/v1"u8.ToArray()), TagBytes);
    }

    /// <summary>The entry's name.</summary>
    public string NameOf(TokenKey key) => "stockmcp:token:" + Base64Url.EncodeToString(HMACSHA256.HashData(nameKey, Encoding.UTF8.GetBytes(key.Canonical())));

    /// <param name="name">The entry's name.</param>
    /// <param name="token">The token.</param>
    /// <param name="epoch">The epoch of its links: in another it is void.</param>
    public byte[] Seal(string name, UpstreamAccessToken token, string epoch = "")
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(new Content(token.Value, token.ExpiresAt, epoch));
        var sealedToken = new byte[1 + NonceBytes + TagBytes + plain.Length];
        sealedToken[0] = Version;
        var nonce = sealedToken.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        aes.Encrypt(nonce, plain, sealedToken.AsSpan(1 + NonceBytes + TagBytes), sealedToken.AsSpan(1 + NonceBytes, TagBytes), Encoding.UTF8.GetBytes(name));
        CryptographicOperations.ZeroMemory(plain);
        return sealedToken;
    }

    /// <returns><see langword="null"/> if it was not sealed here under this name.</returns>
    public UpstreamAccessToken? Open(string name, ReadOnlySpan<byte> sealedToken) => Open(name, sealedToken, out _);

    /// <returns><see langword="null"/> if it was not sealed here under this name; and the epoch that it was sealed in.</returns>
    public UpstreamAccessToken? Open(string name, ReadOnlySpan<byte> sealedToken, out string epoch)
    {
        epoch = "";
        if (sealedToken.Length <= 1 + NonceBytes + TagBytes || sealedToken[0] != Version) return null;
        var plain = new byte[sealedToken.Length - 1 - NonceBytes - TagBytes];
        try
        {
            aes.Decrypt(sealedToken.Slice(1, NonceBytes), sealedToken[(1 + NonceBytes + TagBytes)..], sealedToken.Slice(1 + NonceBytes, TagBytes), plain, Encoding.UTF8.GetBytes(name));
            var content = JsonSerializer.Deserialize<Content>(plain)!;
            epoch = content.P;
            return new UpstreamAccessToken(content.T, content.E);
        }
        catch (Exception exception) when (exception is CryptographicException or JsonException)
        {
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    public void Dispose()
    {
        aes.Dispose();
        CryptographicOperations.ZeroMemory(nameKey);
    }

    private sealed record Content(string T, DateTimeOffset E, string P = "")
    {
        public override string ToString() => "sealed token";
    }
}
