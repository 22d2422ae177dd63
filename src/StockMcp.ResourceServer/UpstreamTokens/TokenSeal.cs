using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using StockMcp.ResourceServer.Sealing;
using StockMcp.Tools.Connections;

namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>
/// What Redis gets to see of a token: AES-256-GCM under a key of ours, bound to the entry's name, which is an HMAC (RS-15, KM-03). Whoever copies Redis learns nothing, and
/// whoever swaps two entries gets neither opened.
/// </summary>
internal sealed class TokenSeal : IDisposable
{
    private readonly byte[] nameKey;
    private readonly BoundSeal values;

    public TokenSeal(byte[] key)
    {
        nameKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: "stockmcp/server/cache/names/v1"u8.ToArray());
        values = new BoundSeal(key, "stockmcp/server/cache/values/v1"u8);
    }

    /// <summary>The entry's name.</summary>
    public string NameOf(TokenKey key) => "stockmcp:token:" + Base64Url.EncodeToString(HMACSHA256.HashData(nameKey, key.Canonical()));

    /// <param name="name">The entry's name.</param>
    /// <param name="token">The token.</param>
    /// <param name="epoch">The epoch of its links: in another it is void.</param>
    public byte[] Seal(string name, UpstreamAccessToken token, string epoch = "")
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(new Content(token.Value, token.ExpiresAt, epoch));
        var sealedToken = values.Seal(plain, Encoding.UTF8.GetBytes(name));
        CryptographicOperations.ZeroMemory(plain);
        return sealedToken;
    }

    /// <returns><see langword="null"/> if it was not sealed here under this name.</returns>
    public UpstreamAccessToken? Open(string name, ReadOnlySpan<byte> sealedToken) => Open(name, sealedToken, out _);

    /// <returns><see langword="null"/> if it was not sealed here under this name; and the epoch that it was sealed in.</returns>
    public UpstreamAccessToken? Open(string name, ReadOnlySpan<byte> sealedToken, out string epoch)
    {
        epoch = "";
        if (values.Open(sealedToken, Encoding.UTF8.GetBytes(name)) is not { } plain) return null;
        try
        {
            var content = JsonSerializer.Deserialize<Content>(plain)!;
            epoch = content.P;
            return new UpstreamAccessToken(content.T, content.E);
        }
        catch (JsonException)
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
        values.Dispose();
        CryptographicOperations.ZeroMemory(nameKey);
    }

    private sealed record Content(string T, DateTimeOffset E, string P = "")
    {
        public override string ToString() => "sealed token";
    }
}
