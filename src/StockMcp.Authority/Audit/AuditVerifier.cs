using System.Globalization;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.Database;

namespace StockMcp.Authority.Audit;

/// <summary>How a check of the audit log ended.</summary>
/// <param name="FirstBad">The first entry that is not as it was written; <see langword="null"/> if all are.</param>
/// <param name="Words">What was found, for the operator.</param>
internal sealed record AuditVerdict(long? FirstBad, string Words)
{
    public bool IsWhole => FirstBad is null;
}

/// <summary>Walks the chain from its beginning, and holds it against the signed checkpoints (AU-02).</summary>
internal sealed class AuditVerifier(AuthorityDbContext database, AuditChain chain, AuditKeys keys, TimeProvider time)
{
    /// <summary>Checks the whole log.</summary>
    /// <param name="outside">Checkpoints that were kept outside the database: against these, a cut tail shows even if the database's own were cut, too.</param>
    /// <param name="retention">How long entries are kept: the log may begin behind a checkpoint that is older than this.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    public async Task<AuditVerdict> VerifyAsync(IReadOnlyList<SignedCheckpoint> outside, TimeSpan retention, CancellationToken cancellationToken)
    {
        var checkpoints = new List<SignedCheckpoint>();
        foreach (var stored in await database.Set<AuditCheckpoint>().AsNoTracking().OrderBy(checkpoint => checkpoint.Seq).ToListAsync(cancellationToken))
        {
            if (await ReadAsync(stored, cancellationToken) is not { } checkpoint) return Bad(stored.Seq, "The stored checkpoint of this entry is not as it was signed.");
            checkpoints.Add(checkpoint);
        }
        foreach (var checkpoint in outside)
        {
            if (!await IsSignedAsync(checkpoint, cancellationToken)) return Bad(checkpoint.Seq, "The given checkpoint is not signed by a key of this log.");
            checkpoints.Add(checkpoint);
        }
        var expected = checkpoints.ToLookup(checkpoint => checkpoint.Seq, checkpoint => checkpoint.Mac);

        var (seq, mac, first) = (0L, new byte[AuditChain.MacSize], true);
        await foreach (var entry in database.Set<AuditEntry>().AsNoTracking().OrderBy(entry => entry.Seq).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            if (first && entry.Seq > 1 && checkpoints.FirstOrDefault(checkpoint => checkpoint.Seq == entry.Seq - 1 && checkpoint.Time < time.GetUtcNow() - retention) is { } start)
                (seq, mac) = (start.Seq, start.Mac);
            first = false;
            if (entry.Seq != seq + 1) return Bad(seq + 1, $"It is missing: the next entry in the database is {entry.Seq}.");
            mac = chain.Mac(mac, entry);
            if (!CryptographicOperations.FixedTimeEquals(mac, entry.Mac)) return Bad(entry.Seq, "It was changed, moved or put in between.");
            if (expected[entry.Seq].Any(signed => !CryptographicOperations.FixedTimeEquals(signed, mac))) return Bad(entry.Seq, "It is not the entry that the checkpoint was signed for.");
            seq = entry.Seq;
        }

        var furthest = checkpoints.Select(checkpoint => checkpoint.Seq).DefaultIfEmpty(0).Max();
        if (furthest > seq) return Bad(seq + 1, $"The end of the log was cut off: a checkpoint was signed for entry {furthest}.");
        var head = await database.Set<AuditHead>().AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        if (head is null || head.Seq != seq) return Bad(seq + 1, $"The end of the log was cut off: it went to {head?.Seq.ToString(CultureInfo.InvariantCulture) ?? "an unknown entry"}.");
        if (seq > 0 && !CryptographicOperations.FixedTimeEquals(head.Mac, mac)) return Bad(seq, "The log's head is not as it was written.");
        return new AuditVerdict(null, $"The audit log is whole up to entry {seq}. {checkpoints.Count} checkpoints agree with it.");
    }

    private async Task<SignedCheckpoint?> ReadAsync(AuditCheckpoint stored, CancellationToken cancellationToken)
    {
        try
        {
            var checkpoint = SignedCheckpoint.Parse(stored.Statement);
            return checkpoint.Seq == stored.Seq && await IsSignedAsync(checkpoint, cancellationToken) ? checkpoint : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private async Task<bool> IsSignedAsync(SignedCheckpoint checkpoint, CancellationToken cancellationToken)
    {
        using var key = await keys.FindAsync(database, checkpoint.Kid, cancellationToken);
        return key is not null && checkpoint.IsSignedBy(key);
    }

    private static AuditVerdict Bad(long seq, string why) => new(seq, string.Create(CultureInfo.InvariantCulture, $"Entry {seq} is the first that is not as it was written. {why}"));
}
