using System.Diagnostics;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Bench.Approvals;

/// <summary>From the person's tap on Approve until the waiting tool has answered with the placed order: over the Authority, both exchanges and the Brokerage, each a process of its own.</summary>
internal static class ApprovalRow
{
    private const int Rounds = 20;

    public static async Task RunAsync(Report report)
    {
        await using var processes = await SeparateProcesses.StartAsync(options => options with { ServerSettings = Limitless.Server }, "Server", "Authority", "Brokerage");
        var system = processes.System;
        using var alice = Person.Alice(system);
        using var agent = await AgentCalls.ConnectAsync(system, alice, "portfolio:read orders:read orders:write");
        var times = new List<double>();
        for (var round = -3; round < Rounds; round++)
        {
            var asked = await agent.CallAsync("place_order", new { symbol = "WAYNE", side = "buy", quantity = "1", order_type = "limit", limit_price = $"{50 + round}.25", wait_seconds = 0 });
            var pending = asked["structuredContent"]!;
            var url = new Uri((pending["approval_url"] ?? throw new InvalidOperationException(asked.ToJsonString())).GetValue<string>());
            using var tap = await alice.FillInUntilAsync(url, page => page.Contains(">Approve<", StringComparison.Ordinal));
            var waiting = agent.CallAsync("wait_for_order_approval", new { approval_id = pending["approval_id"]!.GetValue<string>(), wait_seconds = 30 });
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System); // the tool waits, as it does when a person reads
            var started = Stopwatch.GetTimestamp();
            var tapped = alice.SendAsync(tap);
            var answer = (await waiting)["structuredContent"]!;
            var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            (await tapped).Dispose();
            if (answer["status"]!.GetValue<string>() != "placed") throw new InvalidOperationException(answer.ToJsonString());
            if (round >= 0) times.Add(elapsed); // the first three warm all of it
        }
        report.Add("approval", "from the tap to the tool's answer, in ms", new Measured(times));
    }
}
