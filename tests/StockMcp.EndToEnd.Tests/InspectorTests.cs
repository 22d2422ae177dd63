using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using StockMcp.EndToEnd.Tests.Agents;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>MCP Inspector: its command line with a token in a header, and its web page in a browser.</summary>
public sealed class InspectorTests(SharedSystem shared, Browser browser) : IDisposable
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

    [Fact, Requires(Tool.Node, Tool.Chromium)]
    public async Task Its_web_page_signs_its_user_in_and_shows_the_tools()
    {
        var system = await shared.GetAsync();
        var (port, sandbox) = (FreePorts.Take(), FreePorts.Take());
        await using var inspector = ForeignProcess.Start(Toolbox.Node, [Toolbox.Bin("inspector"), "--transport", "http", "--server-url", system.McpUrl.AbsoluteUri], home, new Dictionary<string, string>
        {
            ["CLIENT_PORT"] = $"{port}",
            ["MCP_SANDBOX_PORT"] = $"{sandbox}",
            ["MCP_AUTO_OPEN_ENABLED"] = "false",
            ["MCP_INSPECTOR_SECRET_STORE"] = "memory",
        });
        var url = (await inspector.ReadUntilAsync(new Regex($@"http://127\.0\.0\.1:{port}\?MCP_INSPECTOR_API_TOKEN=\w+", RegexOptions.None, ForeignProcess.Patience))).Value;
        await using var bob = await browser.OpenAsync(system, "bob", Device.Desktop, new Uri($"http://127.0.0.1:{port}/"), new Uri($"http://127.0.0.1:{sandbox}/"));

        await bob.Page.GotoAsync(url);
        await bob.Page.GetByRole(AriaRole.Switch, new() { NameRegex = new Regex("Connect", RegexOptions.None, ForeignProcess.Patience) }).ClickAsync(new() { Force = true });
        await Assertions.Expect(bob.Page.GetByLabel("Password")).ToBeVisibleAsync();
        await bob.SignInAsync();
        var (connect, allow) = (bob.Page.GetByRole(AriaRole.Button, new() { Name = "Connect", Exact = true }), bob.Page.GetByRole(AriaRole.Button, new() { Name = "Allow", Exact = true }));
        await Assertions.Expect(connect.Or(allow)).ToBeVisibleAsync();
        if (await connect.IsVisibleAsync()) await connect.ClickAsync();
        await allow.ClickAsync();

        await Assertions.Expect(bob.Page.GetByText("Connected", new() { Exact = true })).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await bob.Page.GetByText("Tools", new() { Exact = true }).First.ClickAsync();
        await Assertions.Expect(bob.Page.GetByText("Place order").Or(bob.Page.GetByText("place_order")).First).ToBeVisibleAsync();
        await bob.PhotographAsync("inspector");
    }

    private ForeignProcess Start(StockMcpSystem system, Agent agent, params string[] arguments)
        => ForeignProcess.Start(Toolbox.Node, [Toolbox.Bin("inspector"), "--cli", system.McpUrl.AbsoluteUri, "--transport", "http", .. arguments, "--header", "Authorization: Bearer " + agent.Tokens.AccessToken], home);
}
