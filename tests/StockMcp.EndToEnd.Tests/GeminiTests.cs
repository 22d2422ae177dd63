using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>Gemini CLI, by the lines of docs/clients/gemini.md as far as they go without a model account: it signs in to servers within a session, which takes one.</summary>
public sealed class GeminiTests(SharedSystem shared) : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("stockmcp-").FullName;

    public void Dispose() => Directory.Delete(home, recursive: true);

    [Fact, Requires(Tool.Node)]
    public async Task It_is_added_with_one_line_and_connects_with_a_token()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        using var agent = await Agent.ConnectAsync(system, alice);
        // In a folder that its user has not called trusted it connects to nothing.
        Directory.CreateDirectory(Path.Combine(home, ".gemini"));
        await File.WriteAllTextAsync(Path.Combine(home, ".gemini", "settings.json"), """{ "security": { "folderTrust": { "enabled": false } }, "privacy": { "usageStatisticsEnabled": false } }""");

        await using (var add = Gemini("mcp", "add", "--scope", "user", "--transport", "http", "stock", system.McpUrl.AbsoluteUri)) await add.SucceedAsync();
        await using (var list = Gemini("mcp", "list")) (await list.SucceedAsync() + list.Output).Should().Contain($"stock: {system.McpUrl}").And.Contain("Disconnected", "it has not signed in");

        await using (var remove = Gemini("mcp", "remove", "--scope", "user", "stock")) await remove.SucceedAsync();
        await using (var add = Gemini("mcp", "add", "--scope", "user", "--transport", "http", "stock", system.McpUrl.AbsoluteUri, "--header=Authorization: Bearer " + agent.Tokens.AccessToken)) await add.SucceedAsync();
        await using (var list = Gemini("mcp", "list"))
        {
            await list.SucceedAsync();
            list.Output.Should().MatchRegex("stock: .*- Connected");
        }
    }

    private ForeignProcess Gemini(params string[] arguments) => ForeignProcess.Start(Toolbox.Node, [Toolbox.Bin("gemini"), .. arguments], home, new Dictionary<string, string> { ["GEMINI_TELEMETRY_ENABLED"] = "false" });
}
