using System.Text.Json.Nodes;
using StockMcp.EndToEnd.Tests.Orders;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests.Brokers;

/// <summary>Alpaca's paper trading as the broker, by the settings of docs/brokers alone, against the shapes of its public documentation.</summary>
public sealed class AlpacaTests : IClassFixture<AlpacaTests.Fixture>
{
    private readonly AlpacaSystem system;

    public AlpacaTests(Fixture fixture) => system = fixture.System;

    [Fact]
    public async Task A_person_signs_in_at_alpaca_and_their_agent_sees_account_positions_and_prices()
    {
        using var alice = system.NewPerson();
        using var agent = await system.ConnectAsync(alice, "portfolio:read orders:read");

        system.Alpaca.Authorization.Should().Contain("env", "paper").And.Contain("scope", "data").And.ContainKey("state").And.Contain("redirect_uri", new Uri(system.Authority, "callback/brokerage").AbsoluteUri);
        (await AnswerAsync(agent, "get_account")).ToJsonString().Should().Contain("198783.05").And.Contain("PA3ABCDEFGH1");
        (await AnswerAsync(agent, "get_portfolio", new { history_days = 30 })).ToJsonString().Should().Contain("AAPL").And.Contain("1242.25");
        (await AnswerAsync(agent, "get_quote", new { symbol = "AAPL" })).ToJsonString().Should().Contain("248.47").And.Contain("248.45");
        (await AnswerAsync(agent, "get_price_history", new { symbol = "AAPL", days = 3 })).ToJsonString().Should().Contain("248.99");
        (await AnswerAsync(agent, "search_stocks", new { query = "apple" })).ToJsonString().Should().Contain("AAPL");
        (await AnswerAsync(agent, "get_market_clock")).ToJsonString().Should().Contain("2026-11-27T14:30:00");
        (await AnswerAsync(agent, "list_orders")).ToJsonString().Should().Contain("orders");
        (await AnswerAsync(agent, "whoami")).ToJsonString().Should().Contain("Alpaca (paper trading)").And.Contain("connected");
        system.Alpaca.Requests.Should().Contain("data GET /v2/stocks/AAPL/quotes/latest?feed=iex");
        system.Alpaca.Requests.Should().OnlyContain(request => request.StartsWith("paper-api ") || request.StartsWith("data "), "nothing reaches the live API");
    }

    [Fact]
    public async Task An_approved_order_is_placed_once_under_an_id_of_the_approvals()
    {
        using var alice = system.NewPerson();
        using var trader = await TraderAsync(alice);
        var before = system.Alpaca.OrderPosts;
        var pending = await trader.PlaceAsync("1", "240.00", symbol: "AAPL");
        pending.Status.Should().Be("approval_pending", pending.ToString());

        await trader.ApproveAsync(pending);

        var ended = await trader.EndAsync(pending);
        ended.Status.Should().Be("placed", ended.ToString());
        (await AnswerAsync(trader.Agent, "get_order", new { order_id = ended.OrderId }))["client_order_id"]!.GetValue<string>().Should().StartWith("stockmcp-").And.Match(id => id.Length <= 48, "Alpaca takes no longer one");
        (system.Alpaca.OrderPosts - before).Should().Be(1);
        (await trader.Agent.CallToolAsync("cancel_order", new { order_id = ended.OrderId })).IsError.Should().BeFalse();
    }

    [Theory]
    [InlineData("buying_power", "insufficient_buying_power")]
    [InlineData("quantity", "insufficient_quantity")]
    [InlineData("day_trading", "day_trading_protection")]
    [InlineData("wash_trade", "wash_trade")]
    [InlineData("invalid", "order_invalid")]
    public async Task What_alpaca_refuses_ends_as_rejected_and_says_why(string error, string reason)
    {
        using var alice = system.NewPerson();
        using var trader = await TraderAsync(alice);
        var pending = await trader.PlaceAsync("2", "240.00", symbol: "AAPL");
        system.Alpaca.Errors["POST /v2/orders"] = error;

        await trader.ApproveAsync(pending);

        var ended = await trader.EndAsync(pending);
        ended.Status.Should().Be("rejected", ended.ToString());
        ended.Reason.Should().Be(reason);
    }

    [Fact]
    public async Task An_order_that_came_too_soon_after_others_goes_out_later()
    {
        using var alice = system.NewPerson();
        using var trader = await TraderAsync(alice);
        var pending = await trader.PlaceAsync("3", "240.00", symbol: "AAPL");
        system.Alpaca.ErrorHeaders["Retry-After"] = "1";
        system.Alpaca.Errors["POST /v2/orders"] = "too_many_requests";

        await trader.ApproveAsync(pending);

        (await trader.EndAsync(pending)).Status.Should().Be("placed");
    }

    [Theory]
    [InlineData("Retry-After", "17", "Retry in 17 seconds")]
    [InlineData("X-RateLimit-Reset", "1795720000", "Retry in")]
    public async Task Beyond_alpacas_rate_limit_the_agent_is_told_when_to_ask_again(string header, string value, string says)
    {
        using var alice = system.NewPerson();
        using var agent = await system.ConnectAsync(alice, "portfolio:read orders:read");
        system.Alpaca.ErrorHeaders.Clear();
        system.Alpaca.ErrorHeaders[header] = value;
        system.Alpaca.Errors["GET /v2/positions"] = "too_many_requests";

        var refused = await agent.CallToolAsync("get_portfolio");

        refused.IsError.Should().BeTrue();
        refused.Text.Should().Contain("too_many_requests").And.Contain(says);
        (await agent.CallToolAsync("get_portfolio")).IsError.Should().BeFalse("nothing is broken");
    }

    [Fact]
    public async Task Alpacas_own_words_are_not_passed_on()
    {
        using var alice = system.NewPerson();
        using var agent = await system.ConnectAsync(alice, "portfolio:read orders:read");
        system.Alpaca.Errors["GET /v2/stocks/AAPL/bars"] = "no_subscription";

        var refused = await agent.CallToolAsync("get_price_history", new { symbol = "AAPL", days = 3 });

        refused.IsError.Should().BeTrue();
        refused.Text.Should().Contain("upstream_refused").And.NotContain("subscription");
    }

    [Fact]
    public async Task Prices_take_an_agent_that_may_see_something_of_the_account()
    {
        using var alice = system.NewPerson();
        using var agent = await system.ConnectAsync(alice, "portfolio:read", ConsentAnswer.Without("portfolio:read"));

        var refused = await agent.CallToolAsync("get_quote", new { symbol = "AAPL" });

        refused.IsError.Should().BeTrue();
        refused.Text.Should().Contain("authorization_refused").And.Contain("portfolio:read");
    }

    [Fact, Trait("Requirement", "TV-04")]
    public async Task A_token_that_the_person_ended_at_alpaca_has_to_be_connected_again()
    {
        var clock = new ShiftedClock();
        await using var own = await AlpacaSystem.StartAsync(clock);
        using var alice = own.NewPerson();
        using var agent = await own.ConnectAsync(alice, "portfolio:read orders:read");
        (await agent.CallToolAsync("get_account")).IsError.Should().BeFalse();

        own.Alpaca.EndAccess();
        clock.Advance(TimeSpan.FromSeconds(30)); // what was just handed out is handed out again

        var refused = await agent.CallToolAsync("get_account");
        refused.IsError.Should().BeTrue();
        refused.Text.Should().Contain("connection_required");
        var page = refused.Structured!["error"]!["connect_uri"]!.GetValue<string>();
        (await AnswerAsync(agent, "whoami")).ToJsonString().Should().Contain("reconnect_needed");
        await alice.GoAsync(new Uri(page), url => url.AbsolutePath == "/account");
        (await agent.CallToolAsync("get_account")).IsError.Should().BeFalse();
    }

    private async Task<Trader> TraderAsync(Person person) => new(person, await system.ConnectAsync(person, Trader.Scopes));

    private static async Task<JsonNode> AnswerAsync(Agent agent, string tool, object? arguments = null)
    {
        var result = await agent.CallToolAsync(tool, arguments);
        result.IsError.Should().BeFalse(result.Text);
        return result.Structured!;
    }

    public sealed class Fixture : IAsyncLifetime
    {
        internal AlpacaSystem System { get; private set; } = null!;

        public async ValueTask InitializeAsync() => System = await AlpacaSystem.StartAsync();

        public ValueTask DisposeAsync() => System.DisposeAsync();
    }
}
