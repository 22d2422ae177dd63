using System.Text.Json;
using System.Text.Json.Nodes;
using StockMcp.ResourceServer.Elicitation;

namespace StockMcp.ResourceServer.StrictJson;

/// <summary>What is decided upon before MCP reads the message: the same bytes, read strictly (RS-09, RS-10).</summary>
/// <param name="Id">The request's id: a string, a number or nothing.</param>
/// <param name="Method">The method; <see langword="null"/> in an answer.</param>
/// <param name="Name">The tool, prompt or resource that it is about.</param>
/// <param name="ProtocolVersion">The revision that the body declares.</param>
internal sealed record McpMessage(JsonNode? Id, string? Method, string? Name, string? ProtocolVersion)
{
    public const int DeepestNesting = 32;

    /// <summary>Whether it begins a connection of a client that can open URLs for its person.</summary>
    public bool DeclaresUrlElicitation { get; init; }

    private static readonly JsonDocumentOptions s_strict = new() { MaxDepth = DeepestNesting, AllowDuplicateProperties = false, CommentHandling = JsonCommentHandling.Disallow };
    private static readonly string[] s_envelope = ["jsonrpc", "id", "method", "params", "result", "error"];
    private static readonly string[] s_parameters = ["name", "arguments", "_meta", "uri", "protocolVersion", "cursor", "requestState", "inputResponses"];

    /// <exception cref="StrictJsonException">It is no single JSON-RPC message that can be read in one way only.</exception>
    public static McpMessage Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, s_strict);
            return Read(document.RootElement);
        }
        catch (JsonException exception)
        {
            throw new StrictJsonException(JsonRpcRefusal.ParseError, $"The body is not JSON that names each member once and is nested at most {DeepestNesting} deep.", exception);
        }
        catch (InvalidOperationException exception)
        {
            throw new StrictJsonException(JsonRpcRefusal.ParseError, "The body has a text that is not Unicode: bytes that are no UTF-8, or half of a surrogate pair.", exception);
        }
    }

    private static McpMessage Read(JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.Array) throw Invalid("Batches are not served: send one message at a time.");
        if (root.ValueKind != JsonValueKind.Object) throw Invalid("The body must be a JSON object: one JSON-RPC message.");
        ReadWhole(root);
        foreach (var member in root.EnumerateObject())
        {
            if (!s_envelope.Contains(member.Name)) throw Invalid("A JSON-RPC message has the members jsonrpc, id, method, params, result and error, spelled like this, and no others.");
        }

        var id = root.TryGetProperty("id", out var given) ? given.ValueKind switch
        {
            JsonValueKind.String when given.GetString()!.Length <= 256 => JsonValue.Create(given.GetString()),
            JsonValueKind.Number when given.TryGetInt64(out var number) => JsonValue.Create(number),
            _ => throw Invalid("id must be a whole number, or a string of at most 256 characters."),
        } : null;
        var method = Text(root, "method");
        if (!root.TryGetProperty("params", out var parameters)) return new McpMessage(id, method, null, null);
        if (parameters.ValueKind != JsonValueKind.Object) throw Invalid("params must be a JSON object.");
        foreach (var member in parameters.EnumerateObject())
        {
            // Whoever reads after us may not care for case: "Name" must not be a tool that we did not see.
            if (!s_parameters.Contains(member.Name) && s_parameters.Contains(member.Name, StringComparer.OrdinalIgnoreCase)) throw Invalid("A member of params is spelled in the wrong case.");
        }
        var version = method == "initialize" ? Text(parameters, "protocolVersion")
            : parameters.TryGetProperty("_meta", out var meta) && meta.ValueKind == JsonValueKind.Object ? Text(meta, "io.modelcontextprotocol/protocolVersion") : null;
        return new McpMessage(id, method, method == "resources/read" ? Text(parameters, "uri") : Text(parameters, "name"), version)
        {
            DeclaresUrlElicitation = method == "initialize" && UrlElicitationSession.IsDeclaredIn(parameters),
        };
    }

    private static string? Text(JsonElement parent, string name)
    {
        if (!parent.TryGetProperty(name, out var value)) return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw Invalid($"{name} must be a string.");
    }

    // Each text is read here, because the parser looks at none: one that cannot be read is refused before anybody else stumbles over it.
    private static void ReadWhole(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            foreach (var member in element.EnumerateObject())
            {
                if (!names.Add(member.Name)) throw Invalid("Two members of one object differ in case alone.");
                ReadWhole(member.Value);
            }
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray()) ReadWhole(item);
        }
        else if (element.ValueKind == JsonValueKind.String)
        {
            _ = element.GetString();
        }
    }

    private static StrictJsonException Invalid(string message) => new(JsonRpcRefusal.InvalidRequest, message);
}

/// <summary>The body cannot be taken as one message that means one thing.</summary>
internal sealed class StrictJsonException(int code, string message, Exception? innerException = null) : Exception(message, innerException)
{
    public JsonRpcRefusal Refusal { get; } = new(code, message);
}
