using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol.Server;
using StockMcp.Tools;

namespace StockMcp.Agent.StockTools;

/// <summary>The tools that this agent uses: fixed in code, with their scopes, whatever a server lists or a model asks for.</summary>
internal static class ToolCatalog
{
    public const string PlaceOrder = StockToolsExtensions.PlaceOrder;
    public const string GetOrderApproval = "get_order_approval";

    // The page and the worker wait for a person; a model does not.
    private const string Waits = "wait_for_order_approval";

    // What the agent itself decides.
    private static readonly string[] s_ours = ["request_id", "wait_seconds"];

    public static IReadOnlySet<string> Names { get; } = StockToolsExtensions.Methods.Select(method => method.GetCustomAttribute<McpServerToolAttribute>()!.Name!).Where(name => name != Waits).ToHashSet(StringComparer.Ordinal);

    /// <summary>A tool's arguments as a model may give them.</summary>
    public static JsonElement ForModel(string tool, JsonElement schema)
    {
        if (tool != PlaceOrder || JsonObject.Create(schema) is not { } copy || copy["properties"] is not JsonObject properties) return schema;
        foreach (var name in s_ours) properties.Remove(name);
        return JsonSerializer.SerializeToElement(copy);
    }

    /// <summary>A model's arguments, with what the agent itself decides.</summary>
    /// <param name="tool">The tool.</param>
    /// <param name="arguments">As the model gave them.</param>
    /// <param name="requestId">Names this very call: made again, it is the same order.</param>
    public static JsonObject Complete(string tool, JsonObject arguments, string requestId)
    {
        var complete = arguments.DeepClone().AsObject();
        if (tool != PlaceOrder) return complete;
        (complete["request_id"], complete["wait_seconds"]) = (requestId, 0);
        return complete;
    }
}
