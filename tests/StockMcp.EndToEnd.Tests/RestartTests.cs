using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>What was agreed yesterday holds today.</summary>
public sealed class RestartTests
{
    [Fact]
    public async Task After_a_restart_the_brokerage_refreshes_yesterdays_app_without_a_new_sign_in()
    {
        await using var system = await StockMcpSystem.StartAsync(options => options with { BrokerageSettings = BrokerageApp.Settings });
        using var alice = Person.Alice(system);
        var flow = new CodeFlow(system.Running.Brokerage.Url, BrokerageApp.ClientId, BrokerageApp.RedirectUri, BrokerageApp.Scopes);
        var yesterday = await flow.RedeemAsync(await alice.AuthorizeAsync(flow.AuthorizationUrl));

        await system.StopAsync();
        await system.StartAsync();
        var today = await flow.RefreshAsync(yesterday.RefreshToken!);

        today.AccessToken.Should().NotBe(yesterday.AccessToken);
        today.RefreshToken.Should().NotBe(yesterday.RefreshToken, "a used refresh token is replaced");
        (await BrokerageApp.ReadAccountAsync(system, today.AccessToken)).Should().Contain("\"status\":\"ACTIVE\"");
        (await BrokerageApp.ReadAccountAsync(system, yesterday.AccessToken)).Should().Contain("\"status\":\"ACTIVE\"", "the keys outlived the restart");
    }

    [Fact]
    public async Task After_a_restart_yesterdays_agent_calls_tools_and_refreshes_without_a_new_sign_in()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var agent = await Agent.ConnectAsync(system, alice);
        await agent.CallToolAsync("get_portfolio");

        await system.StopAsync();
        await system.StartAsync();

        (await agent.CallToolAsync("get_portfolio")).IsError.Should().BeFalse("the token is still good, and the vault was kept");
        await agent.RefreshAsync();
        (await agent.CallToolAsync("whoami")).Text.Should().Contain("Alice Liddell");
        (await agent.CallToolAsync("get_portfolio")).IsError.Should().BeFalse();
    }
}
