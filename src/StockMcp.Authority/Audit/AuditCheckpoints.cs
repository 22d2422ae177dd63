using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StockMcp.Authority.Database;

namespace StockMcp.Authority.Audit;

/// <summary>
/// Signs the log's end every 100 entries or every minute, stores the statement, and writes it to the application's log: whoever keeps that elsewhere can tell when
/// somebody cuts off the end of the audit log later. Deletes what is older than the retention time, up to a checkpoint that is as old.
/// </summary>
internal sealed partial class AuditCheckpoints(IServiceScopeFactory scopes, AuditKeys keys, IOptions<AuditOptions> options, TimeProvider time, ILogger<AuditCheckpoints> log) : BackgroundService
{
    private const int Entries = 100;
    private readonly SemaphoreSlim due = new(0);
    private long signed;

    /// <summary>Tells how far the log went.</summary>
    public void Written(long seq)
    {
        if (seq - Interlocked.Read(ref signed) >= Entries && due.CurrentCount == 0) due.Release();
    }

    public override void Dispose()
    {
        due.Dispose();
        base.Dispose();
    }

    /// <summary>Signs the log's end, unless that was done.</summary>
    public async Task SignAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<AuthorityDbContext>();
        var head = await database.Set<AuditHead>().AsNoTracking().SingleAsync(cancellationToken);
        var last = await database.Set<AuditCheckpoint>().MaxAsync(checkpoint => (long?)checkpoint.Seq, cancellationToken) ?? 0;
        Interlocked.Exchange(ref signed, Math.Max(head.Seq, last));
        if (head.Seq <= last) return;
        var (kid, key) = await keys.SigningKeyAsync(database, cancellationToken);
        using (key)
        {
            var now = time.GetUtcNow();
            var checkpoint = SignedCheckpoint.Sign(head.Seq, head.Mac, now, kid, key);
            database.Add(new AuditCheckpoint { Seq = head.Seq, Time = now, Statement = checkpoint.ToString() });
            try
            {
                await database.SaveChangesAsync(cancellationToken);
            }
            catch (DbUpdateException)
            {
                return; // another copy signed this end, and says so
            }
            LogCheckpoint(checkpoint);
        }
        await ForgetOldAsync(database, cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await due.WaitAsync(options.Value.CheckpointInterval, stoppingToken);
                await SignAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogNotSigned(exception); // the entries are safe; the next turn signs them
            }
        }
    }

    private async Task ForgetOldAsync(AuthorityDbContext database, CancellationToken cancellationToken)
    {
        var oldest = time.GetUtcNow() - options.Value.Retention;
        var until = await database.Set<AuditCheckpoint>().Where(checkpoint => checkpoint.Time < oldest).MaxAsync(checkpoint => (long?)checkpoint.Seq, cancellationToken);
        if (until is not { } seq) return;
        // The checkpoint itself stays: the chain of what is left begins at it.
        await database.Set<AuditEntry>().Where(entry => entry.Seq <= seq).ExecuteDeleteAsync(cancellationToken);
        await database.Set<AuditCheckpoint>().Where(checkpoint => checkpoint.Seq < seq).ExecuteDeleteAsync(cancellationToken);
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Audit checkpoint {Checkpoint}")]
    private partial void LogCheckpoint(SignedCheckpoint checkpoint);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "The audit log's end was not signed; it will be tried again.")]
    private partial void LogNotSigned(Exception exception);
}
