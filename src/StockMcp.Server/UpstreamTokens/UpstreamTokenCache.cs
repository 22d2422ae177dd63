using System.Collections.Concurrent;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using StockMcp.Server.Observability;
using StockMcp.Tools.Connections;
using StockMcp.Tools.Errors;

namespace StockMcp.Server.UpstreamTokens;

/// <summary>
/// Upstream tokens, from memory, else from Redis, else by an exchange: one at a time for each key in this process, and across copies as long as there is a Redis (TV-03).
/// </summary>
internal sealed class UpstreamTokenCache(SharedTokens shared, TokenSeal seal, IOptions<UpstreamTokenOptions> options, TimeProvider time, Telemetry telemetry) : IDisposable
{
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromMilliseconds(50);
    private readonly MemoryCache memory = new(new MemoryCacheOptions { SizeLimit = options.Value.Capacity });
    private readonly ConcurrentDictionary<string, Lazy<Task<UpstreamAccessToken>>> flights = new(StringComparer.Ordinal);

    /// <summary>The token of this key.</summary>
    /// <param name="key">Whose, and for what.</param>
    /// <param name="exchange">How to get a new one. It runs once for all who wait, on a cancellation of its own: the first one may leave while the others still wait.</param>
    /// <param name="cancellationToken">Ends this caller's wait.</param>
    /// <exception cref="TradingException">None can be had.</exception>
    public async Task<UpstreamAccessToken> GetAsync(TokenKey key, Func<CancellationToken, Task<UpstreamAccessToken>> exchange, CancellationToken cancellationToken)
    {
        var name = seal.NameOf(key);
        if (Remembered(name) is { } token)
        {
            telemetry.UpstreamToken("memory");
            return token;
        }
        var flight = flights.GetOrAdd(name, _ => new Lazy<Task<UpstreamAccessToken>>(() => Task.Run(() => FlyAsync(name, exchange), CancellationToken.None)));
        return await flight.Value.WaitAsync(cancellationToken);
    }

    /// <summary>Forgets a token that upstream refused, here and in Redis; not a newer one that may stand in its place.</summary>
    public async Task ForgetAsync(TokenKey key, UpstreamAccessToken refused)
    {
        var name = seal.NameOf(key);
        if (Remembered(name)?.Value == refused.Value) memory.Remove(name);
        if ((await shared.FindAsync(name))?.Value == refused.Value) await shared.RemoveAsync(name);
    }

    public void Dispose() => memory.Dispose();

    private async Task<UpstreamAccessToken> FlyAsync(string name, Func<CancellationToken, Task<UpstreamAccessToken>> exchange)
    {
        try
        {
            return Remembered(name) ?? await FindSharedAsync(name) ?? await ExchangeOnceAsync(name, exchange);
        }
        finally
        {
            flights.TryRemove(name, out _);
        }
    }

    private async Task<UpstreamAccessToken> ExchangeOnceAsync(string name, Func<CancellationToken, Task<UpstreamAccessToken>> exchange)
    {
        var lockTime = options.Value.Timeout + TimeSpan.FromSeconds(2);
        var owner = await shared.LockAsync(name, lockTime);
        var deadline = time.GetUtcNow() + options.Value.Timeout;
        // Another copy is at it: what it gets is in Redis in a moment. Should it fail, its lock is free, and it is our turn.
        while (owner is { Length: 0 } && time.GetUtcNow() < deadline)
        {
            await Task.Delay(s_lookAgain, TimeProvider.System, CancellationToken.None);
            if (await FindSharedAsync(name) is { } found) return found;
            owner = await shared.LockAsync(name, lockTime);
        }
        try
        {
            if (owner is { Length: > 0 } && await FindSharedAsync(name) is { } found) return found;
            var token = await ExchangeAsync(exchange);
            var lifetime = Lifetime(token);
            if (lifetime > TimeSpan.Zero)
            {
                Remember(name, token, lifetime);
                await shared.StoreAsync(name, token, lifetime);
            }
            return token;
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

    private async Task<UpstreamAccessToken?> FindSharedAsync(string name)
    {
        if (await shared.FindAsync(name) is not { } token || Lifetime(token) is var lifetime && lifetime <= TimeSpan.Zero) return null;
        Remember(name, token, lifetime);
        telemetry.UpstreamToken("redis");
        return token;
    }

    private UpstreamAccessToken? Remembered(string name) => memory.TryGetValue(name, out Entry? entry) && entry!.Until > time.GetUtcNow() ? entry.Token : null;

    private void Remember(string name, UpstreamAccessToken token, TimeSpan lifetime)
        => memory.Set(name, new Entry(token, time.GetUtcNow() + lifetime), new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = lifetime });

    private TimeSpan Lifetime(UpstreamAccessToken token)
    {
        var left = token.ExpiresAt - options.Value.ExpiryMargin - time.GetUtcNow();
        return left < options.Value.LongestMemory ? left : options.Value.LongestMemory;
    }

    private sealed record Entry(UpstreamAccessToken Token, DateTimeOffset Until);
}
