using System.Text.Json;
using System.Text.Json.Nodes;

namespace StockMcp.Doctor.Http;

/// <summary>How a request was answered, or why it was not. The body is not printed: it may hold tokens.</summary>
internal sealed class Answer
{
    private static readonly JsonDocumentOptions s_shallow = new() { MaxDepth = 64 };
    private readonly Lazy<JsonObject?> json;
    private readonly Lazy<JsonObject?> message;

    public Answer(Uri url)
    {
        Url = url;
        json = new(() => Parse(Body));
        message = new(() => Message(Body) ?? json.Value);
    }

    public Uri Url { get; }

    /// <summary>The HTTP status; 0 where there was no answer.</summary>
    public int Status { get; init; }

    /// <summary>Why there was no answer; <see langword="null"/> where there was one.</summary>
    public string? Problem { get; init; }

    public string MediaType { get; init; } = "";

    public string Body { get; init; } = "";

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Headers { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    public bool Answered => Problem is null;

    public bool IsRedirect => Status is 301 or 302 or 303 or 307 or 308;

    /// <summary>Where it sends the client; not followed.</summary>
    public Uri? Location => Header("Location") is { } location && Uri.TryCreate(Url, location, out var url) ? url : null;

    /// <summary>The body, if it is a JSON object.</summary>
    public JsonObject? Json => json.Value;

    /// <summary>The JSON-RPC message, alone or as the data of a server-sent event.</summary>
    public JsonObject? Rpc => message.Value;

    /// <summary>The OAuth error that the body names.</summary>
    public string? Error => Json.Text("error");

    /// <summary>Status and kind, in a few words.</summary>
    public string Said => Problem ?? (IsRedirect ? $"{Status} to {Foreign.Text(Location?.GetLeftPart(UriPartial.Path))}" : $"{Status}{(MediaType.Length == 0 ? "" : $" ({Foreign.Text(MediaType)})")}");

    /// <summary>Status, and the error that the body names.</summary>
    public string SaidWithError => Error is { } error ? $"{Status} {Foreign.Text(error)}: {Foreign.Text(Json.Text("error_description"))}" : Said;

    public string? Header(string name) => Headers.TryGetValue(name, out var values) ? values[0] : null;

    public override string ToString() => $"{Url.GetLeftPart(UriPartial.Path)}: {Said}";

    /// <summary>The response in a stream of events, once it has come.</summary>
    public static JsonObject? Message(string stream) => stream.ReplaceLineEndings("\n").Split("\n\n")
        .Select(entry => string.Concat(entry.Split('\n').Where(line => line.StartsWith("data:", StringComparison.Ordinal)).Select(line => line[5..])))
        .Where(data => data.Length > 0).Select(Parse).FirstOrDefault(data => data is not null && (data.ContainsKey("result") || data.ContainsKey("error")));

    private static JsonObject? Parse(string text)
    {
        try
        {
            return text.AsSpan().TrimStart().StartsWith("{") ? JsonNode.Parse(text, documentOptions: s_shallow) as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Reads foreign JSON: a member of another kind is a member that is not there.</summary>
internal static class JsonReading
{
    public static string? Text(this JsonNode? node, string member) => (node as JsonObject)?[member] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public static long? Number(this JsonNode? node, string member) => (node as JsonObject)?[member] is JsonValue value && value.TryGetValue<double>(out var number) ? (long)number : null;

    public static bool? Flag(this JsonNode? node, string member) => (node as JsonObject)?[member] is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;

    /// <summary>A list of texts; <see langword="null"/> where there is none.</summary>
    public static IReadOnlyList<string>? Texts(this JsonNode? node, string member)
        => (node as JsonObject)?[member] is JsonArray array ? [.. array.Select(item => item is JsonValue value && value.TryGetValue<string>(out var text) ? text : null).OfType<string>()] : null;
}
