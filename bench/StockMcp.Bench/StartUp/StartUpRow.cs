using System.Diagnostics;
using StockMcp.Bench.ToolCalls;

namespace StockMcp.Bench.StartUp;

/// <summary>From the start of the process to the first answered call, memory idle and under load, and its growth over many calls: the Server beside the C# SDK's sample.</summary>
internal static class StartUpRow
{
    private const int Rounds = 5;

    public static async Task RunAsync(Report report)
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

        await using var side = await ToolCallRow.StartOursAsync(issuer, data);
        await side.CallAsync();
        report.Add("start", "ours, memory idle, in MB", side.Memory());
        var memory = new List<double>();
        for (var round = 0; round < 6; round++)
        {
            await side.LoadAsync(connections: 32, seconds: 10);
            memory.Add(side.Memory());
        }
        report.Add("start", "ours, memory after each 10 s of load, in MB", string.Join(", ", memory.Select(megabytes => megabytes.ToString("0", System.Globalization.CultureInfo.InvariantCulture))));
        report.Add("start", "calls made", side.Throughput.Sum() * 10);
        Directory.Delete(data, recursive: true);
    }

    private static async Task<double> TimeAsync(Func<Task<Side>> start)
    {
        var started = Stopwatch.GetTimestamp();
        await using var side = await start();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }
}
