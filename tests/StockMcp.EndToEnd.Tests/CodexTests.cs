using System.Text.RegularExpressions;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>Codex CLI, by the very lines of docs/clients/codex.md. It needs no model account for them.</summary>
public sealed class CodexTests(SharedSystem shared) : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("stockmcp-").FullName;

    public void Dispose() => Directory.Delete(home, recursive: true);

    [Fact, Requires(Tool.Node)]
    public async Task It_is_added_with_one_line_that_signs_its_user_in_and_has_the_tools()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        await using (var add = Codex("mcp", "add", "stock", "--url", system.McpUrl.AbsoluteUri))
        {
            var printed = await add.ReadUntilAsync(Pattern(@"in your browser:\s+(?<url>http\S+)"));
            printed.Groups["url"].Value.Should().Contain("scope=portfolio%3Aread+orders%3Aread").And.Contain("redirect_uri=http%3A%2F%2F127.0.0.1%3A");
            await alice.ReturnToClientAsync(await alice.AuthorizeAsync(new Uri(printed.Groups["url"].Value)));
            await add.SucceedAsync();
        }

        await using (var list = Codex("mcp", "list")) (await list.SucceedAsync()).Should().MatchRegex(@"stock\s+\S+/mcp\s.*OAuth");
        // What its editor extension asks of it: it connects, and tells which tools there are.
        await using var server = Codex("app-server");
        await server.WriteLineAsync("""{"method":"initialize","id":0,"params":{"clientInfo":{"name":"test","title":"Test","version":"1"}}}""");
        await server.ReadUntilAsync(Pattern("\"id\":0"));
        await server.WriteLineAsync("""{"method":"initialized"}""");
        await server.WriteLineAsync("""{"method":"mcpServerStatus/list","id":1,"params":{}}""");
        var status = await server.ReadUntilAsync(Pattern("^.*\"id\":1,.*\n"));
        status.Value.Should().Contain("\"place_order\"").And.Contain("\"get_quote\"").And.MatchRegex("\"authStatus\":\"o_?[Aa]uth\"");
    }

    // It keeps tokens in its folder, as it does on a machine without a keyring, and talks to nobody but us.
    private ForeignProcess Codex(params string[] arguments)
        => ForeignProcess.Start(Toolbox.Bin("codex"), ["-c", "mcp_oauth_credentials_store=\"file\"", "-c", "check_for_update_on_startup=false", "-c", "analytics.enabled=false", .. arguments], home, new Dictionary<string, string> { ["BROWSER"] = "/bin/true" });

    private static Regex Pattern(string pattern) => new(pattern, RegexOptions.Multiline | RegexOptions.ExplicitCapture, ForeignProcess.Patience);
}
