using System.Diagnostics;
using System.Net.Http.Headers;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Bench.Portfolio;

/// <summary>
/// Protected <c>get_portfolio</c>, warm, beside the same questions to the Brokerage without MCP: how much time the way through the Server adds. Each application is a process of its own. One call
/// after the other, since at saturation a time says how long the queue is.
/// </summary>
internal static class PortfolioRow
{
    private const int Rounds = 7;
    private const int Calls = 400;

    public static async Task RunAsync(Report report)
    {
        await using var processes = await SeparateProcesses.StartInAsync(Environments.Staging, options => options with { BrokerageSettings = BrokerageApp.Settings, ServerSettings = Limitless.Server }, "Server", "Authority", "Brokerage");
        var system = processes.System;
        using var alice = Person.Alice(system);
        using var agent = await AgentCalls.ConnectAsync(system, alice, "portfolio:read");
        using var direct = new HttpClient { BaseAddress = system.Running.Brokerage.Url };
        direct.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await BrokerageApp.ConnectAsync(system, alice)).AccessToken);

        List<double> through = [], without = [], added50 = [], added99 = [];
        for (var round = -1; round < Rounds; round++)
        {
            var with = await TimeAsync(() => agent.CallAsync("get_portfolio"));
            var bare = await TimeAsync(() => Task.WhenAll(direct.GetStringAsync("v2/account"), direct.GetStringAsync("v2/positions"), direct.GetStringAsync("v2/clock")));
            if (round < 0) continue; // the first one warms both
            through.Add(Measured.Quantile(with, 0.5));
            without.Add(Measured.Quantile(bare, 0.5));
            added50.Add(Measured.Quantile(with, 0.5) - Measured.Quantile(bare, 0.5));
            added99.Add(Measured.Quantile(with, 0.99) - Measured.Quantile(bare, 0.99));
        }
        report.Add("portfolio", "through the Server, p50 in ms", new Measured(through));
        report.Add("portfolio", "the Brokerage alone, p50 in ms", new Measured(without));
        report.Add("portfolio", "added at p50, in ms", new Measured(added50));
        report.Add("portfolio", "added at p99, in ms", new Measured(added99));
    }

    private static async Task<List<double>> TimeAsync(Func<Task> call)
    {
        var times = new List<double>(Calls);
        for (var number = 0; number < Calls; number++)
        {
            var started = Stopwatch.GetTimestamp();
            await call();
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        return times;
    }
}
