using System.Net;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Limits;

public sealed class LimitTests(SharedSystem shared)
{
    [Fact, Trait("Requirement", "RL-01")]
    public async Task Failures_at_the_token_endpoint_end_in_429_for_that_client_and_no_other()
    {
        await using var system = await StartWithDefaultsAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var guesser = await TestAgent.RegisterAsync(system);
        var tokens = await agent.ConnectAsync(alice);

        var answers = new List<JsonAnswer>();
        for (var number = 0; number < 25; number++) answers.Add(await guesser.RefreshAsync($"guess-{number}"));

        answers.Take(20).Should().OnlyContain(answer => answer.Status == HttpStatusCode.BadRequest);
        answers[^1].Status.Should().Be(HttpStatusCode.TooManyRequests);
        answers[^1].Response.Headers.RetryAfter!.Delta.Should().BePositive();
        answers[^1]["error"].Should().Be("temporarily_unavailable");
        (await agent.RefreshAsync(tokens.RefreshToken!)).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact, Trait("Requirement", "RL-01")]
    public async Task Bad_tokens_that_agents_send_to_the_server_do_not_shut_it_out()
    {
        await using var system = await StartWithDefaultsAsync();
        using var alice = Person.Alice(system);
        var tokens = await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);
        for (var number = 0; number < 30; number++) (await TestAgent.ExchangeAsync(system, "garbage"))["error"].Should().Be("invalid_grant");

        (await TestAgent.ExchangeAsync(system, tokens.AccessToken)).Status.Should().Be(HttpStatusCode.OK);
        for (var number = 0; number < 25; number++) await TestAgent.ExchangeAsync(system, "stockmcp-server", "wrong", tokens.AccessToken, "portfolio:read", "brokerage");
        (await TestAgent.ExchangeAsync(system, "stockmcp-server", "wrong", tokens.AccessToken, "portfolio:read", "brokerage")).Status.Should().Be(HttpStatusCode.TooManyRequests, "a wrong secret is a guess");
    }

    [Fact, Trait("Requirement", "RL-01")]
    public async Task Authorization_requests_of_one_address_are_counted()
    {
        await using var system = await StartWithDefaultsAsync();
        var url = (await TestAgent.RegisterAsync(system)).Flow().AuthorizationUrl;
        using var alice = Person.Alice(system);
        var statuses = new List<HttpStatusCode>();
        for (var number = 0; number < 70; number++)
        {
            using var response = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, url));
            statuses.Add(response.StatusCode);
            if (response.StatusCode == HttpStatusCode.TooManyRequests) response.Headers.RetryAfter!.Delta.Should().BePositive();
        }
        statuses.Take(60).Should().OnlyContain(status => status == HttpStatusCode.Redirect);
        statuses.Should().Contain(HttpStatusCode.TooManyRequests);
    }

    [Theory, Trait("Requirement", "RL-01")]
    [InlineData("Limits:TokenFailuresPerMinute", "0")]
    [InlineData("Limits:AuthorizationRequestsPerMinute", "59")]
    [InlineData("Limits:NewMetadataDocumentsPerMinute", "9")]
    public async Task A_setting_raises_a_limit_and_none_turns_it_off(string setting, string value)
    {
        var start = () => StockMcpSystem.StartAsync(options => options with { AuthoritySettings = new Dictionary<string, string?> { [setting] = value } });

        (await start.Should().ThrowAsync<Exception>()).Which.ToString().Should().Contain(setting.Split(':')[1]);
    }

    [Theory, Trait("Requirement", "AS-18")]
    [InlineData(51, 3)]
    [InlineData(1, 1025)]
    public async Task A_scope_that_is_too_long_is_refused_at_once(int scopes, int length)
    {
        var system = await shared.GetAsync();
        var agent = await TestAgent.RegisterAsync(system);
        using var alice = Person.Alice(system);
        var scope = string.Join(' ', Enumerable.Range(0, scopes).Select(_ => new string('s', length)));

        using var page = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, agent.Flow(scope).AuthorizationUrl));
        var answer = await agent.TokenAsync(("grant_type", "refresh_token"), ("refresh_token", "x"), ("scope", scope));

        page.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await page.Content.ReadAsStringAsync()).Should().Contain("invalid_scope");
        answer["error"].Should().Be("invalid_scope");
    }

    private static Task<StockMcpSystem> StartWithDefaultsAsync()
        => StockMcpSystem.StartAsync(options => options with { AuthoritySettings = new Dictionary<string, string?> { ["Limits:TokenFailuresPerMinute"] = "20", ["Limits:AuthorizationRequestsPerMinute"] = "60" } });
}
