using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace StockMcp.Bench;

/// <summary>Prints each figure as it comes, and keeps all of them: as JSON, and as a table for people.</summary>
internal sealed class Report
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };
    private readonly Dictionary<string, Dictionary<string, object>> rows = [];
    private readonly StringBuilder table = new("| row | figure | measured |\n| --- | --- | --- |\n");

    public static string Machine { get; } = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores ({Processor()}), {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1 << 30)} GiB, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}");

    /// <summary>Runs a row, and notes how long it took and how busy the machine was with anything at all.</summary>
    public async Task RunAsync(string row, Func<Report, Task> run)
    {
        var started = Stopwatch.GetTimestamp();
        await run(this);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row}: took {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s; load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]}"));
    }

    public void Add(string row, string name, object value)
    {
        (rows.TryGetValue(row, out var figures) ? figures : rows[row] = [])[name] = value is Measured measured ? new { measured.Min, measured.Median, measured.Max, measured.Rounds } : value;
        var text = value is double number ? number.ToString("0.###", CultureInfo.InvariantCulture) : value.ToString();
        table.Append(CultureInfo.InvariantCulture, $"| `{row}` | {name} | {text} |\n");
        Console.WriteLine($"{row}: {name}: {text}");
    }

    public void Write(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "bench.json"), JsonSerializer.Serialize(new { Machine, At = TimeProvider.System.GetUtcNow(), Rows = rows }, s_json));
        File.WriteAllText(Path.Combine(folder, "bench.md"), table.ToString());
        Console.WriteLine($"\n{table}\nartifacts/bench.json, artifacts/bench.md");
    }

    private static string Processor()
        => File.Exists("/proc/cpuinfo") && File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) is { } line ? line.Split(':')[1].Trim() : RuntimeInformation.ProcessArchitecture.ToString();
}
