using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using StockMcp.EndToEnd.Tests.Agents;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>The bridge for clients that speak only stdio.</summary>
public sealed class McpRemoteTests(SharedSystem shared) : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("stockmcp-").FullName;

    public void Dispose() => Directory.Delete(home, recursive: true);

    [Theory, Requires(Tool.Node)]
    [InlineData("legacy")]
    [InlineData("auto")]
    public async Task A_client_that_speaks_only_stdio_signs_in_and_calls_a_tool_through_it(string protocol)
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        await using var bridge = ForeignProcess.Start(Toolbox.Node, [Toolbox.Bin("mcp-remote"), system.McpUrl.AbsoluteUri, FreePorts.Take().ToString(), "--protocol", protocol], home, new Dictionary<string, string> { ["BROWSER"] = "/bin/true" });

        var printed = await bridge.ReadUntilAsync(Pattern(@"by visiting:\s+(?<url>http\S+)\s[\s\S]*Waiting for authorization"));
        await alice.ReturnToClientAsync(await alice.AuthorizeAsync(new Uri(printed.Groups["url"].Value)));
        await bridge.ReadUntilAsync(Pattern("Proxy established"));

        await bridge.WriteLineAsync("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"stdio-client","version":"1.0"}}}""");
        (await AnswerAsync(bridge, 1))["protocolVersion"]!.GetValue<string>().Should().Be("2025-11-25");
        await bridge.WriteLineAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        await bridge.WriteLineAsync("""{"jsonrpc":"2.0","id":2,"method":"tools/list"}""");
        (await AnswerAsync(bridge, 2))["tools"]!.AsArray().Select(tool => tool!["name"]!.GetValue<string>()).Should().BeEquivalentTo(StockTools.Names);
        await bridge.WriteLineAsync("""{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"whoami","arguments":{}}}""");
        ToolResult.Of(await AnswerAsync(bridge, 3)).Text.Should().Contain("Alice Liddell");
    }

    // Its log goes to the same terminal: an answer is a line of its own that starts like one.
    private static async Task<JsonNode> AnswerAsync(ForeignProcess bridge, int id)
    {
        var line = await bridge.ReadUntilAsync(Pattern($@"^(?<answer>\{{(?=.*""jsonrpc"")(?=.*""id"":{id}\b).*\}})\r?$"));
        return JsonNode.Parse(line.Groups["answer"].Value)!["result"]!;
    }

    private static Regex Pattern(string pattern) => new(pattern, RegexOptions.Multiline | RegexOptions.ExplicitCapture, ForeignProcess.Patience);
}
