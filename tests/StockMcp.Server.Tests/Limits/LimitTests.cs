using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.Limits;

public sealed class LimitTests
{
    [Fact, Trait("Requirement", "RL-01")]
    public async Task Who_calls_too_much_gets_429_with_retry_after_and_nobody_else_does()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false);
        var alice = system.Token("alice");
        var otherAgent = system.Token("alice", client: "another-agent");
        HttpStatusCode[] answers = await Task.WhenAll(Enumerable.Range(0, 1_300).Select(async number =>
        {
            using var response = await system.Server.PostAsync(number % 2 == 0 ? alice : otherAgent, ServerCopy.Message("ping", new { }));
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                response.Headers.RetryAfter!.Delta.Should().BePositive();
                (await response.ReadRpcAsync())["error"]!["message"]!.GetValue<string>().Should().Contain("ask too much");
            }
            return response.StatusCode;
        }));

        answers.Count(answer => answer == HttpStatusCode.OK).Should().BeGreaterThanOrEqualTo(1_000, "a burst must not break what shares a single flight");
        answers.Should().Contain(HttpStatusCode.TooManyRequests).And.OnlyContain(answer => answer == HttpStatusCode.OK || answer == HttpStatusCode.TooManyRequests);
        using var bobs = await system.Server.PostAsync(system.Token("bob"), ServerCopy.Message("ping", new { }));
        bobs.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact, Trait("Requirement", "RL-01")]
    public async Task Wrong_tokens_from_one_address_end_in_429_and_a_right_one_goes_through()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false);
        var statuses = new List<HttpStatusCode>();
        for (var number = 0; number < 110; number++)
        {
            using var response = await system.Server.PostAsync($"wrong-{number}", ServerCopy.Message("ping", new { }));
            statuses.Add(response.StatusCode);
        }

        statuses.Take(100).Should().OnlyContain(status => status == HttpStatusCode.Unauthorized);
        statuses.Should().Contain(HttpStatusCode.TooManyRequests);
        using var right = await system.Server.PostAsync(system.Token(), ServerCopy.Message("ping", new { }));
        right.StatusCode.Should().Be(HttpStatusCode.OK);
        using var none = await system.Server.PostAsync(null, ServerCopy.Message("ping", new { }));
        none.StatusCode.Should().Be(HttpStatusCode.Unauthorized, "a client that only asks where to sign in brought no wrong token");
    }

    [Theory, Trait("Requirement", "RL-01")]
    [InlineData("Limits:BurstPerPerson", "0")]
    [InlineData("Limits:CallsPerMinuteAndPerson", "-1")]
    [InlineData("Limits:InvalidTokensPerMinuteAndAddress", "5")]
    [InlineData("Limits:OrdersPerMinuteAndPerson", "19")]
    [InlineData("Limits:Enabled", "false")]
    public async Task A_setting_raises_a_limit_and_none_turns_it_off(string setting, string value)
        => (await FluentActions.Awaiting(() => TestSystem.StartAsync(brokerage: false, settings: (setting, value))).Should().ThrowAsync<Exception>()).Which.ToString().Should().Contain(setting.Split(':')[1]);

    [Theory, Trait("Requirement", "FD-06")]
    [InlineData(50, HttpStatusCode.OK)]
    [InlineData(-50, HttpStatusCode.OK)]
    [InlineData(600, HttpStatusCode.Unauthorized)]
    [InlineData(-1200, HttpStatusCode.Unauthorized)]
    public async Task A_token_from_a_clock_that_is_a_little_off_is_good_and_from_one_that_is_far_off_is_not(int seconds, HttpStatusCode status)
    {
        await using var system = await TestSystem.StartAsync(brokerage: false);
        var token = system.Authority.Token(ServerCopy.Resource, now: TimeProvider.System.GetUtcNow().AddSeconds(seconds));

        using var response = await system.Server.PostAsync(token, ServerCopy.Message("ping", new { }));

        response.StatusCode.Should().Be(status);
    }

    [Fact, Trait("Requirement", "PX-01")]
    public async Task What_a_stranger_says_of_where_it_comes_from_is_ignored()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false);
        var last = HttpStatusCode.OK;
        for (var number = 0; number < 120; number++)
        {
            using var response = await system.Server.PostAsync("wrong", ServerCopy.Message("ping", new { }), ("X-Forwarded-For", $"192.0.2.{number}"));
            last = response.StatusCode;
        }
        last.Should().Be(HttpStatusCode.TooManyRequests);
    }

    [Fact, Trait("Requirement", "PX-01")]
    public async Task What_a_named_proxy_says_of_where_a_request_comes_from_counts()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false, settings: ("TrustedProxies", "127.0.0.1;::1"));
        for (var number = 0; number < 120; number++)
        {
            using var response = await system.Server.PostAsync("wrong", ServerCopy.Message("ping", new { }), ("X-Forwarded-For", $"192.0.2.{number}"));
            response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        }
    }

    [Fact, Trait("Requirement", "PX-03")]
    public async Task Headers_over_16_kib_and_bodies_over_256_kib_are_refused()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false);

        using var headers = await system.Server.PostAsync(system.Token(), ServerCopy.Message("ping", new { }), ("X-Long", new string('x', 17 * 1024)));
        using var body = await system.Server.PostAsync(system.Token(), ServerCopy.Message("ping", new { text = new string('x', 257 * 1024) }));

        headers.StatusCode.Should().Be(HttpStatusCode.RequestHeaderFieldsTooLarge);
        body.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);
    }

    [Theory, Trait("Requirement", "PX-03")]
    [InlineData("POST /mcp HTTP/1.1\r\nHost: {0}\r\nX-Slow: ", "a header that drips")]
    [InlineData("POST /mcp HTTP/1.1\r\nHost: {0}\r\nAuthorization: Bearer {1}\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n", "a body that drips")]
    [InlineData("POST /mcp HTTP/1.1\r\nHost: {0}\r\nAuthorization: Bearer {1}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2;\nxx\r\n0\r\n\r\n", "a chunk extension that a proxy reads otherwise")]
    public async Task A_connection_that_holds_the_server_up_is_closed(string begin, string what)
    {
        await using var system = await TestSystem.StartAsync(brokerage: false);
        using var connection = new TcpClient();
        var cancelled = TestContext.Current.CancellationToken;
        await connection.ConnectAsync("127.0.0.1", system.Server.Url.Port, cancelled);
        await using var stream = connection.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(string.Format(CultureInfo.InvariantCulture, begin, system.Server.Url.Authority, system.Token())), cancelled);

        var dripping = DripAsync();
        using var answer = new MemoryStream();
        try
        {
            await stream.CopyToAsync(answer, cancelled);
        }
        catch (IOException)
        {
            // Closed without a farewell.
        }

        Encoding.ASCII.GetString(answer.ToArray()).Should().NotContain("HTTP/1.1 200", what);
        await dripping;

        async Task DripAsync()
        {
            try
            {
                while (true)
                {
                    await stream.WriteAsync("x"u8.ToArray(), cancelled);
                    await Task.Delay(TimeSpan.FromSeconds(1), cancelled);
                }
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
                // It was closed.
            }
        }
    }
}
