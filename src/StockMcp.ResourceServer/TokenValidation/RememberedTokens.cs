using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Caching.Memory;
using StockMcp.Tools.Connections;

namespace StockMcp.ResourceServer.TokenValidation;

/// <summary>
/// Tokens that were found valid, by their SHA-256, so that an agent's next call need not have its signature checked again. Each is forgotten when it expires, and all of them when the
/// authorization server's keys change: what a withdrawn key signed is checked anew, and refused (KM-02).
/// </summary>
internal sealed class RememberedTokens(AuthorityMetadata authority, TimeProvider time) : IDisposable
{
    private const int Most = 10_000;
    private readonly MemoryCache memory = new(new MemoryCacheOptions { SizeLimit = Most });

    /// <summary>The token, if it was remembered under the keys of now, and has not expired.</summary>
    public RememberedToken? Find(string token)
        => memory.TryGetValue(NameOf(token), out RememberedToken? found) && found!.Keys == authority.KeySet && time.GetUtcNow() < found.UsableUntil ? found : null;

    /// <summary>Remembers a token.</summary>
    public void Add(string token, RememberedToken found)
    {
        if (found.UsableUntil - time.GetUtcNow() is var left && left > TimeSpan.Zero)
            memory.Set(NameOf(token), found, new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = left });
    }

    public void Dispose() => memory.Dispose();

    private static Name NameOf(string token)
    {
        Span<byte> ascii = stackalloc byte[TokenForm.Longest];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        if (!Encoding.UTF8.TryGetBytes(token, ascii, out var length)) return new Name(0, 0, 0, 0); // nothing so long was ever valid
        SHA256.HashData(ascii[..length], hash);
        return new Name(BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash[8..]), BitConverter.ToUInt64(hash[16..]), BitConverter.ToUInt64(hash[24..]));
    }

    private sealed record Name(ulong A, ulong B, ulong C, ulong D);
}

/// <summary>A token that was found valid.</summary>
/// <param name="Principal">Its claims.</param>
/// <param name="Caller">Who it is.</param>
/// <param name="Keys">The keys under which it was checked.</param>
/// <param name="UsableUntil">When it expires, with the tolerance for clocks that differ.</param>
internal sealed record RememberedToken(ClaimsPrincipal Principal, Caller Caller, string Keys, DateTimeOffset UsableUntil);
