using System.Buffers.Text;
using System.Security.Cryptography;
using StackExchange.Redis;
using StockMcp.Tools.Connections;

namespace StockMcp.Server.UpstreamTokens;

/// <summary>
/// The tokens that all copies of this server share, in Redis. It is a cache: when it is away, each method says so quietly and everything goes on without it (FD-01).
/// The lock saves work; nothing depends on it (TV-03).
/// </summary>
internal sealed partial class SharedTokens : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    private readonly Task<IConnectionMultiplexer?> connection;
    private readonly TokenSeal seal;
    private readonly ILogger<SharedTokens> logger;
    private int away;

    public SharedTokens(string? connectionString, TokenSeal seal, ILogger<SharedTokens> logger)
    {
        this.seal = seal;
        this.logger = logger;
        connection = string.IsNullOrWhiteSpace(connectionString) ? Task.FromResult<IConnectionMultiplexer?>(null) : ConnectAsync(Options(connectionString));
    }

    /// <exception cref="ArgumentException">The connection string cannot be read.</exception>
    public static ConfigurationOptions Options(string connectionString)
    {
        var options = ConfigurationOptions.Parse(connectionString);
        options.AbortOnConnectFail = false;
        options.ConnectTimeout = 2000;
        options.ConnectRetry = 1;
        options.AsyncTimeout = 1000;
        options.BacklogPolicy = BacklogPolicy.FailFast; // a call does not wait for a cache that is not there
        options.ReconnectRetryPolicy = new LinearRetry(1000);
        options.ClientName = "stockmcp-server";
        return options;
    }

    public Task<UpstreamAccessToken?> FindAsync(string name) => TryAsync(async redis =>
    {
        var value = (byte[]?)await redis.StringGetAsync(name);
        return value is null ? null : seal.Open(name, value);
    }, null);

    public Task StoreAsync(string name, UpstreamAccessToken token, TimeSpan lifetime) => TryAsync(redis => redis.StringSetAsync(name, seal.Seal(name, token), lifetime), false);

    public Task RemoveAsync(string name) => TryAsync(redis => redis.KeyDeleteAsync(name), false);

    /// <summary>Takes the lock of an entry.</summary>
    /// <param name="name">The entry.</param>
    /// <param name="longest">When it ends by itself: its owner may have died.</param>
    /// <returns>What to give it back with; empty if another copy has it; <see langword="null"/> if there is no Redis to ask.</returns>
    public Task<string?> LockAsync(string name, TimeSpan longest)
    {
        var owner = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        return TryAsync(async redis => await redis.LockTakeAsync(name + ":lock", owner, longest) ? owner : "", null);
    }

    public Task UnlockAsync(string name, string owner) => TryAsync(redis => redis.LockReleaseAsync(name + ":lock", owner), false);

    public async ValueTask DisposeAsync()
    {
        if (await connection is { } open) await open.DisposeAsync();
    }

    private async Task<T> TryAsync<T>(Func<IDatabase, Task<T>> ask, T without)
    {
        try
        {
            if (await connection.WaitAsync(s_patience) is not { } open) return without;
            var answer = await ask(open.GetDatabase());
            if (Interlocked.Exchange(ref away, 0) == 1) LogBack();
            return answer;
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException or ObjectDisposedException)
        {
            if (Interlocked.Exchange(ref away, 1) == 0) LogAway(exception.GetType().Name);
            return without;
        }
    }

    private async Task<IConnectionMultiplexer?> ConnectAsync(ConfigurationOptions options)
    {
        try
        {
            return await ConnectionMultiplexer.ConnectAsync(options);
        }
        catch (RedisException exception)
        {
            LogAway(exception.GetType().Name);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis does not answer ({Reason}): tokens are remembered in this process alone until it is back")]
    private partial void LogAway(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Redis answers again")]
    private partial void LogBack();
}
