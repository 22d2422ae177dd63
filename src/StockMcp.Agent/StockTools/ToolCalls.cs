using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;
using StockMcp.Agent.SignIn;
using StockMcp.Tools.Schemas;

namespace StockMcp.Agent.StockTools;

/// <summary>Reads what a tool answered, wherever it ran.</summary>
internal static class ToolCalls
{
    public static ToolAnswer NoSuchTool { get; } = new ToolAnswer.Refused("unknown_tool", "There is no such tool.", Retry: false, MoneyMayHaveMoved: false);

    public static ToolAnswer Read(CallToolResult result, AuthorityOptions authority)
    {
        var text = string.Join('\n', result.Content.OfType<TextContentBlock>().Select(block => block.Text));
        if (result.IsError is not true) return new ToolAnswer.Done(DataOf(result), text);
        var error = ErrorOf(result) ?? [];
        var (code, message) = ((string?)error["code"] ?? "tool_failed", (string?)error["message"] ?? ForeignText.Clean(text, 400));
        // Only a link to where the person manages their connections is shown to them.
        return code == "connection_required" && (string?)error["connect_uri"] is { } uri && authority.Owns(uri)
            ? new ToolAnswer.ConnectNeeded(uri, message)
            : new ToolAnswer.Refused(code, message, (bool?)error["retry"] ?? false, (bool?)error["money_may_have_moved"] ?? false);
    }

    /// <summary>The error that a tool answered with.</summary>
    public static JsonObject? ErrorOf(CallToolResult result) => DataOf(result)["error"] as JsonObject;

    private static JsonObject DataOf(CallToolResult result) => result.StructuredContent is { ValueKind: JsonValueKind.Object } structured ? JsonObject.Create(structured)! : [];
}
