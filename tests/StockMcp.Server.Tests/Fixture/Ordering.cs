using System.Text.Json;
using System.Text.Json.Nodes;

namespace StockMcp.Server.Tests.Fixture;

/// <summary>An agent that asks for orders, and a person who answers.</summary>
internal static class Ordering
{
    public const string Scopes = "portfolio:read orders:read orders:write";

    public static object Limit(string quantity = "2", string price = "500", int wait = 25, string symbol = "WAYNE") => new { symbol, side = "buy", quantity, order_type = "limit", limit_price = price, wait_seconds = wait };

    public static string Trader(this TestSystem system, string subject = "alice", string client = "an-agent") => system.Token(subject, Scopes, client);

    public static Task<ToolResult> PlaceAsync(this TestSystem system, object? order = null, int copy = 0, string subject = "alice") => system[copy].CallAsync(system.Trader(subject), "place_order", order ?? Limit());

    public static Task<ToolResult> WaitForAsync(this TestSystem system, string approvalId, int wait = 25, int copy = 0) => system[copy].CallAsync(system.Trader(), "wait_for_order_approval", new { approval_id = approvalId, wait_seconds = wait });

    public static string Status(this ToolResult result) => result.Content["status"]?.GetValue<string>() ?? result.Content.ToJsonString();

    /// <summary>The orders of a person at the brokerage.</summary>
    public static async Task<IReadOnlyList<JsonNode>> OrdersAsync(this TestSystem system, string subject = "alice")
        => [.. (await system.Server.CallAsync(system.Trader(subject), "list_orders")).Content["orders"]!.AsArray().Select(order => order!)];

    /// <summary>Calls a tool with a progress token, and reads all that comes back: notifications, and then the result.</summary>
    public static async Task<(IReadOnlyList<JsonNode> Progress, ToolResult Result)> CallWithProgressAsync(this TestSystem system, string tool, object arguments)
    {
        var body = JsonSerializer.Serialize(new { jsonrpc = "2.0", id = 1, method = "tools/call", @params = new { name = tool, arguments, _meta = new { progressToken = "p1" } } });
        using var response = await system.Server.PostAsync(system.Trader(), body, ("MCP-Protocol-Version", "2025-11-25"));
        var messages = (await response.Content.ReadAsStringAsync()).Split('\n').Where(line => line.StartsWith("data:", StringComparison.Ordinal)).Select(line => JsonNode.Parse(line[5..])!).ToList();
        return ([.. messages.Where(message => message["method"]?.GetValue<string>() == "notifications/progress").Select(message => message["params"]!)], new ToolResult(messages.Single(message => message["result"] is not null)["result"]!));
    }
}
