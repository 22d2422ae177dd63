using System.Buffers.Text;
using System.Security.Cryptography;
using Polly;
using Polly.CircuitBreaker;
using StackExchange.Redis;
using StockMcp.Hosting;
using StockMcp.Tools.Connections;

namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>
/// The tokens that all copies of this server share, in Redis. It is a cache: when it is away, each method says so quietly and everything goes on without it (FD-01).
/// The lock saves work; nothing depends on it (TV-03).
/// </summary>
internal sealed partial class SharedTokens : IAsyncDisposable
{
    /// <summary>How long the first call waits for the connection.</summary>
    private static readonly TimeSpan s_connect = TimeSpan.FromSeconds(1);

    /// <summary>
    /// RC-04: a Redis that is connected and does not answer is waited for 200 ms. They are counted in turns that this process gets to take: one that is so busy that each comes late has not had the time to
    /// read the answer either.
    /// </summary>
    private const int Turns = 10;
    private static readonly TimeSpan s_turn = TimeSpan.FromMilliseconds(20);

    /// <summary>RC-04: it is not asked for a second when it did not answer several times.</summary>
    private readonly ResiliencePipeline patience = new ResiliencePipelineBuilder()
        .AddCircuitBreaker(new CircuitBreakerStrategyOptions
        {
            FailureRatio = 0.5,
            MinimumThroughput = 4,
            SamplingDuration = TimeSpan.FromSeconds(5),
            BreakDuration = TimeSpan.FromSeconds(1),
            ShouldHandle = new PredicateBuilder().Handle<RedisException>().Handle<TimeoutException>().Handle<ExecutionRejectedException>(),
        })
        .Build();
    private readonly Task<IConnectionMultiplexer?> connection;
    private readonly TokenSeal seal;
    private readonly ILogger<SharedTokens> logger;
    private int away;

    public SharedTokens(string? connectionString, TokenSeal seal, ILogger<SharedTokens> logger)
    {
        this.seal = seal;
        this.logger = logger;
        IsConfigured = !string.IsNullOrWhiteSpace(connectionString);
        connection = string.IsNullOrWhiteSpace(connectionString) ? Task.FromResult<IConnectionMultiplexer?>(null) : ConnectAsync(Options(connectionString));
    }

    /// <exception cref="ArgumentException">The connection string cannot be read.</exception>
    public static ConfigurationOptions Options(string connectionString)
    {
        var options = ConfigurationOptions.Parse(connectionString);
        options.AbortOnConnectFail = false;
        options.ConnectTimeout = 2000;
        options.ConnectRetry = 1;
        options.AsyncTimeout = 5000; // our own patience is shorter, unless this process is busy
        options.BacklogPolicy = BacklogPolicy.FailFast; // a call does not wait for a cache that is not there
        options.ReconnectRetryPolicy = new LinearRetry(1000);
        options.ClientName = "stockmcp-server";
        return options;
    }

    /// <summary>Whether this copy shares anything with others.</summary>
    public bool IsConfigured { get; }

    /// <summary>Tells of each link whose tokens are void; of nothing in particular when messages may have been missed, and all are.</summary>
    public Action<string?>? OnRevoked { get; set; }

    /// <summary>The entry, if it is of its links' present epoch; and that epoch, or <see langword="null"/> if there is no Redis to ask.</summary>
    public Task<(UpstreamAccessToken? Token, string? Epoch)> FindAsync(string name, IReadOnlyList<string> links) => TryAsync(async redis =>
    {
        var values = await redis.StringGetAsync([(RedisKey)name, .. links.Select(link => (RedisKey)RevokedLinks.EpochKey(link))]);
        var epoch = string.Join('|', values.Skip(1).Select(value => (string?)value));
        if ((byte[]?)values[0] is not { } value) return ((UpstreamAccessToken?)null, (string?)epoch);
        var token = seal.Open(name, value, out var sealedIn);
        if (token is null) LogForeign();
        return (sealedIn == epoch ? token : null, epoch);
    }, (null, null));

    public Task StoreAsync(string name, UpstreamAccessToken token, string epoch, TimeSpan lifetime) => TryAsync(redis => redis.StringSetAsync(name, seal.Seal(name, token, epoch), lifetime), false);

    public Task RemoveAsync(string name) => TryAsync(redis => redis.KeyDeleteAsync(name), false);

    /// <summary>Keeps a sealed note for whichever copy asks for it.</summary>
    /// <returns>Whether it is there.</returns>
    public Task<bool> StoreNoteAsync(string name, string note, TimeSpan lifetime) => TryAsync(redis => redis.StringSetAsync(name, note, lifetime), false);

    /// <summary>Such a note, if it is there and Redis answers.</summary>
    public Task<string?> FindNoteAsync(string name) => TryAsync(async redis => (string?)await redis.StringGetAsync(name), null);

    /// <summary>Takes such a note away.</summary>
    public Task<string?> TakeNoteAsync(string name) => TryAsync(async redis =>
    {
        var note = (string?)await redis.StringGetAsync(name);
        if (note is not null) await redis.KeyDeleteAsync(name);
        return note;
    }, null);

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
            if (await connection.WaitAsync(s_connect) is not { } open) return without;
            var answer = await patience.ExecuteAsync(async _ => await WaitAsync(ask(open.GetDatabase())));
            if (Interlocked.Exchange(ref away, 0) == 1) LogBack();
            return answer;
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException or ExecutionRejectedException or ObjectDisposedException)
        {
            if (Interlocked.Exchange(ref away, 1) == 0) LogAway(exception.GetType().Name);
            return without;
        }
    }

    private static async Task<T> WaitAsync<T>(Task<T> asked)
    {
        for (var turn = 0; turn < Turns && !asked.IsCompleted; turn++)
        {
            await Task.WhenAny(asked, Task.Delay(s_turn, TimeProvider.System));
            if (!asked.IsCompleted) await Task.Yield(); // timers overtake other work: this waits in line behind it, as the answer does
        }
        return asked.IsCompleted ? await asked : throw new TimeoutException();
    }

    private async Task SubscribeAsync(ConnectionMultiplexer open)
    {
        try
        {
            await open.GetSubscriber().SubscribeAsync(RedisChannel.Literal(RevokedLinks.Channel), (_, link) => OnRevoked?.Invoke(link));
        }
        catch (RedisException exception)
        {
            // The client keeps the wish, and subscribes as soon as it is connected.
            if (Interlocked.Exchange(ref away, 1) == 0) LogAway(exception.GetType().Name);
        }
    }

    private async Task<IConnectionMultiplexer?> ConnectAsync(ConfigurationOptions options)
    {
        try
        {
            var open = await ConnectionMultiplexer.ConnectAsync(options);
            // What was published while this copy did not listen is not known: then all is void.
            open.ConnectionRestored += (_, restored) => { if (restored.ConnectionType == ConnectionType.Subscription) OnRevoked?.Invoke(null); };
            await SubscribeAsync(open);
            return open;
        }
        catch (RedisException exception)
        {
            LogAway(exception.GetType().Name);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A token in Redis does not open: it was changed there, moved, or sealed with another key. It is not used")]
    private partial void LogForeign();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis does not answer ({Reason}): tokens are remembered in this process alone until it is back")]
    private partial void LogAway(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Redis answers again")]
    private partial void LogBack();
}
