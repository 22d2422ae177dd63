using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace StockMcp.ResourceServer.Observability;

/// <summary>Traces and metrics of this server.</summary>
internal sealed class Telemetry : IDisposable
{
    public const string Name = "StockMcp.Server";

    public static readonly ActivitySource Activities = new(Name);

    private readonly Meter meter;
    private readonly Counter<long> upstreamTokens;
    private readonly Counter<long> exchanges;
    private readonly Histogram<double> toolCalls;
    private readonly Counter<long> orders;

    public Telemetry(IMeterFactory meters)
    {
        meter = meters.Create(Name);
        upstreamTokens = meter.CreateCounter<long>("stockmcp.upstream_tokens", description: "Upstream tokens handed out, by where they came from: memory, redis, exchange.");
        exchanges = meter.CreateCounter<long>("stockmcp.token_exchanges", description: "Token exchanges, by outcome.");
        orders = meter.CreateCounter<long>("stockmcp.orders", description: "Approved orders, by what became of them.");
        toolCalls = meter.CreateHistogram<double>("stockmcp.tool_calls", "ms", "Tool calls, by tool and outcome.");
    }

    public void UpstreamToken(string source) => upstreamTokens.Add(1, new KeyValuePair<string, object?>("source", source));

    public void Exchange(string outcome) => exchanges.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void Order(string outcome) => orders.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void ToolCall(string tool, string outcome, TimeSpan elapsed) => toolCalls.Record(elapsed.TotalMilliseconds, new("tool", tool), new("outcome", outcome));

    public void Dispose() => meter.Dispose();
}
