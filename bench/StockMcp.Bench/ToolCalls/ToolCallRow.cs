using System.Text.Json.Nodes;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;

namespace StockMcp.Bench.ToolCalls;

/// <summary>Protected <c>tools/call get_quote</c>, warm: ours beside (a) Kestrel alone, (b) the C# SDK's protected sample, (c) the TypeScript SDK, (d) FastMCP. 32 connections, one token, no upstream call.</summary>
internal static class ToolCallRow
{
    private const int Connections = 32;
    private const int Rounds = 5;
    private const int Seconds = 4;

    public static async Task RunAsync(Report report)
    {
        await using var issuer = await Issuer.StartAsync();
        var data = Directory.CreateTempSubdirectory("stockmcp-bench-").FullName;
        await using var ours = await StartOursAsync(issuer, data);
        var (contentType, answer) = await ours.CallAsync();
        // What the other sides answer is what ours answered.
        var result = JsonNode.Parse(answer.Split('\n').Select(line => line.StartsWith("data:", StringComparison.Ordinal) ? line[5..] : line).First(line => line.TrimStart().StartsWith('{')))!["result"]!.ToJsonString();
        await using var bare = await StartPeerAsync("(a) Kestrel alone", issuer, "bare", contentType, answer);
        await using var sdk = await StartSampleAsync(issuer, result);
        await using var typeScript = await StartScriptAsync("(c) TypeScript SDK", issuer, "typescript.mjs", result);
        await using var fastMcp = await StartScriptAsync("(d) FastMCP", issuer, "fastmcp.mjs", result);
        Side[] sides = [ours, bare, sdk, typeScript, fastMcp];
        foreach (var side in sides)
        {
            var price = (await side.CallAsync()).Text;
            if (!price.Contains("71.5", StringComparison.Ordinal)) throw new InvalidOperationException($"{side.Name} does not answer the price: {price}");
            await side.LoadAsync(Connections, Seconds, keep: false);
        }

        for (var round = 0; round < Rounds; round++)
        {
            foreach (var side in sides) await side.LoadAsync(Connections, Seconds);
        }

        const string Row = "tool-call";
        foreach (var side in sides)
        {
            report.Add(Row, $"{side.Name}, calls a second", new Measured(side.Throughput));
            report.Add(Row, $"{side.Name}, p99 in ms", new Measured(side.P99));
            report.Add(Row, $"{side.Name}, cores of server and driver", $"{new Measured(side.ServerCores).Median:0.00} and {new Measured(side.DriverCores).Median:0.00}");
        }
        foreach (var side in sides.Skip(1)) report.Add(Row, $"ours / {side.Name}", new Measured(ours.Throughput).Median / new Measured(side.Throughput).Median);
        Directory.Delete(data, recursive: true);
    }

    /// <summary>Loads ours alone for half a minute, for a profiler: dotnet-trace collect -p ID.</summary>
    public static async Task ProfileAsync(Report report)
    {
        await using var issuer = await Issuer.StartAsync();
        var data = Directory.CreateTempSubdirectory("stockmcp-bench-").FullName;
        await using var ours = await StartOursAsync(issuer, data);
        Console.WriteLine($"process {ours.ProcessId}");
        await ours.LoadAsync(Connections, 30);
        report.Add("profile", "calls a second", ours.Throughput[0]);
        Directory.Delete(data, recursive: true);
    }

    /// <summary>The Server as it is deployed, but for the limit of calls for each person, since one person makes all of them here.</summary>
    public static Task<Side> StartOursAsync(Issuer issuer, string data)
    {
        var url = Loopback();
        return Side.StartAsync("ours", new Uri(url, "mcp"), issuer.TokenFor(new Uri(url, "mcp").AbsoluteUri), "dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "StockMcp.Server.dll"), $"--Urls={url}", $"--PublicUrl={url.GetLeftPart(UriPartial.Authority)}", $"--DataDirectory={data}", $"--Authority:Issuer={issuer.Url}", $"--Authority:ClientSecret={new string('b', 64)}",
            $"--TradingApi:BaseUrl={issuer.Url}", "--Limits:BurstPerPerson=1000000", "--Limits:CallsPerMinuteAndPerson=10000000",
        ], "Application started");
    }

    public static Task<Side> StartSampleAsync(Issuer issuer, string result = """{"content":[]}""") => StartPeerAsync("(b) C# SDK's sample", issuer, "sdk", issuer.Url, result);

    private static Task<Side> StartPeerAsync(string name, Issuer issuer, params string[] arguments)
    {
        var url = Loopback();
        return Side.StartAsync(name, new Uri(url, "mcp"), issuer.TokenFor(new Uri(url, "mcp").AbsoluteUri), "dotnet", [Path.Combine(AppContext.BaseDirectory, "StockMcp.Bench.dll"), "peer", arguments[0], url.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), .. arguments[1..]]);
    }

    private static Task<Side> StartScriptAsync(string name, Issuer issuer, string script, string result)
    {
        var url = Loopback();
        var peers = Path.Combine(Toolbox.Repository, "bench", "peers");
        return Side.StartAsync(name, new Uri(url, "mcp"), issuer.TokenFor(new Uri(url, "mcp").AbsoluteUri), Path.Combine(peers, "node_modules", ".bin", "node"), [Path.Combine(peers, script), url.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), issuer.Url, result]);
    }

    private static Uri Loopback() => new($"http://localhost:{FreePorts.Take()}/");
}
