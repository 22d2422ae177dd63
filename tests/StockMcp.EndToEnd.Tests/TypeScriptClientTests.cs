using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using StockMcp.EndToEnd.Tests.Agents;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>MCP's TypeScript SDK with its own OAuth client, never configured here: <c>Clients/typescript-client.mjs</c>.</summary>
public sealed class TypeScriptClientTests(SharedSystem shared) : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("stockmcp-").FullName;

    public void Dispose() => Directory.Delete(home, recursive: true);

    [Theory, Requires(Tool.Node)]
    [InlineData("auto", "2026-07-28")]
    [InlineData("legacy", "2025-11-25")]
    public async Task It_registers_itself_signs_its_user_in_and_calls_tools_in_either_revision(string mode, string revision)
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);

        await using var client = Start(system, mode, "whoami", "get_portfolio {}", """get_quote {"symbol":"WAYNE"}""");
        await ConsentAsync(client, alice);
        var found = JsonNode.Parse(await client.SucceedAsync())!;

        found["protocolVersion"]!.GetValue<string>().Should().Be(revision);
        found["tools"]!.AsArray().Select(tool => tool!["name"]!.GetValue<string>()).Should().BeEquivalentTo(StockTools.Names);
        ToolResult.Of(found["answers"]!["whoami"]!).Text.Should().Contain("Alice Liddell");
        ToolResult.Of(found["answers"]!["get_portfolio"]!).Structured!["cash"]!.GetValue<string>().Should().NotBeEmpty();
        ToolResult.Of(found["answers"]!["get_quote"]!).Structured!["symbol"]!.GetValue<string>().Should().Be("WAYNE");

        await using var again = Start(system, mode, "whoami");
        ToolResult.Of(JsonNode.Parse(await again.SucceedAsync())!["answers"]!["whoami"]!).Text.Should().Contain("Alice Liddell", "what it remembers is enough");
        again.Output.Should().NotContain("Open http");
    }

    [Fact, Requires(Tool.Node), Trait("Requirement", "RS-05")]
    public async Task A_tool_that_needs_more_than_was_ticked_makes_it_ask_for_that_and_go_on()
    {
        var system = await shared.GetAsync();
        using var bob = Person.Bob(system);

        await using var client = Start(system, "auto", "get_account", "list_orders");
        var first = await ConsentAsync(client, bob, ConsentAnswer.AtAuthorityWithout(system, "orders:read"));
        var second = await ConsentAsync(client, bob, after: first);
        var found = JsonNode.Parse(await client.SucceedAsync())!;

        second.Query.Should().Contain("orders%3Aread");
        var orders = ToolResult.Of(found["answers"]!["list_orders"]!);
        orders.IsError.Should().BeFalse(orders.Text);
    }

    private ForeignProcess Start(StockMcpSystem system, string mode, params string[] calls)
        => ForeignProcess.StartScript("typescript-client.mjs", [system.McpUrl.AbsoluteUri, Path.Combine(home, "memory.json"), mode, .. calls], home);

    // The person's browser ends at the client's own port.
    private static async Task<Uri> ConsentAsync(ForeignProcess client, Person person, ConsentAnswer? consent = null, Uri? after = null)
    {
        var skip = after is null ? "" : Regex.Escape(after.OriginalString) + @"[\s\S]*";
        var printed = await client.ReadUntilAsync(new Regex(skip + @"Open (?<url>http\S+)\s", RegexOptions.ExplicitCapture, ForeignProcess.Patience));
        var url = new Uri(printed.Groups["url"].Value);
        await person.ReturnToClientAsync(await person.AuthorizeAsync(url, consent));
        return url;
    }
}
