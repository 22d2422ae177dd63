using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StockMcp.ResourceServer.Observability;
using StockMcp.ResourceServer.UpstreamTokens;
using StockMcp.Server.Tests.Fixture;
using StockMcp.Tools.Connections;

namespace StockMcp.Server.Tests.UpstreamTokens;

/// <summary>A copy that is so busy that it reads late what Redis answered at once. It takes all threads of this process, so nothing runs beside it.</summary>
[Collection(nameof(BusyCopyTests))]
public sealed class BusyCopyTests
{
    [Fact, Trait("Requirement", "TV-03"), Trait("Requirement", "RC-04")]
    public async Task Copies_that_have_no_thread_to_spare_still_share_one_exchange()
    {
        using var redis = TestRedis.Start();
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var seal = new TokenSeal(RandomNumberGenerator.GetBytes(32));
        await using var one = new SharedTokens(redis.ConnectionString, seal, NullLogger<SharedTokens>.Instance);
        await using var two = new SharedTokens(redis.ConnectionString, seal, NullLogger<SharedTokens>.Instance);
        using var telemetry = new Telemetry(services.GetRequiredService<IMeterFactory>());
        var options = Options.Create(new UpstreamTokenOptions { Timeout = TimeSpan.FromSeconds(30) });
        using var first = new UpstreamTokenCache(one, seal, options, TimeProvider.System, telemetry);
        using var second = new UpstreamTokenCache(two, seal, options, TimeProvider.System, telemetry);
        foreach (var copy in new[] { one, two }) await Eventually.IsTrueAsync(async () => await copy.StoreNoteAsync("connected", "", TimeSpan.FromSeconds(10)));
        var exchanges = 0;
        Task<UpstreamAccessToken> ExchangeAsync(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref exchanges);
            return Task.FromResult(new UpstreamAccessToken("upstream", TimeProvider.System.GetUtcNow().AddMinutes(5)));
        }
        var key = new TokenKey("https://authority.example/", "alice", "an-agent", "brokerage", "portfolio:read");

        using var busy = new BusyThreads();
        var tokens = await Task.WhenAll(first.GetAsync(key, ExchangeAsync, CancellationToken.None), second.GetAsync(key, ExchangeAsync, CancellationToken.None));

        tokens.Should().OnlyContain(token => token.Value == "upstream");
        exchanges.Should().Be(1);
    }

    /// <summary>Whatever is to run next waits behind sixty pieces of other work.</summary>
    private sealed class BusyThreads : IDisposable
    {
        private static readonly TimeSpan s_piece = TimeSpan.FromMilliseconds(10);
        private volatile bool ended;

        public BusyThreads()
        {
            for (var piece = 0; piece < 60; piece++) ThreadPool.UnsafeQueueUserWorkItem(_ => Work(), null);
        }

        public void Dispose() => ended = true;

        private void Work()
        {
            for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < s_piece && !ended;) Thread.SpinWait(100);
            if (!ended) ThreadPool.UnsafeQueueUserWorkItem(_ => Work(), null);
        }
    }
}

/// <summary>Runs alone.</summary>
[CollectionDefinition(nameof(BusyCopyTests), DisableParallelization = true)]
public sealed class BusyCopyGroup;
