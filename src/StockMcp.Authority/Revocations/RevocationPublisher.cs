using System.Buffers.Text;
using System.Security.Cryptography;
using StackExchange.Redis;
using StockMcp.Hosting;

namespace StockMcp.Authority.Revocations;

/// <summary>Publishes the queue, in order. While Redis is away it tries again each second, as long as a token of before could be remembered anywhere.</summary>
internal sealed partial class RevocationPublisher(ConfigurationOptions options, RevocationQueue queue, TimeProvider time, ILogger<RevocationPublisher> log) : BackgroundService
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        ConnectionMultiplexer? redis = null;
        try
        {
            await foreach (var (link, at) in queue.ReadAllAsync(stoppingToken))
            {
                for (var away = false; time.GetUtcNow() < at + RevokedLinks.EpochLifetime; await Task.Delay(s_pause, TimeProvider.System, stoppingToken))
                {
                    try
                    {
                        redis ??= await ConnectionMultiplexer.ConnectAsync(options);
                        await PublishAsync(redis, link);
                        if (away) LogBack();
                        break;
                    }
                    catch (Exception exception) when (exception is RedisException or TimeoutException)
                    {
                        if (!away) LogAway(exception.GetType().Name);
                        away = true;
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The application stops. What was not published is void at the Servers when their tokens expire.
        }
        finally
        {
            if (redis is not null) await redis.DisposeAsync();
        }
    }

    // The epoch first: a Server that hears the message must not find in Redis what was remembered before it.
    private static async Task PublishAsync(ConnectionMultiplexer redis, string link)
    {
        await redis.GetDatabase().StringSetAsync(RevokedLinks.EpochKey(link), Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(12)), RevokedLinks.EpochLifetime);
        await redis.GetSubscriber().PublishAsync(RedisChannel.Literal(RevokedLinks.Channel), link);
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "Redis does not answer ({Reason}): the Servers hear of revocations when it is back; until then they use the tokens that they remember, for at most ten minutes")]
    private partial void LogAway(string reason);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Redis answers again: revocations are published")]
    private partial void LogBack();
}
