using System.Text.Json.Nodes;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>Parts of the chain fail, or everybody calls at once.</summary>
public sealed class OutageTests : IAsyncLifetime
{
    private StockMcpSystem system = null!;
    private Person alice = null!;
    private Agent agent = null!;

    public async ValueTask InitializeAsync()
    {
        system = await StockMcpSystem.StartAsync();
        alice = Person.Alice(system);
        agent = await Agent.ConnectAsync(system, alice);
    }

    public async ValueTask DisposeAsync()
    {
        agent.Dispose();
        alice.Dispose();
        await system.DisposeAsync();
    }

    [Fact, Trait("Requirement", "TV-03"), Trait("Requirement", "FD-01"), Trait("Requirement", "RC-02")]
    public async Task Two_hundred_calls_at_once_cost_one_exchange_and_redis_may_go_and_come_back()
    {
        var before = Exchanges;
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => agent.CallToolAsync("get_account")));
        answers.Should().NotContain(answer => answer.IsError);
        (Exchanges - before).Should().Be(1);

        system.Running.Redis!.Stop();
        (await agent.CallToolAsync("get_account")).IsError.Should().BeFalse("memory still has the token");
        (await agent.CallToolAsync("list_orders")).IsError.Should().BeFalse("another token is exchanged without Redis");

        system.Running.Redis.Start();
        await system.Running.Server.StopAsync();
        await system.Running.Server.StartAsync();
        (await agent.CallToolAsync("get_account")).IsError.Should().BeFalse("a Server that starts anew, on an empty Redis, asks again");
    }

    [Fact, Trait("Requirement", "FD-05"), Trait("Requirement", "FD-04")]
    public async Task With_the_brokerage_stopped_a_call_is_a_tool_error_that_says_so_and_afterwards_all_is_well()
    {
        (await agent.CallToolAsync("get_account")).IsError.Should().BeFalse();
        await system.Running.Brokerage.StopAsync();

        var account = await agent.CallToolAsync("get_account"); // the token is cached, the API is away
        var orders = await agent.CallToolAsync("list_orders"); // the token must be fetched, and cannot be
        foreach (var answer in new[] { account, orders })
        {
            answer.IsError.Should().BeTrue();
            answer.Text.Should().Contain("unavailable");
        }

        await system.Running.Brokerage.StartAsync();
        await ShouldWorkAgainAsync("get_account");
        await ShouldWorkAgainAsync("list_orders");
    }

    [Fact, Trait("Requirement", "FD-03"), Trait("Requirement", "KM-02")]
    public async Task With_the_authority_stopped_valid_tokens_still_work()
    {
        await agent.CallToolAsync("get_account");
        await system.Running.Authority.StopAsync();

        (await agent.CallToolAsync("get_quote", new { symbol = "WAYNE" })).IsError.Should().BeFalse();
        (await agent.CallToolAsync("get_account")).IsError.Should().BeFalse("the exchanged token is cached");

        await system.Running.Authority.StartAsync();
        await ShouldWorkAgainAsync("list_orders");
    }

    [Fact, Trait("Requirement", "RS-15"), Trait("Requirement", "RS-07")]
    public async Task Two_peoples_interleaved_calls_never_cross()
    {
        using var bob = Person.Bob(system);
        using var other = await Agent.ConnectAsync(system, bob);
        var (hers, his) = (AccountNumber(await agent.CallToolAsync("get_account")), AccountNumber(await other.CallToolAsync("get_account")));
        hers.Should().NotBe(his);

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).SelectMany(_ => new[] { agent.CallToolAsync("get_account"), other.CallToolAsync("get_account") }));

        answers.Where((_, index) => index % 2 == 0).Select(AccountNumber).Should().AllBe(hers);
        answers.Where((_, index) => index % 2 == 1).Select(AccountNumber).Should().AllBe(his);
    }

    private int Exchanges => system.Authority.Requests.Count(request => request.Path == "/connect/token" && request.Answer.Contains("issued_token_type", StringComparison.Ordinal)); // a Server also gets a token of its own there

    // A breaker may stay open for some seconds.
    private async Task ShouldWorkAgainAsync(string tool)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while ((await agent.CallToolAsync(tool)).IsError) await Task.Delay(TimeSpan.FromMilliseconds(200), patience.Token);
    }

    private static string AccountNumber(ToolResult answer)
    {
        answer.IsError.Should().BeFalse(answer.Text);
        return ((JsonObject)answer.Structured!)["account_number"]!.GetValue<string>();
    }
}
