using System.Collections.Concurrent;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using StockMcp.ResourceServer.Observability;
using StockMcp.Tools.Connections;
using StockMcp.Tools.Errors;

namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>
/// Upstream tokens, from memory, else from Redis, else by an exchange: one at a time for each key in this process, and across copies as long as there is a Redis (TV-03).
/// </summary>
internal sealed class UpstreamTokenCache : IDisposable
{
    // One that is revoked while it is exchanged is asked for again; one that is revoked each time again is not worth more.
    private const int MostExchanges = 3;
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromMilliseconds(50);
    private readonly SharedTokens shared;
    private readonly TokenSeal seal;
    private readonly IOptions<UpstreamTokenOptions> options;
    private readonly TimeProvider time;
    private readonly Telemetry telemetry;
    private readonly MemoryCache memory;
    private readonly Revocations revocations = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<UpstreamAccessToken>>> flights = new(StringComparer.Ordinal);

    public UpstreamTokenCache(SharedTokens shared, TokenSeal seal, IOptions<UpstreamTokenOptions> options, TimeProvider time, Telemetry telemetry)
    {
        (this.shared, this.seal, this.options, this.time, this.telemetry) = (shared, seal, options, time, telemetry);
        memory = new MemoryCache(new MemoryCacheOptions { SizeLimit = options.Value.Capacity });
        shared.OnRevoked = Forget;
    }

    /// <summary>The token of this key.</summary>
    /// <param name="key">Whose, and for what.</param>
    /// <param name="exchange">How to get a new one. It runs once for all who wait, on a cancellation of its own: the first one may leave while the others still wait.</param>
    /// <param name="cancellationToken">Ends this caller's wait.</param>
    /// <exception cref="TradingException">None can be had.</exception>
    public async Task<UpstreamAccessToken> GetAsync(TokenKey key, Func<CancellationToken, Task<UpstreamAccessToken>> exchange, CancellationToken cancellationToken)
    {
        var entry = new Named(seal.NameOf(key), key.Links());
        if (Remembered(entry.Name) is { } token)
        {
            telemetry.UpstreamToken("memory");
            return token;
        }
        var flight = flights.GetOrAdd(entry.Name, _ => new Lazy<Task<UpstreamAccessToken>>(() => Task.Run(() => FlyAsync(entry, exchange), CancellationToken.None)));
        return await flight.Value.WaitAsync(cancellationToken);
    }

    /// <summary>Forgets a token that upstream refused, here and in Redis; not a newer one that may stand in its place.</summary>
    public async Task ForgetAsync(TokenKey key, UpstreamAccessToken refused)
    {
        var name = seal.NameOf(key);
        if (Remembered(name)?.Value == refused.Value) memory.Remove(name);
        if ((await shared.FindAsync(name, key.Links())).Token?.Value == refused.Value) await shared.RemoveAsync(name);
    }

    public void Dispose()
    {
        shared.OnRevoked = null;
        memory.Dispose();
    }

    // TV-05: what is remembered is void at once, here and for copies that have not heard of it. In Redis the epoch makes it void, too; it is removed so as not to depend on that alone.
    private void Forget(string? link)
    {
        revocations.Add(link);
        foreach (var name in memory.Keys.OfType<string>().ToList())
        {
            if (!memory.TryGetValue(name, out Entry? entry) || !revocations.Since(entry!.Moment, entry.Links)) continue;
            memory.Remove(name);
            if (link is not null) _ = shared.RemoveAsync(name);
        }
    }

    private async Task<UpstreamAccessToken> FlyAsync(Named entry, Func<CancellationToken, Task<UpstreamAccessToken>> exchange)
    {
        try
        {
            return Remembered(entry.Name) ?? (await FindSharedAsync(entry)).Token ?? await ExchangeOnceAsync(entry, exchange);
        }
        finally
        {
            flights.TryRemove(entry.Name, out _);
        }
    }

    private async Task<UpstreamAccessToken> ExchangeOnceAsync(Named entry, Func<CancellationToken, Task<UpstreamAccessToken>> exchange)
    {
        var name = entry.Name;
        var lockTime = options.Value.Timeout + TimeSpan.FromSeconds(2);
        var owner = await shared.LockAsync(name, lockTime);
        var deadline = time.GetUtcNow() + options.Value.Timeout;
        // Another copy is at it: what it gets is in Redis in a moment. Should it fail, its lock is free, and it is our turn.
        while (owner is { Length: 0 } && time.GetUtcNow() < deadline)
        {
            await Task.Delay(s_lookAgain, TimeProvider.System, CancellationToken.None);
            if ((await FindSharedAsync(entry)).Token is { } found) return found;
            owner = await shared.LockAsync(name, lockTime);
        }
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                var moment = revocations.Now;
                var (found, epoch) = await FindSharedAsync(entry);
                if (found is not null) return found;
                var token = await ExchangeAsync(exchange);
                // It may have been given just before its link was revoked. Then it is neither remembered nor used.
                if (revocations.Since(moment, entry.Links) || ((await shared.FindAsync(name, entry.Links)).Epoch is { } now && epoch is not null && now != epoch))
                {
                    if (attempt < MostExchanges) continue;
                    throw TradingException.Unavailable("the authorization server");
                }
                var lifetime = Lifetime(token);
                if (lifetime > TimeSpan.Zero)
                {
                    Remember(entry, token, lifetime, moment);
                    if (epoch is not null) await shared.StoreAsync(name, token, epoch, lifetime);
                }
                return token;
            }
        }
        finally
        {
            if (owner is { Length: > 0 }) await shared.UnlockAsync(name, owner);
        }
    }

    private async Task<UpstreamAccessToken> ExchangeAsync(Func<CancellationToken, Task<UpstreamAccessToken>> exchange)
    {
        using var patience = new CancellationTokenSource(options.Value.Timeout, time);
        using var activity = Telemetry.Activities.StartActivity("token exchange");
        try
        {
            var token = await exchange(patience.Token);
            telemetry.Exchange("ok");
            telemetry.UpstreamToken("exchange");
            return token;
        }
        catch (TradingException exception)
        {
            telemetry.Exchange(Tools.Schemas.ToolJson.NameOf(exception.Code));
            throw;
        }
        catch (OperationCanceledException exception) when (patience.IsCancellationRequested)
        {
            telemetry.Exchange("timeout");
            throw TradingException.Unavailable("the authorization server", exception);
        }
    }

    private async Task<(UpstreamAccessToken? Token, string? Epoch)> FindSharedAsync(Named entry)
    {
        var moment = revocations.Now;
        var (token, epoch) = await shared.FindAsync(entry.Name, entry.Links);
        if (token is null || Lifetime(token) is var lifetime && lifetime <= TimeSpan.Zero || revocations.Since(moment, entry.Links)) return (null, epoch);
        Remember(entry, token, lifetime, moment);
        telemetry.UpstreamToken("redis");
        return (token, epoch);
    }

    private UpstreamAccessToken? Remembered(string name)
        => memory.TryGetValue(name, out Entry? entry) && entry!.Until > time.GetUtcNow() && !revocations.Since(entry.Moment, entry.Links) ? entry.Token : null;

    private void Remember(Named entry, UpstreamAccessToken token, TimeSpan lifetime, long moment)
        => memory.Set(entry.Name, new Entry(token, time.GetUtcNow() + lifetime, entry.Links, moment), new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = lifetime });

    private TimeSpan Lifetime(UpstreamAccessToken token)
    {
        var left = token.ExpiresAt - options.Value.ExpiryMargin - time.GetUtcNow();
        return left < options.Value.LongestMemory ? left : options.Value.LongestMemory;
    }

    /// <summary>An entry's name, and the links that make it void.</summary>
    private sealed record Named(string Name, IReadOnlyList<string> Links);

    private sealed record Entry(UpstreamAccessToken Token, DateTimeOffset Until, IReadOnlyList<string> Links, long Moment);
}
