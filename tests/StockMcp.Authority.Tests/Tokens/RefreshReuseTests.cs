using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using StockMcp.Authority.Database;
using StockMcp.Authority.Tokens;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Tokens;

public sealed class RefreshReuseTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(11);

    [Fact, Trait("Requirement", "AS-11")]
    public async Task A_refresh_that_is_sent_again_within_ten_seconds_gets_the_very_same_answer()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var first = await agent.ConnectAsync(alice);

        var (again, answer) = await StandingStillAsync(clock, () => agent.RefreshAsync(first.RefreshToken!), () => agent.RefreshAsync(first.RefreshToken!));

        again.Status.Should().Be(HttpStatusCode.OK, again.ToString());
        again.Body.ToString().Should().Be(answer.Body.ToString());
        again.Response.Headers.CacheControl!.NoStore.Should().BeTrue();
        (await agent.RefreshAsync(answer["refresh_token"]!)).Status.Should().Be(HttpStatusCode.OK, "nothing was ended");
        (await TestAgent.ExchangeAsync(system, answer["access_token"]!)).Status.Should().Be(HttpStatusCode.OK);
        (await alice.ReadAsync(AccountPage(system))).Should().NotContain("used twice");
    }

    [Fact, Trait("Requirement", "AS-11")]
    public async Task Requests_in_the_same_moment_all_get_one_answer()
    {
        await using var system = await StockMcpSystem.StartAsync();
        await using var copy = await AuthorityCopy.StartAsync(system);
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var tokens = await agent.ConnectAsync(alice);

        for (var round = 0; round < 3; round++)
        {
            var used = tokens.RefreshToken!;
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => number % 2 == 0 ? agent.RefreshAsync(used) : RefreshAtAsync(copy, agent, used)));

            answers.Should().OnlyContain(answer => answer.Status == HttpStatusCode.OK);
            answers.Select(answer => answer.Body.ToString()).Distinct().Should().ContainSingle();
            tokens = new TokenSet(answers[0]["access_token"]!, answers[0]["refresh_token"], answers[0]["scope"]);
        }
        await using var scope = system.Running.Authority.Services.CreateAsyncScope();
        (await scope.ServiceProvider.GetRequiredService<OpenIddict.Abstractions.IOpenIddictTokenManager>().CountAsync(query => query.Cast<OpenIddict.EntityFrameworkCore.Models.OpenIddictEntityFrameworkCoreToken>()
            .Where(token => token.Type == "urn:ietf:params:oauth:token-type:refresh_token" && token.Status == "valid"))).Should().Be(1, "what was made and not given away is deleted");
    }

    [Fact, Trait("Requirement", "AS-11")]
    public async Task The_same_answer_comes_after_a_restart_and_from_another_copy()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var first = await agent.ConnectAsync(alice);
        var then = clock.GetUtcNow();
        var answer = await agent.RefreshAsync(first.RefreshToken!);

        await system.Running.Authority.StopAsync();
        await system.Running.Authority.StartAsync();
        clock.Advance(then - clock.GetUtcNow());
        (await agent.RefreshAsync(first.RefreshToken!)).Body.ToString().Should().Be(answer.Body.ToString());

        await using var copy = await AuthorityCopy.StartAsync(system);
        clock.Advance(then - clock.GetUtcNow());
        (await RefreshAtAsync(copy, agent, first.RefreshToken!)).Body.ToString().Should().Be(answer.Body.ToString());
    }

    [Fact, Trait("Requirement", "AS-11"), Trait("Requirement", "AS-17")]
    public async Task Later_reuse_ends_the_sign_in_and_its_person_is_told_once()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system, name: "Careless helper");
        var first = await agent.ConnectAsync(alice);
        var second = await agent.RefreshAsync(first.RefreshToken!);
        clock.Advance(s_patience);
        await system.Running.Authority.StopAsync();
        await system.Running.Authority.StartAsync();

        (await agent.RefreshAsync(first.RefreshToken!))["error"].Should().Be("invalid_grant");
        (await agent.RefreshAsync(first.RefreshToken!))["error"].Should().Be("invalid_grant");

        (await agent.RefreshAsync(second["refresh_token"]!))["error"].Should().Be("invalid_grant");
        (await TestAgent.ExchangeAsync(system, second["access_token"]!))["error"].Should().Be("invalid_grant");
        var page = await alice.ReadAsync(AccountPage(system));
        page.Split("was ended because its refresh token was used twice").Should().HaveCount(2);
        page.Should().Contain("Careless helper");
        await alice.SubmitAsync(AccountPage(system), "I have read this");
        (await alice.ReadAsync(AccountPage(system))).Should().NotContain("used twice");
    }

    [Fact, Trait("Requirement", "AS-11")]
    public async Task Another_client_neither_gets_the_answer_nor_ends_the_sign_in()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var thief = await TestAgent.RegisterAsync(system);
        var first = await agent.ConnectAsync(alice);

        (await thief.RefreshAsync(first.RefreshToken!))["error"].Should().Be("invalid_grant");
        var (stolen, answer) = await StandingStillAsync(clock, () => agent.RefreshAsync(first.RefreshToken!), () => thief.RefreshAsync(first.RefreshToken!));
        stolen["error"].Should().Be("invalid_grant");
        stolen["access_token"].Should().BeNull();
        clock.Advance(s_patience);
        (await thief.RefreshAsync(first.RefreshToken!))["error"].Should().Be("invalid_grant");

        (await agent.RefreshAsync(answer["refresh_token"]!)).Status.Should().Be(HttpStatusCode.OK);
        (await alice.ReadAsync(AccountPage(system))).Should().NotContain("used twice");
    }

    [Fact, Trait("Requirement", "AS-11")]
    public async Task Signed_out_within_the_ten_seconds_the_answer_is_not_given_again()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var first = await agent.ConnectAsync(alice);
        var then = clock.GetUtcNow();
        await agent.RefreshAsync(first.RefreshToken!);

        await alice.SubmitAsync(AccountPage(system), "Sign out this agent");
        clock.Advance(then - clock.GetUtcNow());

        (await agent.RefreshAsync(first.RefreshToken!))["error"].Should().Be("invalid_grant");
    }

    [Fact, Trait("Requirement", "AS-11"), Trait("Requirement", "TV-01")]
    public async Task A_kept_answer_is_encrypted_and_opens_in_its_own_row_alone()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var (first, other) = (await agent.ConnectAsync(alice), await agent.ConnectAsync(alice));
        var then = clock.GetUtcNow();
        await agent.RefreshAsync(first.RefreshToken!);
        await agent.RefreshAsync(other.RefreshToken!);

        await using (var scope = system.Running.Authority.Services.CreateAsyncScope())
        {
            var database = scope.ServiceProvider.GetRequiredService<AuthorityDbContext>();
            var kept = await database.Set<RefreshAnswer>().AsNoTracking().ToListAsync();
            kept.Should().HaveCount(2).And.OnlyContain(answer => !System.Text.Encoding.UTF8.GetString(answer.Answer).Contains("token", StringComparison.Ordinal));
            await database.Set<RefreshAnswer>().Where(answer => answer.TokenId == kept[0].TokenId).ExecuteUpdateAsync(set => set.SetProperty(answer => answer.Answer, kept[1].Answer));
            await database.Set<RefreshAnswer>().Where(answer => answer.TokenId == kept[1].TokenId).ExecuteUpdateAsync(set => set.SetProperty(answer => answer.Answer, kept[0].Answer));
        }
        clock.Advance(then - clock.GetUtcNow());

        (await agent.RefreshAsync(first.RefreshToken!))["error"].Should().Be("invalid_grant");
    }

    private static Uri AccountPage(StockMcpSystem system) => new(system.Running.Authority.Url, "account");

    // However slow the machine is, the second request comes at the time of the first.
    private static async Task<(JsonAnswer Again, JsonAnswer Answer)> StandingStillAsync(ShiftedClock clock, Func<Task<JsonAnswer>> first, Func<Task<JsonAnswer>> second)
    {
        var then = clock.GetUtcNow();
        var answer = await first();
        answer.Status.Should().Be(HttpStatusCode.OK, answer.ToString());
        clock.Advance(then - clock.GetUtcNow());
        return (await second(), answer);
    }

    private static async Task<JsonAnswer> RefreshAtAsync(AuthorityCopy copy, TestAgent agent, string refreshToken)
    {
        using var http = copy.CreateClient();
        using var body = new FormUrlEncodedContent([new("grant_type", "refresh_token"), new("refresh_token", refreshToken), new("client_id", agent.ClientId)]);
        return await TestAgent.ReadAsync(await http.PostAsync("connect/token", body));
    }
}
