using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.McpEndpoint;

/// <summary>What <c>tools/list</c> promises, and what the tools then do.</summary>
public sealed class ToolSchemaTests(ReadingSystem fixture) : IClassFixture<ReadingSystem>
{
    private readonly TestSystem system = fixture.System;

    public static TheoryData<string, string> Calls => new()
    {
        { "get_quote", """{"symbol":"WAYNE"}""" }, { "get_quote", """{"symbol":"DUFF.B"}""" }, { "get_quote", """{"symbol":"NOPE"}""" }, { "get_quote", """{"symbol":7}""" },
        { "search_stocks", """{"query":"corp","limit":2}""" }, { "search_stocks", """{"query":"zzz"}""" }, { "search_stocks", """{}""" },
        { "get_price_history", """{"symbol":"WAYNE"}""" }, { "get_price_history", """{"symbol":"WAYNE","days":2,"interval":"five_minutes"}""" }, { "get_price_history", """{"symbol":"WAYNE","days":20,"interval":"hour"}""" }, { "get_price_history", """{"symbol":"WAYNE","days":0}""" },
        { "get_market_clock", """{}""" }, { "get_market_clock", """{"x":1}""" },
        { "whoami", """{}""" }, { "whoami", """{"x":1}""" },
        { "get_account", """{}""" }, { "get_account", """{"x":1}""" },
        { "get_portfolio", """{}""" }, { "get_portfolio", """{"include_history":true,"history_days":3}""" }, { "get_portfolio", """{"history_days":0}""" },
        { "list_orders", """{}""" }, { "list_orders", """{"limit":1,"status":"closed","side":"buy","symbol":"ACME"}""" }, { "list_orders", """{"limit":"1"}""" },
        { "get_order", """{"client_order_id":"first"}""" }, { "get_order", """{"client_order_id":"nope"}""" }, { "get_order", """{"order_id":"018f0000-0000-7000-8000-000000000000"}""" }, { "get_order", """{}""" },
        { "review_order", """{"symbol":"WAYNE","side":"sell","quantity":"100","order_type":"stop_limit","limit_price":"1","stop_price":"2"}""" }, { "review_order", """{"symbol":"WAYNE","side":"buy","quantity":"0.001"}""" }, { "review_order", """{"symbol":"WAYNE","side":"up","quantity":"1"}""" },
    };

    [Theory, MemberData(nameof(Calls))]
    public async Task Every_answer_and_every_refusal_is_as_published(string tool, string arguments)
    {
        var published = (await system.Server.ListToolsAsync(system.Token())).Single(listed => listed!["name"]!.GetValue<string>() == tool)!["outputSchema"]!;
        var result = await system.Server.CallAsync(system.Token(), tool, JsonDocument.Parse(arguments).RootElement);

        var evaluation = JsonSchema.FromText(published.ToJsonString()).Evaluate(JsonDocument.Parse(result.Content.ToJsonString()).RootElement, new EvaluationOptions { OutputFormat = OutputFormat.List, RequireFormatValidation = true });
        evaluation.IsValid.Should().BeTrue(result.Content.ToJsonString() + JsonSerializer.Serialize(evaluation.Details));
        (result.Content["error"] is not null).Should().Be(result.IsError);
        result.Text.Should().NotBeNullOrWhiteSpace();
        result.Text.Length.Should().BeLessThan(1500);
    }

    [Fact, Trait("Requirement", "RS-14")]
    public async Task Every_tool_has_title_descriptions_bounds_and_honest_hints()
    {
        foreach (var tool in (await system.Server.ListToolsAsync(system.Token())).Select(tool => tool!))
        {
            var name = tool["name"]!.GetValue<string>();
            name.Should().MatchRegex("^[a-z_]{3,63}$");
            tool["title"]!.GetValue<string>().Should().NotBeNullOrWhiteSpace();
            tool["description"]!.GetValue<string>().Length.Should().BeGreaterThan(30, name);
            tool["annotations"]!["readOnlyHint"]!.GetValue<bool>().Should().BeTrue(name);
            tool["annotations"]!["destructiveHint"]!.GetValue<bool>().Should().BeFalse(name);
            tool["annotations"]!["idempotentHint"]!.GetValue<bool>().Should().BeTrue(name);
            tool["annotations"]!["openWorldHint"]!.GetValue<bool>().Should().BeTrue(name);
            tool["outputSchema"]!["type"]!.GetValue<string>().Should().Be("object");
            tool["inputSchema"]!["additionalProperties"]!.GetValue<bool>().Should().BeFalse(name);
            foreach (var (argument, schema) in tool["inputSchema"]!["properties"]!.AsObject()) CheckArgument($"{name}.{argument}", schema!);
            CheckDescribed(name, tool["outputSchema"]!);
        }
    }

    private static void CheckArgument(string name, JsonNode schema)
    {
        schema["description"]?.GetValue<string>().Length.Should().BeGreaterThan(10, name);
        var type = schema["type"]?.ToJsonString() ?? "";
        var bounded = schema["enum"] is not null || type.Contains("boolean") || (type.Contains("integer") && schema["minimum"] is not null && schema["maximum"] is not null) || (type.Contains("string") && schema["maxLength"] is not null && schema["pattern"] is not null);
        bounded.Should().BeTrue($"{name} needs bounds: {schema.ToJsonString()}");
        schema["description"].Should().NotBeNull(name);
    }

    private static void CheckDescribed(string path, JsonNode schema)
    {
        foreach (var branch in schema["anyOf"]?.AsArray() ?? []) CheckDescribed(path, branch!);
        if (schema["items"] is { } items) CheckDescribed(path + "[]", items);
        if (schema["properties"] is not { } properties) return;
        schema["additionalProperties"]!.GetValue<bool>().Should().BeFalse(path);
        foreach (var (name, property) in properties.AsObject())
        {
            property!["description"].Should().NotBeNull($"{path}.{name}");
            property["$ref"].Should().BeNull($"{path}.{name}");
            CheckDescribed($"{path}.{name}", property);
        }
    }
}
