using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.Database;
using StockMcp.Hosting;

namespace StockMcp.Authority.Approvals;

/// <summary>
/// Wakes those who wait for an approval, or for any of a person's, as soon as it changes: at once in this process, and within a fifth of a second after a change by another
/// copy. While anybody waits, one question each 200 ms asks the database what changed, however many wait.
/// </summary>
internal sealed partial class ApprovalSignals(IServiceScopeFactory scopes, TimeProvider time, ILogger<ApprovalSignals> log) : BackgroundService
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);
    // Copies' clocks differ, and a transaction is seen some time after it took its time.
    private static readonly TimeSpan s_lookBack = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<Guid, ImmutableList<Subscription>> waiting = new();
    private readonly Dictionary<Guid, DateTimeOffset> seen = [];

    /// <summary>Waits from now on for changes of an approval, or of a person's approvals. Dispose it in the end.</summary>
    /// <param name="id">The approval's id, or the person's.</param>
    public Subscription Subscribe(Guid id)
    {
        var subscription = new Subscription(this, id);
        waiting.AddOrUpdate(id, _ => [subscription], (_, others) => others.Add(subscription));
        return subscription;
    }

    /// <summary>Something changed, and is committed.</summary>
    public void Raise(Guid approvalId, Guid personId)
    {
        foreach (var id in new[] { approvalId, personId })
        {
            if (!waiting.TryGetValue(id, out var subscriptions)) continue;
            foreach (var subscription in subscriptions) subscription.Wake();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_pause, time);
        await timer.RepeatAsync(LookAsync, exception => exception is System.Data.Common.DbException or InvalidOperationException or TimeoutException, exception => LogFailed(exception.Message), stoppingToken);
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        if (waiting.IsEmpty)
        {
            seen.Clear();
            return;
        }
        await using var scope = scopes.CreateAsyncScope();
        var since = time.GetUtcNow() - s_lookBack;
        var changes = await scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<Approval>().AsNoTracking().Where(approval => approval.ChangedAt > since)
            .Select(approval => new { approval.Id, approval.PersonId, approval.ChangedAt }).ToListAsync(cancellationToken);
        foreach (var change in changes)
        {
            if (seen.TryGetValue(change.Id, out var known) && known == change.ChangedAt) continue;
            seen[change.Id] = change.ChangedAt;
            Raise(change.Id, change.PersonId);
        }
        foreach (var (id, changedAt) in seen.ToList()) if (changedAt <= since) seen.Remove(id);
    }

    private void End(Subscription subscription, Guid id)
    {
        var left = waiting.AddOrUpdate(id, _ => [], (_, others) => others.Remove(subscription));
        if (left.IsEmpty) waiting.TryRemove(KeyValuePair.Create(id, left));
    }

    /// <summary>One who waits.</summary>
    internal sealed class Subscription(ApprovalSignals signals, Guid id) : IDisposable
    {
        private readonly Channel<bool> woken = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

        public void Wake() => woken.Writer.TryWrite(true);

        /// <summary>Until something changes, or the time is over. Changes since the last wait count.</summary>
        public async Task WaitAsync(TimeSpan most, TimeProvider time, CancellationToken cancellationToken)
        {
            if (most <= TimeSpan.Zero) return;
            using var over = new CancellationTokenSource(most, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
            try
            {
                await woken.Reader.ReadAsync(either.Token);
            }
            catch (OperationCanceledException) when (over.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                // The time is over.
            }
        }

        public void Dispose() => signals.End(this, id);
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "Changes of approvals by other copies are not seen now: {Reason}")]
    private partial void LogFailed(string reason);
}
