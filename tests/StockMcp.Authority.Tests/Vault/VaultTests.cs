using System.Net;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using StockMcp.Authority.Database;
using StockMcp.Authority.Vault;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Vault;

public sealed class VaultTests
{
    [Fact, Trait("Requirement", "TV-03")]
    public async Task Parallel_exchanges_for_one_account_refresh_one_after_the_other_and_share_what_they_get()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var tokens = await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);
        var before = Refreshes(system);

        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(number => TestAgent.ExchangeAsync(system, tokens.AccessToken, (number % 3) switch { 0 => "portfolio:read", 1 => "orders:read", _ => "portfolio:read orders:read" })));

        answers.Should().OnlyContain(answer => answer.Status == HttpStatusCode.OK);
        answers.Select(answer => answer["access_token"]).Distinct().Should().HaveCount(3);
        (Refreshes(system) - before).Should().Be(3, "one for each set of scopes, and no rotated token was used twice");
    }

    [Fact, Trait("Requirement", "TV-04")]
    public async Task A_refresh_token_that_the_provider_refuses_is_asked_for_once_and_the_person_connects_again()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var tokens = await agent.ConnectAsync(alice);
        await DisconnectAtBrokerageAsync(system, alice);
        var before = Refreshes(system);

        var first = await TestAgent.ExchangeAsync(system, tokens.AccessToken);
        var second = await TestAgent.ExchangeAsync(system, tokens.AccessToken);

        first.Status.Should().Be(HttpStatusCode.BadRequest);
        first["error"].Should().Be("interaction_required");
        first["connection"].Should().Be("brokerage");
        first["connect_uri"].Should().Be(new Uri(system.Running.Authority.Url, "account/connect/brokerage").AbsoluteUri);
        second["error"].Should().Be("interaction_required");
        (Refreshes(system) - before).Should().Be(1, "it is not tried again");

        await alice.GoAsync(new Uri(first["connect_uri"]!), url => url.AbsolutePath == "/account");
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken)).Status.Should().Be(HttpStatusCode.OK, "the agent's token is good again without a new sign-in");
    }

    [Fact, Trait("Requirement", "TV-05")]
    public async Task A_token_that_the_broker_may_have_ended_is_not_handed_out_again()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var tokens = await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken)).Status.Should().Be(HttpStatusCode.OK);
        await DisconnectAtBrokerageAsync(system, alice);
        clock.Advance(TimeSpan.FromSeconds(30));

        (await TestAgent.ExchangeAsync(system, tokens.AccessToken))["error"].Should().Be("interaction_required");
    }

    [Fact, Trait("Requirement", "TX-02")]
    public async Task A_scope_that_the_person_did_not_grant_at_the_broker_is_named_with_the_way_to_grant_it()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var tokens = await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice, consent: ConsentAnswer.AtBrokerageWithout(system, "orders:read"));
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken, "portfolio:read")).Status.Should().Be(HttpStatusCode.OK);

        var answer = await TestAgent.ExchangeAsync(system, tokens.AccessToken, "orders:read");

        answer["error"].Should().Be("interaction_required");
        answer["missing_scope"].Should().Be("orders:read");
        QueryHelpers.ParseQuery(new Uri(answer["connect_uri"]!).Query)["scope"].ToString().Should().Be("orders:read");
        await alice.GoAsync(new Uri(answer["connect_uri"]!), url => url.AbsolutePath == "/account");
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken, "orders:read")).Status.Should().Be(HttpStatusCode.OK);
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken, "portfolio:read")).Status.Should().Be(HttpStatusCode.OK, "what was granted before stays");
    }

    [Fact, Trait("Requirement", "FD-04")]
    public async Task While_the_broker_is_away_stored_tokens_are_used_and_others_are_not_to_be_had()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var tokens = await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);
        var stored = await TestAgent.ExchangeAsync(system, tokens.AccessToken, "portfolio:read");
        await system.Running.Brokerage.StopAsync();

        (await TestAgent.ExchangeAsync(system, tokens.AccessToken, "portfolio:read"))["access_token"].Should().Be(stored["access_token"]);
        var other = await TestAgent.ExchangeAsync(system, tokens.AccessToken, "orders:read");
        other.Status.Should().Be(HttpStatusCode.ServiceUnavailable);
        other["error"].Should().Be("temporarily_unavailable");
        other.Response.Headers.RetryAfter.Should().NotBeNull();

        await system.Running.Brokerage.StartAsync();
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken, "orders:read")).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact, Trait("Requirement", "TV-01")]
    public async Task Two_peoples_rows_swapped_in_the_database_open_nothing()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var agent = await TestAgent.RegisterAsync(system);
        var alices = await agent.ConnectAsync(alice);
        await agent.ConnectAsync(bob);
        await using (var scope = system.Running.Authority.Services.CreateAsyncScope())
        {
            var database = scope.ServiceProvider.GetRequiredService<AuthorityDbContext>();
            var accounts = await database.Set<ConnectedAccount>().ToListAsync();
            (accounts[0].RefreshToken, accounts[1].RefreshToken) = (accounts[1].RefreshToken, accounts[0].RefreshToken);
            await database.SaveChangesAsync();
        }

        var answer = await TestAgent.ExchangeAsync(system, alices.AccessToken);

        answer.Status.Should().Be(HttpStatusCode.InternalServerError);
        answer["error"].Should().Be("server_error");
        system.Logs.Lines.Should().Contain(line => line.Level == Microsoft.Extensions.Logging.LogLevel.Critical && line.Text.Contains("The vault refused", StringComparison.Ordinal));
    }

    [Fact, Trait("Requirement", "TV-01"), Trait("Requirement", "TX-03")]
    public async Task The_database_holds_no_upstream_token_in_clear_and_each_person_has_a_key()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var agent = await TestAgent.RegisterAsync(system);
        var issued = new List<string>();
        foreach (var person in new[] { alice, bob }) issued.Add((await TestAgent.ExchangeAsync(system, (await agent.ConnectAsync(person)).AccessToken))["access_token"]!);
        await using var scope = system.Running.Authority.Services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<AuthorityDbContext>();

        (await database.Set<PersonKey>().ToListAsync()).Should().HaveCount(2).And.OnlyContain(key => key.WrappedKey.Length == 12 + 32 + 16);
        var stored = await database.Set<UpstreamAccessToken>().ToListAsync();
        stored.Should().HaveCount(2);
        foreach (var bytes in stored.Select(token => token.Token).Concat((await database.Set<ConnectedAccount>().ToListAsync()).Select(account => account.RefreshToken!)))
            System.Text.Encoding.Latin1.GetString(bytes).Should().NotContainAny(issued).And.NotContain("eyJ");
    }

    private static int Refreshes(StockMcpSystem system) => system.Brokerage.Requests.Count(request => request.Path == "/connect/token");

    private static async Task DisconnectAtBrokerageAsync(StockMcpSystem system, Person alice)
        => await alice.SubmitAsync(new Uri(system.Running.Brokerage.Url, "connected-apps"), "Disconnect");
}
