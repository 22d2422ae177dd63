using System.Text.Json;
using System.Text.Json.Nodes;

namespace StockMcp.Hosting.Flow;

/// <summary>
/// The last requests between the applications of a development system, for the page that shows them. It holds what may be shown and nothing else: what comes in here has lost its
/// secrets (<see cref="FlowRedaction"/>). There is one for all applications of the process, in Development alone.
/// </summary>
public sealed class FlowRecorder(TimeProvider time)
{
    /// <summary>How many requests are kept.</summary>
    public const int Most = 250;

    private readonly Lock gate = new();
    private readonly Queue<FlowCall> calls = new();
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long lastId;
    private long version;

    /// <summary>A request that has just come in.</summary>
    public FlowCall Begin(string from, string to, string method, string path, JsonObject request, IReadOnlyList<JsonObject> tokens)
    {
        lock (gate)
        {
            var call = new FlowCall { Id = ++lastId, From = from, To = to, Method = method, Path = path, At = time.GetUtcNow(), Started = time.GetTimestamp(), Request = request, Tokens = [.. tokens], Version = ++version };
            calls.Enqueue(call);
            while (calls.Count > Most) calls.Dequeue();
            Wake();
            return call;
        }
    }

    /// <summary>Its answer.</summary>
    public void End(FlowCall call, int status, string title, JsonObject response, IReadOnlyList<JsonObject> tokens)
    {
        ArgumentNullException.ThrowIfNull(call);
        lock (gate)
        {
            (call.Status, call.Title, call.Response, call.Milliseconds, call.Version) = (status, title, response, (long)time.GetElapsedTime(call.Started).TotalMilliseconds, ++version);
            call.Tokens.AddRange(tokens);
            Wake();
        }
    }

    /// <summary>Forgets all of it.</summary>
    public void Clear()
    {
        lock (gate)
        {
            calls.Clear();
            version++;
            Wake();
        }
    }

    /// <summary>Something else changed that the page shows.</summary>
    public void Touch()
    {
        lock (gate)
        {
            version++;
            Wake();
        }
    }

    /// <summary>What is new since a version, as JSON; the first that is still kept; the version that it leads to; and what to wait for.</summary>
    public (JsonArray Calls, long First, long Version, Task Changed) Since(long known)
    {
        lock (gate)
        {
            return (new JsonArray([.. calls.Where(call => call.Version > known).Select(call => JsonSerializer.SerializeToNode(call, FlowCall.Json))]), calls.TryPeek(out var first) ? first.Id : lastId + 1, version, changed.Task);
        }
    }

    private void Wake()
    {
        changed.TrySetResult();
        changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>A request and its answer, as the page shows them.</summary>
public sealed class FlowCall
{
    internal static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Its number.</summary>
    public required long Id { get; init; }

    /// <summary>Who sent it.</summary>
    public required string From { get; init; }

    /// <summary>Who answered it.</summary>
    public required string To { get; init; }

    /// <summary>The HTTP method.</summary>
    public required string Method { get; init; }

    /// <summary>The path, without a query.</summary>
    public required string Path { get; init; }

    /// <summary>When it came.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The status; 0 while it waits.</summary>
    public int Status { get; internal set; }

    /// <summary>What it is, in words.</summary>
    public string Title { get; internal set; } = "";

    /// <summary>How long it took.</summary>
    public long Milliseconds { get; internal set; }

    /// <summary>What was asked.</summary>
    public required JsonObject Request { get; init; }

    /// <summary>What was answered.</summary>
    public JsonObject? Response { get; internal set; }

    /// <summary>The tokens in it, decoded, without their signatures.</summary>
    public required List<JsonObject> Tokens { get; init; }

    internal long Started { get; init; }

    internal long Version { get; set; }
}
