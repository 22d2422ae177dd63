using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Caching.Memory;
using StockMcp.ResourceServer.Sealing;
using StockMcp.ResourceServer.UpstreamTokens;
using StockMcp.Tools.Connections;

namespace StockMcp.Server.Elicitation;

/// <summary>
/// Which approval a call of a client of 2025-11-25 asked for, which is told to open a page and then calls again with nothing that says so. Kept in Redis where there is one, sealed, else in
/// this process, for ten minutes and for one more call. A note that cannot be kept is not relied upon: the client is not told to call again then.
/// </summary>
internal sealed class CallNotes : IDisposable
{
    private const int Most = 10_000;
    private readonly byte[] nameKey;
    private readonly SharedTokens shared;
    private readonly RequestStates states;
    private readonly MemoryCache memory = new(new MemoryCacheOptions { SizeLimit = Most });

    /// <param name="key">The key that all copies have.</param>
    /// <param name="shared">Redis.</param>
    /// <param name="states">What seals a note.</param>
    public CallNotes(byte[] key, SharedTokens shared, RequestStates states)
    {
        nameKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: "stockmcp/server/call-notes/v1"u8.ToArray());
        (this.shared, this.states) = (shared, states);
    }

    /// <summary>Remembers the approval of a call.</summary>
    /// <returns>Whether every copy that may get the next call finds it.</returns>
    public async Task<bool> KeepAsync(Caller caller, string tool, IDictionary<string, JsonElement>? arguments, Guid approval)
    {
        var (name, note) = (NameOf(caller, tool, arguments), states.Seal(caller, tool, arguments, approval));
        if (shared.IsConfigured) return await shared.StoreNoteAsync(name, note, TimedSeal.Lifetime);
        memory.Set(name, note, new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = TimedSeal.Lifetime });
        return memory.TryGetValue(name, out _);
    }

    /// <summary>The approval that the same call asked for before, once.</summary>
    public async Task<Guid?> TakeAsync(Caller caller, string tool, IDictionary<string, JsonElement>? arguments)
    {
        var name = NameOf(caller, tool, arguments);
        var note = shared.IsConfigured ? await shared.TakeNoteAsync(name) : memory.Get<string>(name);
        memory.Remove(name);
        return note is not null && states.IsGood(note, caller, tool, arguments, out var approval) ? approval : null;
    }

    public void Dispose()
    {
        memory.Dispose();
        CryptographicOperations.ZeroMemory(nameKey);
    }

    private string NameOf(Caller caller, string tool, IDictionary<string, JsonElement>? arguments)
        => "stockmcp:call:" + Base64Url.EncodeToString(HMACSHA256.HashData(nameKey, RequestStates.BoundTo(caller, tool, arguments)));
}
