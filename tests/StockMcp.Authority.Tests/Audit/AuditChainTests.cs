using System.Text;
using StockMcp.Authority.Audit;
using StockMcp.Testing.Harness;

namespace StockMcp.Authority.Tests.Audit;

/// <summary>The chain holds against whoever has the database and not the master secret.</summary>
public sealed class AuditChainTests
{
    private const string All = """ "Time", "Event", "Decision", "Reason", "Actor", "Client", "Connection", "Scopes", "Trace", "Mac" """;

    [Fact, Trait("Requirement", "AU-02")]
    public async Task Fifty_writers_over_two_copies_leave_no_gap_and_no_fork()
    {
        await using var log = await TestLog.StartAsync();
        using var first = log.Copy();
        using var second = log.Copy();

        await Task.WhenAll(Enumerable.Range(0, 50).Select(writer => Task.Run(async () =>
        {
            for (var number = 0; number < 6; number++) await (writer % 2 == 0 ? first : second).AppendAsync(new AuditRecord(AuditEvents.Exchange) { Client = $"writer-{writer}", Reason = $"{number}" });
        })));

        var entries = await log.EntriesAsync();
        entries.Select(entry => entry.Seq).Should().Equal(Enumerable.Range(1, 300).Select(number => (long)number));
        entries.GroupBy(entry => entry.Client).Should().HaveCount(50).And.OnlyContain(writer => writer.Select(entry => entry.Reason!).SequenceEqual(new[] { "0", "1", "2", "3", "4", "5" }), "each writer's entries are in the order in which it wrote them");
        (await log.VerifyAsync()).Should().Match<AuditVerdict>(verdict => verdict.IsWhole);
    }

    [Theory, Trait("Requirement", "AU-02")]
    [InlineData("edit", 4, """UPDATE "AuditEntries" SET "Client" = 'somebody-else' WHERE "Seq" = 4""")]
    [InlineData("edit of the time", 4, """UPDATE "AuditEntries" SET "Time" = "Time" + 1 WHERE "Seq" = 4""")]
    [InlineData("delete", 4, """DELETE FROM "AuditEntries" WHERE "Seq" = 4""")]
    [InlineData("delete of the first", 1, """DELETE FROM "AuditEntries" WHERE "Seq" = 1""")]
    [InlineData("delete, and the rest moved up", 4, """DELETE FROM "AuditEntries" WHERE "Seq" = 4""", """UPDATE "AuditEntries" SET "Seq" = -"Seq" WHERE "Seq" > 4""", """UPDATE "AuditEntries" SET "Seq" = -"Seq" - 1 WHERE "Seq" < 0""", """UPDATE "AuditHead" SET "Seq" = 9""")]
    [InlineData("insert", 4, """UPDATE "AuditEntries" SET "Seq" = -"Seq" WHERE "Seq" >= 4""", """UPDATE "AuditEntries" SET "Seq" = -"Seq" + 1 WHERE "Seq" < 0""", "INSERT INTO \"AuditEntries\" (\"Seq\", " + All + ") SELECT 4, " + All + " FROM \"AuditEntries\" WHERE \"Seq\" = 3", """UPDATE "AuditHead" SET "Seq" = 11""")]
    [InlineData("insert at the end", 11, "INSERT INTO \"AuditEntries\" (\"Seq\", " + All + ") SELECT 11, " + All + " FROM \"AuditEntries\" WHERE \"Seq\" = 10", """UPDATE "AuditHead" SET "Seq" = 11""")]
    [InlineData("reorder", 4, """UPDATE "AuditEntries" SET "Seq" = -4 WHERE "Seq" = 4""", """UPDATE "AuditEntries" SET "Seq" = 4 WHERE "Seq" = 7""", """UPDATE "AuditEntries" SET "Seq" = 7 WHERE "Seq" = -4""")]
    [InlineData("cut tail", 8, """DELETE FROM "AuditEntries" WHERE "Seq" > 7""")]
    public async Task The_first_entry_that_is_not_as_it_was_written_is_named(string what, long firstBad, params string[] statements)
    {
        await using var log = await TestLog.StartAsync();
        await log.WriteAsync(10);
        (await log.VerifyAsync()).IsWhole.Should().BeTrue();

        await log.TamperAsync(statements);

        (await log.VerifyAsync()).FirstBad.Should().Be(firstBad, what);
    }

    [Fact, Trait("Requirement", "AU-02")]
    public async Task A_tail_that_was_cut_with_all_that_tells_of_it_shows_against_a_checkpoint_that_was_kept_elsewhere()
    {
        await using var log = await TestLog.StartAsync();
        await log.WriteAsync(10);
        await log.Checkpoints.SignAsync(CancellationToken.None);
        var kept = log.LoggedCheckpoint();
        kept.Seq.Should().Be(10);
        (await log.VerifyAsync(kept)).IsWhole.Should().BeTrue();

        await log.TamperAsync(
            """DELETE FROM "AuditEntries" WHERE "Seq" > 7""", """DELETE FROM "AuditCheckpoints" """,
            """UPDATE "AuditHead" SET "Seq" = 7, "Mac" = (SELECT "Mac" FROM "AuditEntries" WHERE "Seq" = 7)""");

        (await log.VerifyAsync()).IsWhole.Should().BeTrue("nothing in the database tells");
        (await log.VerifyAsync(kept)).Should().Match<AuditVerdict>(verdict => verdict.FirstBad == 8 && verdict.Words.Contains("cut off"));
        await log.WriteAsync(5);
        (await log.VerifyAsync(kept)).FirstBad.Should().BeOneOf([8, 10], "what was written since does not hide it");
    }

    [Fact, Trait("Requirement", "AU-02")]
    public async Task A_checkpoint_that_nobody_signed_proves_nothing()
    {
        await using var log = await TestLog.StartAsync();
        await log.WriteAsync(3);
        await log.Checkpoints.SignAsync(CancellationToken.None);
        var kept = log.LoggedCheckpoint();

        (await log.VerifyAsync(kept with { Seq = 2 })).Words.Should().Contain("not signed");
        (await log.VerifyAsync(kept with { Time = kept.Time.AddDays(-900) })).Words.Should().Contain("not signed");
    }

    [Fact, Trait("Requirement", "AU-02")]
    public async Task After_a_hundred_entries_the_end_is_signed_without_waiting()
    {
        await using var log = await TestLog.StartAsync();
        await log.Checkpoints.StartAsync(CancellationToken.None);

        await log.WriteAsync(100);

        while (!log.Logs.Lines.Any(line => line.Text.StartsWith("Audit checkpoint 100.", StringComparison.Ordinal))) await Task.Delay(20);
        await log.Checkpoints.StopAsync(CancellationToken.None);
        (await log.VerifyAsync(log.LoggedCheckpoint())).IsWhole.Should().BeTrue();
    }

    [Fact, Trait("Requirement", "DM-01")]
    public async Task Entries_are_kept_for_two_years_and_the_rest_of_the_chain_stays_whole()
    {
        var clock = new ShiftedClock();
        await using var log = await TestLog.StartAsync(clock);
        await log.WriteAsync(5);
        await log.Checkpoints.SignAsync(CancellationToken.None);
        await log.WriteAsync(3);
        clock.Advance(TimeSpan.FromDays(700));
        await log.Checkpoints.SignAsync(CancellationToken.None);
        (await log.EntriesAsync()).Should().HaveCount(8);

        await log.WriteAsync(2);
        clock.Advance(TimeSpan.FromDays(40));
        await log.Checkpoints.SignAsync(CancellationToken.None);

        (await log.EntriesAsync()).Select(entry => entry.Seq).Should().Equal(6, 7, 8, 9, 10);
        (await log.VerifyAsync()).IsWhole.Should().BeTrue();
        await log.TamperAsync("""DELETE FROM "AuditEntries" WHERE "Seq" <= 8""");
        (await log.VerifyAsync()).FirstBad.Should().Be(1, "that checkpoint is not old enough to begin at");
    }

    [Fact, Trait("Requirement", "AU-02")]
    public void What_is_chained_is_the_entry_as_json_in_one_spelling()
    {
        var entry = new AuditEntry { Seq = 7, Time = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.FromHours(1)), Event = "exchange", Decision = "allowed", Client = "https://agent.example/<é>&\"", Scopes = "a b", Mac = [] };

        Encoding.UTF8.GetString(AuditChain.Canonical(entry)).Should().Be(
            """{"client":"https://agent.example/<é>&\"","decision":"allowed","event":"exchange","scopes":"a b","seq":7,"time":"2026-03-01T11:00:00.0000000Z"}""");
    }
}
