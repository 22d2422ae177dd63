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
        { "place_order", """{"symbol":"WAYNE","side":"buy","quantity":"1","order_type":"limit","limit_price":"1","wait_seconds":0}""" }, { "place_order", """{"symbol":"WAYNE","side":"buy","quantity":"1"}""" }, { "place_order", """{"symbol":"WAYNE","side":"sell","quantity":"1","wait_seconds":61}""" },
        { "get_order_approval", """{"approval_id":"018f0000-0000-7000-8000-000000000000"}""" }, { "get_order_approval", """{"approval_id":"placed"}""" }, { "get_order_approval", """{"approval_id":"rejected"}""" }, { "get_order_approval", """{"approval_id":"unknown"}""" }, { "get_order_approval", """{}""" },
        { "wait_for_order_approval", """{"approval_id":"denied"}""" }, { "wait_for_order_approval", """{"approval_id":"not_placed"}""" }, { "wait_for_order_approval", """{"wait_seconds":1}""" },
        { "cancel_order", """{"order_id":"open"}""" }, { "cancel_order", """{"order_id":"filled"}""" }, { "cancel_order", """{"order_id":"018f0000-0000-7000-8000-000000000000"}""" },
        { "get_trading_limits", """{}""" }, { "get_trading_limits", """{"x":1}""" },
    };

    [Theory, MemberData(nameof(Calls))]
    public async Task Every_answer_and_every_refusal_is_as_published(string tool, string arguments)
    {
        if (tool is "get_order_approval" or "wait_for_order_approval") arguments = await WithApprovalAsync(arguments);
        if (tool == "cancel_order") arguments = await WithOrderAsync(arguments);
        var published = (await system.Server.ListToolsAsync(system.Token())).Single(listed => listed!["name"]!.GetValue<string>() == tool)!["outputSchema"]!;
        var result = await system.Server.CallAsync(system.Trader(), tool, JsonDocument.Parse(arguments).RootElement);

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
            var changes = name is "place_order" or "cancel_order";
            tool["annotations"]!["readOnlyHint"]!.GetValue<bool>().Should().Be(!changes, name);
            tool["annotations"]!["destructiveHint"]!.GetValue<bool>().Should().Be(changes, name);
            tool["annotations"]!["idempotentHint"]!.GetValue<bool>().Should().Be(name != "place_order", name);
            tool["annotations"]!["openWorldHint"]!.GetValue<bool>().Should().BeTrue(name);
            tool["outputSchema"]!["type"]!.GetValue<string>().Should().Be("object");
            tool["inputSchema"]!["additionalProperties"]!.GetValue<bool>().Should().BeFalse(name);
            foreach (var (argument, schema) in tool["inputSchema"]!["properties"]!.AsObject()) CheckArgument($"{name}.{argument}", schema!);
            CheckDescribed(name, tool["outputSchema"]!);
        }
    }

    // An approval with each end: asked for here, and ended as its name says.
    private async Task<string> WithApprovalAsync(string arguments)
    {
        foreach (var status in new[] { "not_placed", "placed", "rejected", "unknown", "denied" }.Where(status => arguments.Contains($"\"{status}\"")))
        {
            var asked = (await system.PlaceAsync(Ordering.Limit(price: "1.5", wait: 0))).Content["approval_id"]!.GetValue<string>();
            var approval = system.Authority.Approvals.All[Guid.Parse(asked)];
            approval.Outcome = status == "placed" ? new() { ["order_id"] = "o-1", ["order_status"] = "filled", ["filled_quantity"] = "2", ["filled_price"] = "1.25" } : new() { ["reason"] = "insufficient_buying_power" };
            approval.LeasedUntil = DateTimeOffset.MaxValue;
            approval.Become(status);
            return arguments.Replace($"\"{status}\"", $"\"{asked}\"", StringComparison.Ordinal);
        }
        return arguments;
    }

    private async Task<string> WithOrderAsync(string arguments)
    {
        var open = await system.Brokerage!.OrderAsync("alice", "ACME", 1, limit: 1);
        var filled = await system.Brokerage.OrderAsync("alice", "ACME", 1);
        return arguments.Replace("\"open\"", $"\"{open.Id:D}\"", StringComparison.Ordinal).Replace("\"filled\"", $"\"{filled.Id:D}\"", StringComparison.Ordinal);
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
