using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.ConnectedAccounts;

public sealed class WhoAmITests
{
    [Fact]
    public async Task It_names_person_agent_scopes_accounts_and_what_is_missing()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false);
        system.Authority.AccountState = "reconnect_needed";
        var result = await system.Server.CallAsync(system.Token(scope: "orders:read something:else"), "whoami");

        result.Content["user"]!.ToJsonString().Should().Be($$"""{"issuer":"{{system.Authority.Issuer}}","subject":"alice","name":"ALICE"}""");
        result.Content["agent"]!["client_id"]!.GetValue<string>().Should().Be("an-agent");
        result.Content["scopes"]!.ToJsonString().Should().Be("""["orders:read"]""");
        var account = result.Content["connected_accounts"]![0]!;
        account["state"]!.GetValue<string>().Should().Be("reconnect_needed");
        account["connect_uri"]!.GetValue<string>().Should().Be(system.Authority.Issuer + "account/connect/brokerage");
        account["account_name"]!.GetValue<string>().Should().NotContainAny("\u202e", "\u001b").And.StartWith("Alice");
        result.Content["missing"]!.AsArray().Select(missing => missing!["what"]!.GetValue<string>()).Should().Equal("portfolio:read", "orders:write", "connected account");
        result.Content["missing"]![0]!["tools"]!.ToJsonString().Should().Be("""["get_account","get_portfolio"]""");
        result.Content["missing"]![1]!["tools"]!.ToJsonString().Should().Be("""["place_order","get_order_approval","wait_for_order_approval","cancel_order","get_trading_limits"]""");
        result.Text.Should().Contain("ticks portfolio:read on the consent page");
        system.Authority.Exchanges.Single().Should().Contain("audience", system.Authority.Issuer + "me/v1").And.Contain("scope", "connected_accounts:read");
    }

    [Fact]
    public async Task Nothing_is_missing_when_all_is_there()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false);
        var result = await system.Server.CallAsync(system.Trader(), "whoami");
        result.Content["missing"]!.AsArray().Should().BeEmpty();
        result.Text.Should().EndWith("Nothing is missing.");
    }

    [Fact]
    public async Task An_authorization_server_without_that_api_does_not_hide_who_the_caller_is()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false, settings: ("Authority:AccountsApi", ""));
        var result = await system.Server.CallAsync(system.Trader(), "whoami");
        result.IsError.Should().BeFalse();
        result.Content["connected_accounts"].Should().BeNull();
        result.Content["missing"]!.AsArray().Single<JsonNode?>()!["what"]!.GetValue<string>().Should().Be("list of connected accounts");
        system.Authority.Exchanges.Should().BeEmpty();
    }

    [Fact]
    public async Task A_refused_exchange_does_not_either()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false);
        system.Authority.Fault = _ => TestAuthority.Error("invalid_target", StatusCodes.Status400BadRequest);
        (await system.Server.CallAsync(system.Token(), "whoami")).IsError.Should().BeFalse();
    }
}
