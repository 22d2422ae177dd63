using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;

namespace StockMcp.Hosting;

/// <summary>How much each of many may ask for. What one uses up is nobody else's. It is kept in this process (docs/decisions/0009).</summary>
public sealed class Budget : IDisposable
{
    private readonly PartitionedRateLimiter<string> limiter;

    private Budget(Func<string, RateLimitPartition<string>> partition) => limiter = PartitionedRateLimiter.Create(partition, StringComparer.Ordinal);

    /// <summary>So many in any minute.</summary>
    public static Budget PerMinute(int most) => new(key => RateLimitPartition.GetSlidingWindowLimiter(key, _ => new SlidingWindowRateLimiterOptions
    {
        PermitLimit = most,
        Window = TimeSpan.FromMinutes(1),
        SegmentsPerWindow = 6,
        QueueLimit = 0,
    }));

    /// <summary>So many at once, and then so many in a minute, spread evenly over it.</summary>
    /// <param name="burst">How many at once.</param>
    /// <param name="perMinute">How many come back in a minute, at least 60.</param>
    public static Budget BurstThenPerMinute(int burst, int perMinute) => new(key => RateLimitPartition.GetTokenBucketLimiter(key, _ => new TokenBucketRateLimiterOptions
    {
        TokenLimit = burst,
        TokensPerPeriod = perMinute / 60,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        QueueLimit = 0,
    }));

    /// <summary>Takes one.</summary>
    /// <returns>False if nothing is left.</returns>
    public bool TryTake(string key)
    {
        using var lease = limiter.AttemptAcquire(key);
        return lease.IsAcquired;
    }

    /// <summary>Whether nothing is left: for budgets of mistakes, which are known only afterwards.</summary>
    public bool IsSpent(string key) => limiter.GetStatistics(key) is { CurrentAvailablePermits: 0 };

    /// <inheritdoc/>
    public void Dispose() => limiter.Dispose();

    /// <summary>The address that a request came from, as far as it may be told apart: an IPv6 network of 64 bits is one.</summary>
    public static string AddressOf(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Connection.RemoteIpAddress is not { } address) return "unknown";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }

    /// <summary>Status 429 with <c>Retry-After</c>; the caller writes the body.</summary>
    /// <param name="context">The request.</param>
    /// <param name="seconds">After how many seconds to try again.</param>
    public static void Refuse(HttpContext context, int seconds)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
        context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
    }
}
