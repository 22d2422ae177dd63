using System.Net;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.ScopeChallenge;

public sealed class ScopeChallengeTests(ReadingSystem fixture) : IClassFixture<ReadingSystem>
{
    private readonly TestSystem system = fixture.System;

    [Theory, Trait("Requirement", "RS-05"), Trait("Requirement", "RS-06")]
    [InlineData("get_portfolio", "orders:read", "portfolio:read")]
    [InlineData("get_account", "", "portfolio:read")]
    [InlineData("list_orders", "portfolio:read", "orders:read")]
    [InlineData("get_order", "Orders:Read", "orders:read")]
    [InlineData("review_order", "orders:reader", "orders:read")]
    [InlineData("place_order", "portfolio:read orders:read", "orders:write")]
    [InlineData("get_order_approval", "orders:read", "orders:write")]
    [InlineData("wait_for_order_approval", "orders:read", "orders:write")]
    [InlineData("cancel_order", "orders:read", "orders:write")]
    [InlineData("get_trading_limits", "orders:read", "orders:write")]
    public async Task A_call_without_the_tools_scope_is_a_403_that_names_the_scope(string tool, string held, string needed)
    {
        var before = (system.Authority.Exchanges.Count, system.UpstreamCalls.Count());
        using var response = await system.Server.CallRawAsync(system.Token(scope: held), tool, new { nonsense = true });

        response.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        response.Challenge().Should().Be($"""Bearer error="insufficient_scope", scope="{needed}", resource_metadata="http://localhost:7001/.well-known/oauth-protected-resource/mcp" """.TrimEnd());
        var body = await response.ReadRpcAsync();
        body["id"]!.GetValue<int>().Should().Be(1);
        body["error"]!["message"]!.GetValue<string>().Should().Contain(needed).And.Contain("consent");
        (system.Authority.Exchanges.Count, system.UpstreamCalls.Count()).Should().Be(before, "a refused call never reaches anybody upstream");
    }

    [Theory]
    [InlineData("get_quote")]
    [InlineData("search_stocks")]
    [InlineData("get_price_history")]
    [InlineData("get_market_clock")]
    [InlineData("whoami")]
    public async Task Some_tools_need_nothing_but_a_valid_token(string tool)
    {
        object arguments = tool switch { "get_quote" or "get_price_history" => new { symbol = "WAYNE" }, "search_stocks" => new { query = "wayne" }, _ => new { } };
        (await system.Server.CallAsync(system.Token(scope: ""), tool, arguments)).IsError.Should().BeFalse();
    }

    [Theory, Trait("Requirement", "RS-09")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"Name":"get_portfolio","arguments":{}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","Name":"get_portfolio","arguments":{}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","name":"get_portfolio","arguments":{}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"Method":"tools/call","params":{"name":"get_portfolio","arguments":{}}}""")]
    [InlineData("""[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_portfolio","arguments":{}}}]""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_portfolio"},"PARAMS":{"name":"whoami"}}""")]
    public async Task No_spelling_of_a_call_gets_around_the_check(string body)
    {
        using var response = await system.Server.PostAsync(system.Token(scope: ""), body);
        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync()).Should().NotContain("equity");
    }

    [Theory, Trait("Requirement", "RS-06")]
    [InlineData("GET_PORTFOLIO")]
    [InlineData("get_portfolio ")]
    [InlineData("place_orders")]
    public async Task A_tool_that_does_not_exist_is_said_not_to(string tool)
    {
        using var response = await system.Server.CallRawAsync(system.Token(scope: ""), tool);
        var answer = await response.ReadRpcAsync();
        answer["error"]!["code"]!.GetValue<int>().Should().Be(-32602);
        answer["error"]!["message"]!.GetValue<string>().Should().Be("There is no such tool: tools/list names those there are.");
    }

    [Fact, Trait("Requirement", "RS-14")]
    public async Task The_list_of_tools_is_the_same_for_all_and_says_which_scopes_each_needs()
    {
        var all = await system.Server.ListToolsAsync(system.Token());
        var none = await system.Server.ListToolsAsync(system.Token("bob", scope: ""));

        none.ToJsonString().Should().Be(all.ToJsonString());
        all.Select(tool => (tool!["name"]!.GetValue<string>(), string.Join(' ', tool["_meta"]!["io.stockmcp/required_scopes"]!.AsArray().Select(scope => scope!.GetValue<string>())))).Should().Equal(
            ("get_quote", ""), ("search_stocks", ""), ("get_price_history", ""), ("get_market_clock", ""), ("whoami", ""),
            ("get_account", "portfolio:read"), ("get_portfolio", "portfolio:read"), ("list_orders", "orders:read"), ("get_order", "orders:read"), ("review_order", "orders:read"),
            ("place_order", "orders:write"), ("get_order_approval", "orders:write"), ("wait_for_order_approval", "orders:write"), ("cancel_order", "orders:write"), ("get_trading_limits", "orders:write"), ("get_order_receipt", "orders:read"));
    }
}
