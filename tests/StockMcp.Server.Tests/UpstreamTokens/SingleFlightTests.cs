using Microsoft.AspNetCore.Http;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.UpstreamTokens;

public sealed class SingleFlightTests
{
    [Theory, Trait("Requirement", "TV-03")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_hundred_calls_at_once_with_a_cold_cache_are_one_exchange(bool redis)
    {
        await using var system = await TestSystem.StartAsync(redis: redis);
        var release = new TaskCompletionSource();
        system.Authority.Gate = release.Task;
        var token = system.Token();

        var calls = Enumerable.Range(0, 200).Select(_ => system.Server.CallAsync(token, "get_account")).ToList();
        await Eventually.IsTrueAsync(() => system.Authority.ExchangesFor("brokerage") > 0);
        release.SetResult();
        var answers = await Task.WhenAll(calls);

        answers.Should().OnlyContain(answer => !answer.IsError);
        system.Authority.ExchangesFor("brokerage").Should().Be(1);
    }

    [Fact, Trait("Requirement", "TV-03")]
    public async Task Two_copies_with_one_redis_share_one_exchange()
    {
        await using var system = await TestSystem.StartAsync(redis: true, copies: 2);
        var release = new TaskCompletionSource();
        system.Authority.Gate = release.Task;
        var token = system.Token();

        var calls = Enumerable.Range(0, 200).Select(number => system[number % 2].CallAsync(token, "get_account")).ToList();
        await Eventually.IsTrueAsync(() => system.Authority.ExchangesFor("brokerage") > 0);
        release.SetResult();
        (await Task.WhenAll(calls)).Should().OnlyContain(answer => !answer.IsError);

        system.Authority.ExchangesFor("brokerage").Should().Be(1);
    }

    [Fact, Trait("Requirement", "TV-03")]
    public async Task A_copy_that_starts_later_finds_the_token_in_redis()
    {
        await using var system = await TestSystem.StartAsync(redis: true);
        await system.Server.CallAsync(system.Token(), "get_account");

        var late = await system.AddCopyAsync();
        (await late.CallAsync(system.Token(), "get_account")).IsError.Should().BeFalse();

        system.Authority.ExchangesFor("brokerage").Should().Be(1);
    }

    [Fact]
    public async Task The_first_caller_may_leave_while_the_others_wait()
    {
        await using var system = await TestSystem.StartAsync();
        var release = new TaskCompletionSource();
        system.Authority.Gate = release.Task;
        using var impatient = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = new StringContent(ServerCopy.Message("tools/call", new { name = "get_account", arguments = new { } }), null, "application/json") };
        impatient.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        impatient.Headers.TryAddWithoutValidation("Authorization", "Bearer " + system.Token());
        using var leave = new CancellationTokenSource();

        var first = system.Server.Http.SendAsync(impatient, HttpCompletionOption.ResponseContentRead, leave.Token);
        await Eventually.IsTrueAsync(() => system.Authority.ExchangesFor("brokerage") == 1);
        var second = system.Server.CallAsync(system.Token(), "get_account");
        await leave.CancelAsync();
        await first.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();
        release.SetResult();

        (await second).IsError.Should().BeFalse();
        system.Authority.ExchangesFor("brokerage").Should().Be(1);
    }

    [Fact, Trait("Requirement", "RS-15")]
    public async Task People_agents_and_scopes_never_share_a_token()
    {
        await using var system = await TestSystem.StartAsync();
        foreach (var (subject, client) in new[] { ("alice", "one"), ("alice", "two"), ("bob", "one") })
        {
            await system.Server.CallAsync(system.Token(subject, client: client), "get_account");
            await system.Server.CallAsync(system.Token(subject, client: client), "list_orders");
            await system.Server.CallAsync(system.Token(subject, client: client), "get_account");
        }
        system.Authority.ExchangesFor("brokerage").Should().Be(6);
        system.Authority.Exchanges.Select(exchange => exchange["scope"]).Distinct().Should().BeEquivalentTo("portfolio:read", "orders:read");
    }

    [Fact, Trait("Requirement", "RS-15")]
    public async Task Two_people_with_two_hundred_interleaved_calls_see_nothing_of_each_other()
    {
        await using var system = await TestSystem.StartAsync();
        await system.Brokerage!.OrderAsync("alice", "WAYNE", 1);
        await system.Brokerage.OrderAsync("bob", "ACME", 2);
        var (alice, bob) = (system.Token(), system.Token("bob"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(async number =>
        {
            var isAlice = number % 2 == 0;
            var result = await system.Server.CallAsync(isAlice ? alice : bob, number % 4 < 2 ? "get_portfolio" : "list_orders");
            var held = result.Content["positions"] ?? result.Content["orders"];
            return (isAlice, symbol: held!.AsArray().Single()!["symbol"]!.GetValue<string>());
        }));

        answers.Should().OnlyContain(answer => answer.symbol == (answer.isAlice ? "WAYNE" : "ACME"));
    }

    [Fact]
    public async Task A_token_that_ends_soon_is_not_remembered()
    {
        await using var system = await TestSystem.StartAsync();
        system.Authority.UpstreamLifetime = 20;
        await system.Server.CallAsync(system.Token(), "get_account");
        await system.Server.CallAsync(system.Token(), "get_account");
        system.Authority.ExchangesFor("brokerage").Should().Be(2);
    }

    [Fact]
    public async Task A_token_that_the_brokerage_refuses_is_exchanged_anew_once()
    {
        await using var system = await TestSystem.StartAsync(redis: true);
        var real = system.Authority.UpstreamToken;
        system.Authority.UpstreamToken = (_, _) => "revoked-at-the-brokerage";
        var refused = await system.Server.CallAsync(system.Token(), "get_account");
        refused.Code.Should().Be("connection_required");
        system.Authority.ExchangesFor("brokerage").Should().Be(2);

        system.Authority.UpstreamToken = real;
        (await system.Server.CallAsync(system.Token(), "get_account")).IsError.Should().BeFalse();
    }

    [Fact]
    public async Task A_failed_exchange_is_not_remembered()
    {
        await using var system = await TestSystem.StartAsync(redis: true);
        system.Authority.Fault = _ => TestAuthority.Error("server_error", StatusCodes.Status500InternalServerError);
        (await system.Server.CallAsync(system.Token(), "get_account")).Code.Should().Be("upstream_unavailable");
        system.Authority.Fault = null;
        (await system.Server.CallAsync(system.Token(), "get_account")).IsError.Should().BeFalse();
    }
}
