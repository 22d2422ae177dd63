using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace StockMcp.Bench;

/// <summary>Prints each figure as it comes, and keeps all of them as JSON.</summary>
internal sealed class Report
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };
    private readonly Dictionary<string, Dictionary<string, object>> rows = [];

    public static string Machine { get; } = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores ({Processor()}), {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1 << 30)} GiB, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}");

    public void Add(string row, string name, object value)
    {
        (rows.TryGetValue(row, out var figures) ? figures : rows[row] = [])[name] = value is Measured measured ? new { measured.Min, measured.Median, measured.Max, measured.Rounds } : value;
        Console.WriteLine($"{row}: {name}: {(value is double number ? number.ToString("0.###", CultureInfo.InvariantCulture) : value)}");
    }

    public void Write(string file) => File.WriteAllText(file, JsonSerializer.Serialize(new { Machine, At = TimeProvider.System.GetUtcNow(), Rows = rows }, s_json));

    private static string Processor()
        => File.Exists("/proc/cpuinfo") && File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) is { } line ? line.Split(':')[1].Trim() : RuntimeInformation.ProcessArchitecture.ToString();
}
