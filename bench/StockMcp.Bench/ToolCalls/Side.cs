using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using StockMcp.Testing.ForeignClients;

namespace StockMcp.Bench.ToolCalls;

/// <summary>One server under load, in a process of its own.</summary>
internal sealed class Side : IAsyncDisposable
{
    public const string Body = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_quote","arguments":{"symbol":"WAYNE"}}}""";
    private readonly Process process;
    private readonly string token;

    private Side(string name, Uri url, string token, Process process) => (Name, Url, this.token, this.process) = (name, url, token, process);

    public string Name { get; }

    public Uri Url { get; }

    public int ProcessId => process.Id;

    /// <summary>Calls a second.</summary>
    public List<double> Throughput { get; } = [];

    /// <summary>The slowest hundredth begins here, in milliseconds.</summary>
    public List<double> P99 { get; } = [];

    /// <summary>Share of one core that the server took, then the driver.</summary>
    public List<double> ServerCores { get; } = [];

    public List<double> DriverCores { get; } = [];

    public static async Task<Side> StartAsync(string name, Uri url, string token, string program, IEnumerable<string> arguments, string ready = "ready")
    {
        var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, WorkingDirectory = Toolbox.Repository })!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!line.Contains(ready, StringComparison.Ordinal)) continue;
            _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
            return new Side(name, url, token, process);
        }
        throw new InvalidOperationException($"{name} ended before it was ready.");
    }

    /// <summary>What it answers: content type, and the bytes.</summary>
    public async Task<(string ContentType, string Text)> CallAsync()
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, Url) { Content = new StringContent(Body, new MediaTypeHeaderValue("application/json")) };
        request.Headers.Authorization = new("Bearer", token);
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        request.Headers.Add("MCP-Protocol-Version", "2025-11-25");
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? (response.Content.Headers.ContentType!.ToString(), text) : throw new InvalidOperationException($"{Name} answered {(int)response.StatusCode}: {text}");
    }

    /// <summary>Loads it for so many seconds.</summary>
    /// <returns>How many calls it answered.</returns>
    public async Task<double> LoadAsync(int connections, int seconds, bool keep = true)
    {
        var start = new ProcessStartInfo("wrk", ["-t1", $"-c{connections}", $"-d{seconds}s", "-s", Path.Combine(Toolbox.Repository, "bench", "call.lua"), Url.AbsoluteUri]) { UseShellExecute = false, RedirectStandardOutput = true };
        (start.Environment["BENCH_TOKEN"], start.Environment["BENCH_BODY"]) = (token, Body);
        process.Refresh();
        // The driver is gone when its time is asked for: the kernel adds it to that of this process's ended children.
        var (before, children, clock) = (process.TotalProcessorTime, ProcessTime.OfEndedChildren(), Stopwatch.StartNew());
        using var wrk = Process.Start(start)!;
        var output = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        var (elapsed, driver) = (clock.Elapsed, ProcessTime.OfEndedChildren() - children);
        process.Refresh();
        var json = JsonDocument.Parse(output.Split('\n').First(line => line.StartsWith("JSON ", StringComparison.Ordinal))[5..]).RootElement;
        if (json.GetProperty("errors").GetInt64() != 0) throw new InvalidOperationException($"{Name} failed under load: {output}");
        if (!keep) return json.GetProperty("requests").GetDouble();
        Throughput.Add(json.GetProperty("requests").GetDouble() / json.GetProperty("microseconds").GetDouble() * 1e6);
        P99.Add(json.GetProperty("p99").GetDouble() / 1000);
        ServerCores.Add((process.TotalProcessorTime - before) / elapsed);
        DriverCores.Add(driver / elapsed);
        return json.GetProperty("requests").GetDouble();
    }

    /// <summary>Its resident memory, in MB.</summary>
    public double Memory()
    {
        process.Refresh();
        return process.WorkingSet64 / 1e6;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} on {Url}");
}
