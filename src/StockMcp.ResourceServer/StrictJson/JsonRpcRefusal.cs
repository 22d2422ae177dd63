using System.Text.Json;
using System.Text.Json.Nodes;

namespace StockMcp.ResourceServer.StrictJson;

/// <summary>A request that is refused before MCP sees it, as a JSON-RPC error.</summary>
/// <param name="Code">The JSON-RPC code.</param>
/// <param name="Message">What was wrong, and what to do.</param>
/// <param name="Data">The same for programs.</param>
public sealed record JsonRpcRefusal(int Code, string Message, object? Data = null)
{
    /// <summary>The body is not JSON.</summary>
    public const int ParseError = -32700;

    /// <summary>It is JSON, but no request.</summary>
    public const int InvalidRequest = -32600;

    /// <summary>A header says something else than the body.</summary>
    public const int HeaderMismatch = -32020;

    /// <summary>Answers with it, under the request's id as far as that is known.</summary>
    public static Task WriteAsync(HttpContext context, int status, JsonRpcRefusal refusal)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(refusal);
        context.Response.StatusCode = status;
        var error = new JsonObject { ["code"] = refusal.Code, ["message"] = refusal.Message };
        if (refusal.Data is { } data) error["data"] = JsonSerializer.SerializeToNode(data);
        var body = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = context.Features.Get<McpMessage>()?.Id?.DeepClone(), ["error"] = error };
        return context.Response.WriteAsJsonAsync(body, context.RequestAborted);
    }
}
