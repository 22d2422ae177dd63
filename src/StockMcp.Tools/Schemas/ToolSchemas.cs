using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using StockMcp.Tools.Errors;

namespace StockMcp.Tools.Schemas;

/// <summary>What <c>tools/list</c> says about a tool's arguments and answers. It says all that is checked, and nothing that is not.</summary>
internal static class ToolSchemas
{
    /// <summary>How schemas are made: closed objects, decimals and times as the strings they are.</summary>
    public static AIJsonSchemaCreateOptions Options { get; } = new()
    {
        TransformSchemaNode = (context, node) =>
        {
            var type = Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type;
            if (type == typeof(decimal)) return AsText(node, new() { ["pattern"] = "^-?[0-9]+(\\.[0-9]+)?$" });
            if (type == typeof(DateTimeOffset)) return AsText(node, new() { ["format"] = "date-time" });
            if (node is JsonObject schema && schema.ContainsKey("properties")) schema["additionalProperties"] = false;
            return node;
        },
    };

    /// <summary>Either the answer or the error, so that a refusal fits what was published, too. Clients before 2026-07-28 need <c>"type": "object"</c> at the top.</summary>
    public static JsonElement AnswerOrError(Type answer) => JsonSerializer.SerializeToElement(new JsonObject
    {
        ["type"] = "object",
        ["anyOf"] = new JsonArray(Of(answer), Of(typeof(ErrorAnswer))),
    });

    /// <summary>The same, with no room for arguments that it does not name.</summary>
    public static JsonElement Closed(JsonElement schema)
    {
        var node = JsonObject.Create(schema)!.DeepClone().AsObject();
        node["additionalProperties"] = false;
        return JsonSerializer.SerializeToElement(node);
    }

    private static JsonObject Of(Type type)
    {
        var node = JsonObject.Create(AIJsonUtilities.CreateJsonSchema(type, serializerOptions: ToolJson.Options, inferenceOptions: Options))!;
        node.Remove("$schema");
        return node;
    }

    private static JsonObject AsText(JsonNode node, JsonObject schema)
    {
        if (node is JsonObject { Count: > 0 } old && old["description"] is { } description) schema.Insert(0, "description", description.DeepClone());
        schema.Insert(0, "type", "string");
        return schema;
    }
}
