using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.Database;

namespace StockMcp.Authority.Audit;

/// <summary>The log cannot be written: what was to be logged does not happen either (AU-03).</summary>
public sealed class AuditUnavailableException : Exception
{
    /// <inheritdoc/>
    public AuditUnavailableException() { }

    /// <inheritdoc/>
    public AuditUnavailableException(string message) : base(message) { }

    /// <inheritdoc/>
    public AuditUnavailableException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>
/// Writes the audit log and reads it. Each request waits until its entry is stored, and answers then. Entries that wait at the same time are stored in one
/// transaction: one commit for all of them. What changes the database anyway is better written by <see cref="AuthorityDbContext.Audit"/>, in one transaction with it.
/// </summary>
internal sealed class AuditLog(IServiceScopeFactory scopes, AuditChain chain, AuditCheckpoints checkpoints) : IDisposable
{
    private const int MostAtOnce = 200;
    private readonly ConcurrentQueue<Waiting> queue = new();
    private readonly SemaphoreSlim writer = new(1);

    /// <summary>Writes an entry. It is stored when this returns; a request that is given up does not take it back.</summary>
    /// <exception cref="AuditUnavailableException">It could not be: answer 503, and do nothing.</exception>
    public async Task AppendAsync(AuditRecord record)
    {
        var mine = new Waiting(record);
        queue.Enqueue(mine);
        await writer.WaitAsync();
        try
        {
            // Who had the turn before may have written this entry, too.
            while (!mine.Stored.Task.IsCompleted) await WriteAsync();
        }
        finally
        {
            writer.Release();
        }
        await mine.Stored.Task;
    }

    /// <summary>A person's newest entries, newest first.</summary>
    public async Task<IReadOnlyList<AuditEntry>> ListAsync(Guid personId, int most = 50, CancellationToken cancellationToken = default)
    {
        await using var scope = scopes.CreateAsyncScope();
        var actor = personId.ToString();
        return await scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<AuditEntry>().AsNoTracking()
            .Where(entry => entry.Actor == actor).OrderByDescending(entry => entry.Seq).Take(most).ToListAsync(cancellationToken);
    }

    public void Dispose() => writer.Dispose();

    private async Task WriteAsync()
    {
        var batch = new List<Waiting>();
        while (batch.Count < MostAtOnce && queue.TryDequeue(out var next)) batch.Add(next);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var database = scope.ServiceProvider.GetRequiredService<AuthorityDbContext>();
            await using var transaction = await database.Database.BeginTransactionAsync();
            var seq = await chain.AppendAsync(database, [.. batch.Select(waiting => waiting.Record)], CancellationToken.None);
            await transaction.CommitAsync();
            checkpoints.Written(seq);
            foreach (var waiting in batch) waiting.Stored.SetResult();
        }
        catch (Exception exception)
        {
            // Whatever it was, it is each waiting request's failure.
            foreach (var waiting in batch) waiting.Stored.TrySetException(new AuditUnavailableException("The audit log cannot be written.", exception));
        }
    }

    private sealed record Waiting(AuditRecord Record)
    {
        public TaskCompletionSource Stored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
