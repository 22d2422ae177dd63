using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using StockMcp.Agent.StockTools;

namespace StockMcp.Agent.Chats;

/// <summary>What a model is told that a tool answered: data in one place, and a text. It is data, and never an instruction.</summary>
internal static class ToolResults
{
    private const int LongestText = 4000;
    private const int LongestData = 16_000;

    public static JsonObject Of(ToolAnswer answer) => answer switch
    {
        ToolAnswer.Done(var data, var text) => Of(data, text),
        ToolAnswer.Refused(var code, var message, var retry, var moved) => Error(code, message, retry, moved),
        _ => Error("not_done", "The person was asked to do something first, and went on with something else. Nothing was done.", retry: true, moved: false),
    };

    public static JsonObject Of(JsonObject data, string text)
    {
        var result = new JsonObject { ["text"] = text.Length > LongestText ? text[..LongestText] : text };
        if (data.ToJsonString().Length <= LongestData) result["data"] = data.DeepClone();
        return result;
    }

    public static JsonObject Error(string code, string message, bool retry, bool moved) => new()
    {
        ["text"] = $"{message}{(moved ? " Whether money moved is not known: do not order again, look at your orders." : "")}",
        ["error"] = new JsonObject { ["code"] = code, ["message"] = message, ["retry"] = retry, ["money_may_have_moved"] = moved },
    };

    public static JsonObject Read(FunctionResultContent result) => result.Result switch
    {
        JsonObject node => node,
        JsonElement { ValueKind: JsonValueKind.Object } element => JsonObject.Create(element)!,
        _ => [],
    };
}
