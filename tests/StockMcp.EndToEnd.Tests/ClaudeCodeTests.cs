using System.Text.RegularExpressions;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>Claude Code, by the very lines that the README gives. It needs no model account for them.</summary>
public sealed class ClaudeCodeTests(SharedSystem shared) : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("stockmcp-").FullName;

    public void Dispose() => Directory.Delete(home, recursive: true);

    [Fact, Requires(Tool.Node, Tool.Script)]
    public async Task It_is_added_with_one_line_signs_its_user_in_and_is_connected()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        await using (var add = Claude("mcp", "add", "--transport", "http", "stock", system.McpUrl.AbsoluteUri)) await add.SucceedAsync();
        await using (var before = Claude("mcp", "list")) (await before.SucceedAsync()).Should().Contain("Needs authentication");

        await LogInAsync(alice);

        await using var after = Claude("mcp", "list");
        (await after.SucceedAsync()).Should().MatchRegex($"stock: {Regex.Escape(system.McpUrl.AbsoluteUri)} .*Connected");
    }

    [Fact, Requires(Tool.Node, Tool.Script), Trait("Requirement", "AS-12")]
    public async Task It_outlives_its_token_and_signs_its_user_in_again_once_they_signed_it_out()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        await using (var add = Claude("mcp", "add", "--transport", "http", "stock", system.McpUrl.AbsoluteUri)) await add.SucceedAsync();
        await LogInAsync(alice);

        clock.Advance(TimeSpan.FromMinutes(12)); // a token lives for ten
        (await ListAsync()).Should().Contain("Connected", "it refreshes by itself");

        await alice.SubmitAsync(new Uri(system.Running.Authority.Url, "account"), "Sign out this agent");
        clock.Advance(TimeSpan.FromMinutes(12));
        (await ListAsync()).Should().Contain("Needs authentication").And.NotContain("Connected");
        await LogInAsync(alice);
        (await ListAsync()).Should().Contain("Connected");
    }

    /// <summary>With a model that does as it is told: the step-up is Claude Code's own.</summary>
    [Fact, Requires(Tool.Node, Tool.Script), Trait("Requirement", "RS-05")]
    public async Task It_is_told_which_scope_an_order_lacks_and_places_one_after_its_user_ticked_it()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        await using var model = await ScriptedClaude.StartAsync();
        await using (var add = Claude("mcp", "add", "--transport", "http", "stock", system.McpUrl.AbsoluteUri)) await add.SucceedAsync();
        await LogInAsync(alice, ConsentAnswer.Without("orders:write"));
        model.Calls = ("mcp__stock__place_order", """{"symbol":"WAYNE","side":"buy","quantity":"1","order_type":"limit","limit_price":"90.00","wait_seconds":0}""");

        var refused = await AskAsync(model);
        await LogInAsync(alice);
        var asked = await AskAsync(model);

        refused.Should().Contain("needs additional permissions").And.Contain("orders:write");
        asked.Should().Contain("approval_pending").And.Contain(new Uri(system.Running.Authority.Url, "approvals/").AbsoluteUri);
    }

    // One question without a terminal, as scripts do it; what it prints is what its model said.
    private async Task<string> AskAsync(ScriptedClaude model)
    {
        Dictionary<string, string> environment = new(Environment) { ["ANTHROPIC_BASE_URL"] = model.Url.GetLeftPart(UriPartial.Authority), ["ANTHROPIC_API_KEY"] = "none", ["ENABLE_TOOL_SEARCH"] = "false" };
        await using var claude = ForeignProcess.Start(Toolbox.Bin("claude"), ["-p", "buy one WAYNE at 90 or less", "--allowedTools", "mcp__stock"], home, environment);
        return await claude.SucceedAsync();
    }

    private async Task<string> ListAsync()
    {
        await using var list = Claude("mcp", "list");
        return await list.SucceedAsync();
    }

    // Without a terminal it does not ask for the redirect URL.
    private async Task LogInAsync(Person person, ConsentAnswer? consent = null)
    {
        await using var login = ForeignProcess.Start(Toolbox.Script, ["-qfc", $"'{Toolbox.Bin("claude")}' mcp login stock --no-browser", "/dev/null"], home, Environment);
        var printed = await login.ReadUntilAsync(new Regex(@"(?<url>http://localhost[^\s\u001b\u0007]+)[\s\S]*paste the redirect URL", RegexOptions.ExplicitCapture, ForeignProcess.Patience));
        await login.WriteLineAsync((await person.AuthorizeAsync(new Uri(printed.Groups["url"].Value), consent)).AbsoluteUri);
        await login.ReadUntilAsync(new Regex("Authenticated with", RegexOptions.None, ForeignProcess.Patience));
        await login.SucceedAsync();
    }

    // It talks to nobody but us.
    private static IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string>
    {
        ["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1",
        ["DISABLE_AUTOUPDATER"] = "1",
        ["TERM"] = "xterm",
    };

    private ForeignProcess Claude(params string[] arguments) => ForeignProcess.Start(Toolbox.Bin("claude"), arguments, home, Environment);
}
