using Microsoft.AspNetCore.Http;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.UpstreamTokens;

public sealed class OutageTests
{
    [Fact, Trait("Requirement", "FD-01")]
    public async Task Without_redis_all_goes_on_and_when_it_is_back_tokens_are_shared_again()
    {
        await using var system = await TestSystem.StartAsync(redis: true, copies: 2);
        await system[0].CallAsync(system.Token("alice"), "get_account");
        (await system[1].CallAsync(system.Token("alice"), "get_account")).IsError.Should().BeFalse();
        system.Authority.ExchangesFor("brokerage").Should().Be(1);

        system.Redis!.Stop();
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(number => system[number % 2].CallAsync(system.Token("bob"), "get_account")));
        answers.Should().OnlyContain(answer => !answer.IsError);
        system.Authority.ExchangesFor("brokerage").Should().Be(3, "each copy exchanges for itself, once");

        system.Redis.Run();
        var number = 0;
        await Eventually.IsTrueAsync(async () =>
        {
            var token = system.Token("carol-" + number++);
            var before = system.Authority.ExchangesFor("brokerage");
            await system[0].CallAsync(token, "get_account");
            await system[1].CallAsync(token, "get_account");
            return system.Authority.ExchangesFor("brokerage") == before + 1;
        });
        system.Log.All.Should().Contain(line => line.Contains("Redis does not answer")).And.Contain(line => line.Contains("Redis answers again"));
    }

    [Fact, Trait("Requirement", "RC-04"), Trait("Requirement", "FD-01")]
    public async Task A_redis_that_hangs_is_waited_for_a_few_times_and_then_left_alone()
    {
        using var redis = TestRedis.Start();
        await using var relay = new FreezingRelay(redis.Port);
        await using var system = await TestSystem.StartAsync(settings: ("ConnectionStrings:Redis", $"127.0.0.1:{relay.Port}"));
        (await system.Server.CallAsync(system.Token(), "get_account")).IsError.Should().BeFalse();
        relay.Freeze();

        for (var number = 0; number < 4; number++) (await system.Server.CallAsync(system.Token($"hanging-{number}"), "get_account")).IsError.Should().BeFalse();
        var swallowed = relay.Swallowed;
        (await Task.WhenAll(Enumerable.Range(0, 20).Select(number => system.Server.CallAsync(system.Token($"left-alone-{number}"), "get_account")))).Should().OnlyContain(answer => !answer.IsError);

        relay.Swallowed.Should().BeLessThan(swallowed + 2000, "a probe may go out, but not the several commands of each of twenty calls");
        system.Log.All.Should().Contain(line => line.Contains("Redis does not answer"));
    }

    [Fact, Trait("Requirement", "FD-01")]
    public async Task It_starts_without_the_redis_that_it_is_told_of()
    {
        await using var system = await TestSystem.StartAsync(settings: ("ConnectionStrings:Redis", "127.0.0.1:9"));
        (await system.Server.CallAsync(system.Token(), "get_account")).IsError.Should().BeFalse();
        (await system.Server.CallAsync(system.Token(), "get_account")).IsError.Should().BeFalse();
        system.Authority.ExchangesFor("brokerage").Should().Be(1, "it remembers in this process");
    }

    [Fact, Trait("Requirement", "FD-05")]
    public async Task While_the_brokerage_is_stopped_a_tool_says_so_and_when_it_is_back_answers_again()
    {
        await using var system = await TestSystem.StartAsync();
        await system.Server.CallAsync(system.Token(), "get_portfolio");
        await system.Brokerage!.StopAsync();

        foreach (var (tool, arguments) in new (string, object)[] { ("get_portfolio", new { }), ("get_quote", new { symbol = "WAYNE" }) })
        {
            var result = await system.Server.CallAsync(system.Token(), tool, arguments);
            result.Code.Should().Be("upstream_unavailable");
            result.Content["error"]!["retry"]!.GetValue<bool>().Should().BeTrue();
            result.Text.Should().StartWith("Upstream unavailable: the brokerage does not answer right now. Retry");
        }

        await system.Brokerage.StartAsync();
        await Eventually.IsTrueAsync(async () => !(await system.Server.CallAsync(system.Token(), "get_portfolio")).IsError);
    }

    [Fact, Trait("Requirement", "FD-03"), Trait("Requirement", "FD-04")]
    public async Task While_the_authorization_server_is_stopped_valid_tokens_still_work()
    {
        await using var system = await TestSystem.StartAsync();
        var (alice, bob) = (system.Token(), system.Token("bob"));
        await system.Server.CallAsync(alice, "get_account");
        await system.Authority.StopAsync();

        (await system.Server.CallAsync(alice, "get_account")).IsError.Should().BeFalse("its upstream token is remembered");
        (await system.Server.CallAsync(bob, "get_quote", new { symbol = "WAYNE" })).IsError.Should().BeFalse();
        var cold = await system.Server.CallAsync(bob, "get_account");
        cold.Code.Should().Be("upstream_unavailable");
        cold.Text.Should().Contain("the authorization server does not answer");
        var whoami = await system.Server.CallAsync(bob, "whoami");
        whoami.IsError.Should().BeFalse();
        whoami.Content["user"]!["subject"]!.GetValue<string>().Should().Be("bob");
        whoami.Content["missing"]!.ToJsonString().Should().Contain("list of connected accounts");
    }

    [Fact, Trait("Requirement", "FD-04")]
    public async Task A_slow_exchange_ends_in_time_and_its_late_answer_hurts_nobody()
    {
        await using var system = await TestSystem.StartAsync(settings: ("UpstreamTokens:Timeout", "00:00:00.2"));
        var release = new TaskCompletionSource();
        system.Authority.Gate = release.Task;
        (await system.Server.CallAsync(system.Token(), "get_account")).Code.Should().Be("upstream_unavailable");
        release.SetResult();
        (await system.Server.CallAsync(system.Token(), "get_account")).IsError.Should().BeFalse();
    }

    public static TheoryData<string, int, string, string> Refusals => new()
    {
        { "interaction_required", 400, "connection_required", "has to be connected" },
        { "invalid_grant", 400, "authorization_ended", "does not accept this agent's access token" },
        { "invalid_scope", 400, "authorization_refused", "does not give this agent access" },
        { "invalid_target", 400, "authorization_refused", "does not give this agent access" },
        { "invalid_client", 401, "authorization_refused", "Authority:ClientSecret" },
        { "temporarily_unavailable", 503, "upstream_unavailable", "the brokerage's sign-in does not answer" },
        { "server_error", 500, "upstream_unavailable", "the authorization server does not answer" },
        { "<script>", 400, "upstream_answer_invalid", "cannot be used" },
    };

    [Theory, MemberData(nameof(Refusals)), Trait("Requirement", "RS-13"), Trait("Requirement", "FD-04")]
    public async Task Each_refusal_of_an_exchange_says_what_to_do(string error, int status, string code, string message)
    {
        await using var system = await TestSystem.StartAsync(brokerage: false);
        system.Authority.Fault = _ => TestAuthority.Error(error, status, new { error, error_description = "secret detail", connection = "brokerage", connect_uri = system.Authority.Issuer + "account/connect/brokerage", missing_scope = "account:read" });

        var result = await system.Server.CallAsync(system.Token(), "get_account");

        result.Code.Should().Be(code);
        result.Text.Should().Contain(message).And.NotContain("secret detail").And.NotContain("<script>");
        var uri = result.Content["error"]!["connect_uri"]?.GetValue<string>();
        if (error == "interaction_required")
        {
            uri.Should().Be(system.Authority.Issuer + "account/connect/brokerage");
            result.Text.Should().Contain(uri);
        }
        else
        {
            uri.Should().BeNull();
        }
    }

    public static TheoryData<string> Answers => new(
        """not json""", """[]""", """{}""",
        """{"access_token":"x","token_type":"DPoP","expires_in":300}""",
        """{"access_token":"","token_type":"Bearer","expires_in":300}""",
        """{"access_token":"a b","token_type":"Bearer","expires_in":300}""",
        """{"access_token":"a\r\nX: y","token_type":"Bearer","expires_in":300}""",
        """{"access_token":"x","token_type":"Bearer"}""",
        """{"access_token":"x","token_type":"Bearer","expires_in":0}""",
        """{"access_token":"x","token_type":"Bearer","expires_in":-5}""",
        """{"access_token":"x","token_type":"Bearer","expires_in":99999999}""",
        $$"""{"access_token":"{{new string('x', 70_000)}}","token_type":"Bearer","expires_in":300}""");

    [Theory, MemberData(nameof(Answers)), Trait("Requirement", "UP-01")]
    public async Task An_answer_of_the_token_endpoint_that_makes_no_sense_is_an_error_and_not_remembered(string answer)
    {
        await using var system = await TestSystem.StartAsync(brokerage: false);
        system.Authority.Fault = _ => Results.Text(answer, "application/json");
        var result = await system.Server.CallAsync(system.Token(), "get_account");
        result.IsError.Should().BeTrue();
        result.Code.Should().BeOneOf("upstream_answer_invalid", "upstream_unavailable");
        await system.Server.CallAsync(system.Token(), "get_account");
        system.Authority.ExchangesFor("brokerage").Should().Be(2);
    }
}
