using System.Diagnostics;
using System.Globalization;
using StockMcp.Bench.ToolCalls;

namespace StockMcp.Bench.StartUp;

/// <summary>From the start of the process until it serves, memory idle and under load, and its growth over many calls: the Server beside the C# SDK's sample.</summary>
internal static class StartUpRow
{
    private const int Rounds = 5;
    private const int Slices = 10;

    public static async Task RunAsync(Report report, int calls)
    {
        await using var issuer = await Issuer.StartAsync();
        var data = Directory.CreateTempSubdirectory("stockmcp-bench-").FullName;
        List<double> ours = [], sample = [];
        for (var round = 0; round < Rounds; round++)
        {
            ours.Add(await TimeAsync(() => ToolCallRow.StartOursAsync(issuer, data)));
            sample.Add(await TimeAsync(() => ToolCallRow.StartSampleAsync(issuer)));
        }
        report.Add("start", "ours, ready in ms", new Measured(ours));
        report.Add("start", "(b) C# SDK's sample, ready in ms", new Measured(sample));

        await using var server = await ToolCallRow.StartOursAsync(issuer, data);
        await using var peer = await ToolCallRow.StartSampleAsync(issuer);
        Watched[] sides = [new(server), new(peer)];
        foreach (var side in sides)
        {
            await side.Side.CallAsync();
            report.Add("start", $"{side.Side.Name}, memory after one call, in MB", side.Side.Memory());
        }
        // In turns, so that what else the machine does is the same for both.
        for (var slice = 1; slice <= Slices; slice++)
        {
            foreach (var side in sides)
            {
                while (side.Calls < (double)calls * slice / Slices) side.Calls += await side.Side.LoadAsync(connections: 32, seconds: 2, keep: false);
                side.Memory.Add(side.Side.Memory());
            }
        }
        foreach (var side in sides)
        {
            report.Add("start", $"{side.Side.Name}, memory after each tenth of {side.Calls.ToString("#,0", CultureInfo.InvariantCulture)} calls, in MB", string.Join(", ", side.Memory.Select(megabytes => megabytes.ToString("0", CultureInfo.InvariantCulture))));
        }
        Directory.Delete(data, recursive: true);
    }

    private static async Task<double> TimeAsync(Func<Task<Side>> start)
    {
        var started = Stopwatch.GetTimestamp();
        await using var side = await start();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private sealed class Watched(Side side)
    {
        public Side Side => side;

        public double Calls { get; set; }

        public List<double> Memory { get; } = [];
    }
}
