using System.Diagnostics;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Bench.ColdStorm;

/// <summary>Five hundred first calls of one person at once, over two Servers and two Authorities with PostgreSQL and Redis, beside a single first call. All copies share this process, and its two cores.</summary>
internal static class ColdStormRow
{
    private const int Calls = 500;

    public static async Task RunAsync(Report report)
    {
        await using var copies = await ManyCopies.StartAsync();
        var system = copies.System;
        using var alice = Person.Alice(system);
        using var first = await AgentCalls.ConnectAsync(system, alice, "portfolio:read");
        await first.CallAsync("get_account"); // the code is compiled
        using var second = await AgentCalls.ConnectAsync(system, alice, "portfolio:read");
        var single = await TimeAsync(second);
        using var third = await AgentCalls.ConnectAsync(system, alice, "portfolio:read");
        var before = Exchanges(system);
        var times = await Task.WhenAll(Enumerable.Range(0, Calls).Select(_ => TimeAsync(third)));
        report.Add("cold-storm", "a single cold call, in ms", single);
        report.Add("cold-storm", $"the slowest of {Calls}, in ms", times.Max());
        report.Add("cold-storm", "exchanges", (double)(Exchanges(system) - before));
    }

    private static async Task<double> TimeAsync(AgentCalls agent)
    {
        var started = Stopwatch.GetTimestamp();
        var answer = await agent.CallAsync("get_account");
        if (answer["isError"]?.GetValue<bool>() == true) throw new InvalidOperationException(answer.ToJsonString());
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static int Exchanges(StockMcpSystem system) => system.Authority.Requests.Count(request => request.Path == "/connect/token" && request.Answer.Contains("issued_token_type", StringComparison.Ordinal));
}
