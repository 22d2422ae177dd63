using System.Globalization;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.Database;
using StockMcp.AuthorizationServer.Keys;

namespace StockMcp.Authority.Audit;

/// <summary>
/// The keyed hash chain (AU-02): <c>mac(n) = HMAC-SHA256(key, mac(n-1) || canonical(n))</c>, with 32 zero bytes before the first. The key derives from the master
/// secret, outside the database. Canonical is the entry as UTF-8 JSON after RFC 8785: members in the order of their names, no white space, what is null left out,
/// strings escaped as System.Text.Json does without its rules for HTML. A member that is added one day leaves the chain of older entries as it is.
/// </summary>
internal sealed class AuditChain(MasterSecret secret, TimeProvider time)
{
    public const int MacSize = 32;
    private static readonly JsonSerializerOptions s_canonical = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
    private readonly byte[] key = secret.DeriveKey("audit-chain");

    /// <summary>Writes entries at the end of the log, in the transaction that the caller has begun and will commit. Who writes at the same time waits for it, on every copy.</summary>
    public async Task<long> AppendAsync(AuthorityDbContext database, IReadOnlyList<AuditRecord> records, CancellationToken cancellationToken)
    {
        if (database.Database.CurrentTransaction is null) throw new InvalidOperationException("The audit log is written in a transaction.");
        // This takes the row's lock; SQLite has locked the whole file as the transaction began. All who write wait for it: between here and the commit there is one more statement, however many the records.
        var heads = await database.Set<AuditHead>().FromSql($"""UPDATE "AuditHead" SET "Seq" = "Seq" + {records.Count} WHERE "Id" = {AuditHead.Only} RETURNING "Id", "Seq", "Mac" """).AsNoTracking().ToListAsync(cancellationToken);
        if (heads is not [var head]) throw new AuditUnavailableException("The audit log has lost its head: restore the database.");
        var (seq, mac, now) = (head.Seq - records.Count, head.Mac, time.GetUtcNow());
        var (rows, values) = (new List<string>(), new List<object?>());
        foreach (var record in records)
        {
            var entry = new AuditEntry
            {
                Seq = ++seq,
                Time = now,
                Event = record.Event,
                Decision = record.Decision,
                Reason = record.Reason,
                Actor = record.Person?.ToString(),
                Client = record.Client,
                Connection = record.Connection,
                Scopes = record.Scopes,
                Approval = record.Approval?.ToString(),
                Details = record.Details,
                Order = record.Order,
                Mandate = record.Mandate?.ToString(),
                Trace = record.Trace,
                Mac = [],
            };
            mac = Mac(mac, entry);
            object?[] row = [entry.Seq, entry.Time.UtcTicks, entry.Event, entry.Decision, entry.Reason, entry.Actor, entry.Client, entry.Connection, entry.Scopes, entry.Approval, entry.Details, entry.Order, entry.Mandate, entry.Trace, mac];
            rows.Add($"({string.Join(", ", row.Select((_, column) => Place(values.Count + column)))})");
            values.AddRange(row);
        }
        values.AddRange([mac, AuditHead.Only]);
        // Not through the change tracker: what else the caller is about to save, or failed to save, is none of the log's business.
        var sql = $"""
            INSERT INTO "AuditEntries" ("Seq", "Time", "Event", "Decision", "Reason", "Actor", "Client", "Connection", "Scopes", "Approval", "Details", "Order", "Mandate", "Trace", "Mac")
            VALUES {string.Join(", ", rows)};
            UPDATE "AuditHead" SET "Mac" = {Place(values.Count - 2)} WHERE "Id" = {Place(values.Count - 1)}
            """;
        await database.Database.ExecuteSqlRawAsync(sql, values!, cancellationToken);
        return seq;
    }

    private static string Place(int parameter) => "{" + parameter.ToString(CultureInfo.InvariantCulture) + "}";

    /// <summary>What an entry's MAC must be after the one before.</summary>
    public byte[] Mac(byte[] previous, AuditEntry entry) => HMACSHA256.HashData(key, (byte[])[.. previous, .. Canonical(entry)]);

    internal static byte[] Canonical(AuditEntry entry) => JsonSerializer.SerializeToUtf8Bytes(
        new CanonicalEntry(
            entry.Actor, entry.Approval, entry.Client, entry.Connection, entry.Decision, entry.Details, entry.Event, entry.Mandate, entry.Order, entry.Reason, entry.Scopes, entry.Seq,
            entry.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture), entry.Trace),
        s_canonical);
}

// In the order of the members' names.
internal sealed record CanonicalEntry(
    [property: JsonPropertyName("actor"), JsonPropertyOrder(1)] string? Actor,
    [property: JsonPropertyName("approval"), JsonPropertyOrder(2)] string? Approval,
    [property: JsonPropertyName("client"), JsonPropertyOrder(3)] string? Client,
    [property: JsonPropertyName("connection"), JsonPropertyOrder(4)] string? Connection,
    [property: JsonPropertyName("decision"), JsonPropertyOrder(5)] string Decision,
    [property: JsonPropertyName("details"), JsonPropertyOrder(6)] string? Details,
    [property: JsonPropertyName("event"), JsonPropertyOrder(7)] string Event,
    [property: JsonPropertyName("mandate"), JsonPropertyOrder(8)] string? Mandate,
    [property: JsonPropertyName("order"), JsonPropertyOrder(9)] string? Order,
    [property: JsonPropertyName("reason"), JsonPropertyOrder(10)] string? Reason,
    [property: JsonPropertyName("scopes"), JsonPropertyOrder(11)] string? Scopes,
    [property: JsonPropertyName("seq"), JsonPropertyOrder(12)] long Seq,
    [property: JsonPropertyName("time"), JsonPropertyOrder(13)] string Time,
    [property: JsonPropertyName("trace"), JsonPropertyOrder(14)] string? Trace);
