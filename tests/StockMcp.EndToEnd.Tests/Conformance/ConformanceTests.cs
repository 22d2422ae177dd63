using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests.Conformance;

/// <summary>The official suite's scenarios that ask for nothing which only its own "everything" server has.</summary>
public sealed class ConformanceTests(SharedSystem shared) : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("stockmcp-").FullName;

    public void Dispose() => Directory.Delete(home, recursive: true);

    [Theory, Requires(Tool.Node)]
    [InlineData("server-initialize")]
    [InlineData("ping")]
    [InlineData("tools-list")]
    [InlineData("dns-rebinding-protection")]
    public async Task The_official_suite_passes(string scenario)
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        using var agent = await Agent.ConnectAsync(system, alice);
        await using var proxy = await TokenProxy.StartAsync(system.McpUrl, agent.Tokens.AccessToken);

        await using var suite = ForeignProcess.Start(Toolbox.Node, [Toolbox.Bin("conformance"), "server", "--url", proxy.Url.AbsoluteUri, "--scenario", scenario, "--output-dir", home], home);

        (await suite.SucceedAsync()).Should().MatchRegex(@"Passed: ([1-9]\d*)/\1, 0 failed, 0 warnings");
    }
}
