using System.Text.Json.Nodes;
using StockMcp.EndToEnd.Tests.Agents;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>MCP Inspector's command line, with a token in a header.</summary>
public sealed class InspectorTests(SharedSystem shared) : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("stockmcp-").FullName;

    public void Dispose() => Directory.Delete(home, recursive: true);

    [Fact, Requires(Tool.Node)]
    public async Task It_lists_the_tools_without_a_complaint_about_their_schemas_and_calls_one()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        using var agent = await Agent.ConnectAsync(system, alice);

        await using var list = Start(system, agent, "--method", "tools/list", "--strict");
        var tools = JsonNode.Parse(await list.SucceedAsync())!["tools"]!.AsArray();
        tools.Select(tool => tool!["name"]!.GetValue<string>()).Should().BeEquivalentTo(StockTools.Names);

        await using var call = Start(system, agent, "--method", "tools/call", "--tool-name", "get_quote", "--tool-arg", "symbol=WAYNE");
        ToolResult.Of(JsonNode.Parse(await call.SucceedAsync())!).Structured!["symbol"]!.GetValue<string>().Should().Be("WAYNE");
    }

    private ForeignProcess Start(StockMcpSystem system, Agent agent, params string[] arguments)
        => ForeignProcess.Start(Toolbox.Node, [Toolbox.Bin("inspector"), "--cli", system.McpUrl.AbsoluteUri, "--transport", "http", .. arguments, "--header", "Authorization: Bearer " + agent.Tokens.AccessToken], home);
}
