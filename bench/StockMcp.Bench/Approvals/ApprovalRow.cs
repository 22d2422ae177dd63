using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.ApprovalNotices;
using StockMcp.Authority.Approvals;
using StockMcp.Bench.Seeding;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Bench.Approvals;

/// <summary>
/// From the person's tap on Approve until the waiting tool has answered with the placed order: over the Authority, both exchanges and the Brokerage, each a process of its own. In turns with no other
/// approval pending, and with a thousand of other people.
/// </summary>
internal static class ApprovalRow
{
    private const int Rounds = 10;
    private const int Others = 1_000;
    private const string Seeded = """{"seeded":true}""";

    public static async Task RunAsync(Report report)
    {
        await using var processes = await SeparateProcesses.StartInAsync(Environments.Staging, options => options with { ServerSettings = Limitless.Server }, "Server", "Authority", "Brokerage");
        var system = processes.System;
        await using var population = Population.Of(processes);
        using var alice = Person.Alice(system);
        using var agent = await AgentCalls.ConnectAsync(system, alice, "portfolio:read orders:read orders:write");
        List<double> alone = [], among = [];
        for (var round = -2; round < 2 * Rounds; round++)
        {
            var crowded = round % 2 != 0;
            var asked = await agent.CallAsync("place_order", new { symbol = "WAYNE", side = "buy", quantity = "1", order_type = "limit", limit_price = $"{50 + round}.25", wait_seconds = 0 });
            var pending = asked["structuredContent"]!;
            var url = new Uri((pending["approval_url"] ?? throw new InvalidOperationException(asked.ToJsonString())).GetValue<string>());
            if (crowded) await CrowdAsync(population, pending["approval_id"]!.GetValue<string>(), first: round == -1);
            using var tap = await alice.FillInUntilAsync(url, page => page.Contains(">Approve<", StringComparison.Ordinal));
            var waiting = agent.CallAsync("wait_for_order_approval", new { approval_id = pending["approval_id"]!.GetValue<string>(), wait_seconds = 30 });
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System); // the tool waits, as it does when a person reads
            var started = Stopwatch.GetTimestamp();
            var tapped = alice.SendAsync(tap);
            var answer = (await waiting)["structuredContent"]!;
            var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            (await tapped).Dispose();
            if (answer["status"]!.GetValue<string>() != "placed") throw new InvalidOperationException(answer.ToJsonString());
            if (round >= 0) (crowded ? among : alone).Add(elapsed); // the first ones warm all of it
            // Nobody is asked more than thirty times in an hour.
            await population.WithAsync((database, _) => database.Set<Approval>().Where(approval => approval.Context == Seeded || approval.State == ApprovalState.Placed).ExecuteDeleteAsync());
        }
        report.Add("approval", "from the tap to the tool's answer, in ms", new Measured(alone));
        report.Add("approval", $"the same with {Others} more pending, in ms", new Measured(among));
    }

    // As if they had come one after the other in the last five minutes.
    private static async Task CrowdAsync(Population population, string like, bool first)
    {
        var now = TimeProvider.System.GetUtcNow();
        var id = await population.IdAsync(1);
        var real = $"upper(\"Id\") = '{like.ToUpperInvariant()}'";
        if (first) await population.CopyAsync<Authority.SignIn.Person>("\"DisplayName\" IS NOT NULL", 1, Others, ("Id", id));
        await population.CopyAsync<Approval>(real, 1, Others,
            ("Id", id), ("PersonId", id), ("AuthReqIdHash", "'seeded-' || i"), ("PendingKey", "'seeded-' || i"), ("Context", $"'{Seeded}'"),
            ("RequestedAt", $"{now.UtcTicks} - (i % 300) * {TimeSpan.TicksPerSecond}"), ("ChangedAt", $"{now.UtcTicks} - (i % 300) * {TimeSpan.TicksPerSecond}"), ("ExpiresAt", $"{now.AddMinutes(5).UtcTicks}"));
        // Whoever was asked some time ago was told, too.
        await population.WithAsync<int>(async (database, _) =>
        {
            foreach (var approval in await database.Set<Approval>().Where(approval => approval.Context == Seeded).Select(approval => approval.Id).ToListAsync())
            {
                database.AddRange(Enum.GetValues<NoticeChannel>().Select(channel => new ApprovalNotice { ApprovalId = approval, Channel = channel, Attempts = 1, NextAt = now, DoneAt = now }));
            }
            return await database.SaveChangesAsync();
        });
    }
}
