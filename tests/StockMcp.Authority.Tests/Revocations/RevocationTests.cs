using System.Threading.Channels;
using Microsoft.IdentityModel.JsonWebTokens;
using StackExchange.Redis;
using StockMcp.Hosting;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Revocations;

/// <summary>What the Servers are told when something ended.</summary>
public sealed class RevocationTests
{
    [Fact, Trait("Requirement", "TV-05"), Trait("Requirement", "RC-01")]
    public async Task Whatever_ends_is_published_by_a_name_that_says_nothing_with_a_new_epoch()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var subject = new JsonWebToken((await agent.ConnectAsync(alice)).AccessToken).Subject;
        await using var redis = await ConnectionMultiplexer.ConnectAsync(system.Running.Redis!.ConnectionString);
        var heard = Channel.CreateUnbounded<string>();
        await redis.GetSubscriber().SubscribeAsync(RedisChannel.Literal(RevokedLinks.Channel), (_, link) => heard.Writer.TryWrite(link!));
        var (issuer, page) = (system.Running.Authority.Url.AbsoluteUri, new Uri(system.Running.Authority.Url, "account"));

        await alice.SubmitAsync(page, "Sign out this agent");
        await HearAsync(RevokedLinks.Agent(issuer, subject, agent.ClientId));
        await alice.SubmitAsync(page, "Disconnect");
        await HearAsync(RevokedLinks.Connection(issuer, subject, "brokerage"));
        await alice.SubmitAsync(new Uri(page, "account/delete"), "Delete my data");
        await HearAsync(RevokedLinks.Person(issuer, subject));

        async Task HearAsync(string link)
        {
            (await heard.Reader.ReadAsync(TestContext.Current.CancellationToken)).Should().Be(link).And.NotContainAny(subject, agent.ClientId, "brokerage");
            ((string?)await redis.GetDatabase().StringGetAsync(RevokedLinks.EpochKey(link))).Should().HaveLength(16);
        }
    }

    [Fact, Trait("Requirement", "TV-05"), Trait("Requirement", "DC-05"), Trait("Requirement", "AS-11")]
    public async Task A_reused_refresh_token_and_a_deleted_registration_empty_the_servers_memory_too()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var registration = await TestAgent.RegisterRawAsync(system, TestAgent.Metadata());
        var agent = new TestAgent(system, registration["client_id"]!, null, TestAgent.Loopback);
        var tokens = await agent.ConnectAsync(alice);
        var link = RevokedLinks.Agent(system.Running.Authority.Url.AbsoluteUri, new JsonWebToken(tokens.AccessToken).Subject, agent.ClientId);
        await using var redis = await ConnectionMultiplexer.ConnectAsync(system.Running.Redis!.ConnectionString);
        var heard = Channel.CreateUnbounded<string>();
        await redis.GetSubscriber().SubscribeAsync(RedisChannel.Literal(RevokedLinks.Channel), (_, published) => heard.Writer.TryWrite(published!));

        await agent.RefreshAsync(tokens.RefreshToken!);
        clock.Advance(TimeSpan.FromSeconds(11));
        (await agent.RefreshAsync(tokens.RefreshToken!))["error"].Should().Be("invalid_grant");
        (await heard.Reader.ReadAsync(TestContext.Current.CancellationToken)).Should().Be(link);

        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Delete, registration["registration_client_uri"]) { Headers = { Authorization = new("Bearer", registration["registration_access_token"]) } };
        using var deleted = await http.SendAsync(request);
        deleted.IsSuccessStatusCode.Should().BeTrue();
        (await heard.Reader.ReadAsync(TestContext.Current.CancellationToken)).Should().Be(link);
    }

    [Fact, Trait("Requirement", "FD-01"), Trait("Requirement", "TV-05")]
    public async Task While_redis_is_away_nobody_waits_and_the_servers_hear_of_it_afterwards()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var subject = new JsonWebToken((await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice)).AccessToken).Subject;
        system.Running.Redis!.Stop();

        await alice.SubmitAsync(new Uri(system.Running.Authority.Url, "account"), "Disconnect");

        system.Running.Redis.Start();
        await using var redis = await ConnectionMultiplexer.ConnectAsync(system.Running.Redis.ConnectionString);
        var key = RevokedLinks.EpochKey(RevokedLinks.Connection(system.Running.Authority.Url.AbsoluteUri, subject, "brokerage"));
        while (!await redis.GetDatabase().KeyExistsAsync(key)) await Task.Delay(20, TestContext.Current.CancellationToken);
    }
}
