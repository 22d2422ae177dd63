using System.Text;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using StockMcp.Hosting;
using StockMcp.ResourceServer.UpstreamTokens;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.UpstreamTokens;

/// <summary>What the Authority publishes when something ended, and what every copy of the Server does about it.</summary>
public sealed class RevocationTests
{
    [Theory, Trait("Requirement", "TV-05"), Trait("Requirement", "RC-01"), Trait("Requirement", "RC-03")]
    [InlineData("connection")]
    [InlineData("agent")]
    [InlineData("person")]
    public async Task A_revoked_link_makes_its_tokens_void_on_every_copy_and_no_others(string what)
    {
        await using var system = await TestSystem.StartAsync(redis: true, copies: 2);
        var (alice, bob) = (system.Token("alice"), system.Token("bob"));
        foreach (var copy in new[] { system[0], system[1] })
        {
            await copy.CallAsync(alice, "get_account");
            await copy.CallAsync(bob, "get_account");
        }
        ExchangesOf(system, alice).Should().Be(1, "the copies share it");
        await using var redis = await ConnectionMultiplexer.ConnectAsync(system.Redis!.ConnectionString);
        system.Authority.Fault = form => form["subject_token"] == alice && form["audience"] == "brokerage" ? TestAuthority.Error("invalid_grant") : null;

        var issuer = system.Authority.Issuer;
        await RevokeAsync(redis, what switch { "connection" => RevokedLinks.Connection(issuer, "alice", "brokerage"), "agent" => RevokedLinks.Agent(issuer, "alice", "an-agent"), _ => RevokedLinks.Person(issuer, "alice") });

        foreach (var copy in new[] { system[0], system[1] })
        {
            await Eventually.IsTrueAsync(async () => (await copy.CallAsync(alice, "get_account")).IsError);
            (await copy.CallAsync(bob, "get_account")).IsError.Should().BeFalse();
        }
        ExchangesOf(system, bob).Should().Be(1, "his was not touched");
    }

    [Fact, Trait("Requirement", "RC-03"), Trait("Requirement", "TV-05")]
    public async Task An_entry_of_an_earlier_epoch_is_not_used_by_a_copy_that_heard_nothing()
    {
        await using var system = await TestSystem.StartAsync(redis: true);
        var alice = system.Token("alice");
        await system.Server.CallAsync(alice, "get_account");
        await using var redis = await ConnectionMultiplexer.ConnectAsync(system.Redis!.ConnectionString);
        // The epoch alone, as if the message had been lost.
        await redis.GetDatabase().StringSetAsync(RevokedLinks.EpochKey(RevokedLinks.Person(system.Authority.Issuer, "alice")), "another");

        var late = await system.AddCopyAsync();
        await late.CallAsync(alice, "get_account");

        ExchangesOf(system, alice).Should().Be(2);
        await (await system.AddCopyAsync()).CallAsync(alice, "get_account");
        ExchangesOf(system, alice).Should().Be(2, "the new entry is of the new epoch");
    }

    [Fact, Trait("Requirement", "TV-05")]
    public async Task A_token_that_is_given_while_its_link_is_revoked_is_neither_used_nor_remembered()
    {
        await using var system = await TestSystem.StartAsync(redis: true);
        var gate = new TaskCompletionSource();
        system.Authority.Gate = gate.Task;
        var alice = system.Token("alice");
        var call = system.Server.CallAsync(alice, "get_account");
        await Eventually.IsTrueAsync(() => ExchangesOf(system, alice) == 1);
        await using var redis = await ConnectionMultiplexer.ConnectAsync(system.Redis!.ConnectionString);
        // Heard in the middle of the second exchange, it would make that one void, too.
        var shared = system.Server.Services.GetRequiredService<SharedTokens>();
        var (forget, heard) = (shared.OnRevoked!, new TaskCompletionSource());
        shared.OnRevoked = link =>
        {
            forget(link);
            heard.TrySetResult();
        };
        await RevokeAsync(redis, RevokedLinks.Connection(system.Authority.Issuer, "alice", "brokerage"));
        await heard.Task;

        gate.SetResult();

        (await call).IsError.Should().BeFalse();
        ExchangesOf(system, alice).Should().Be(2, "what the first exchange gave is not good any more");
    }

    [Fact, Trait("Requirement", "RC-02"), Trait("Requirement", "FD-01"), Trait("Requirement", "TV-05")]
    public async Task A_copy_that_could_not_listen_trusts_nothing_that_it_remembered()
    {
        await using var system = await TestSystem.StartAsync(redis: true);
        var alice = system.Token("alice");
        await system.Server.CallAsync(alice, "get_account");
        system.Redis!.Stop();
        await system.Server.CallAsync(alice, "get_account");
        ExchangesOf(system, alice).Should().Be(1, "without Redis, what is remembered is good until it expires");

        system.Redis.Run();

        await Eventually.IsTrueAsync(async () => { await system.Server.CallAsync(alice, "get_account"); return ExchangesOf(system, alice) == 2; });
        await using var redis = await ConnectionMultiplexer.ConnectAsync(system.Redis.ConnectionString);
        var before = ExchangesOf(system, alice);
        await Eventually.IsTrueAsync(async () =>
        {
            await RevokeAsync(redis, RevokedLinks.Person(system.Authority.Issuer, "alice"));
            await system.Server.CallAsync(alice, "get_account");
            return ExchangesOf(system, alice) > before;
        });
    }

    [Fact, Trait("Requirement", "RC-01"), Trait("Requirement", "RC-03")]
    public async Task A_value_that_was_changed_or_moved_between_keys_is_refused_and_reported()
    {
        await using var system = await TestSystem.StartAsync(redis: true);
        var (alice, bob) = (system.Token("alice"), system.Token("bob"));
        await system.Server.CallAsync(alice, "get_account");
        await using var redis = await ConnectionMultiplexer.ConnectAsync(system.Redis!.ConnectionString + ",allowAdmin=true");
        var database = redis.GetDatabase();
        var alices = (await KeysAsync(database)).Single();
        await system.Server.CallAsync(bob, "get_account");
        var bobs = (await KeysAsync(database)).Single(key => key != alices);
        byte[] value = (await database.StringGetAsync(alices))!;
        await database.StringSetAsync(bobs, value);
        value[^1] ^= 1;
        await database.StringSetAsync(alices, value);

        var other = await system.AddCopyAsync();
        foreach (var token in new[] { alice, bob }) (await other.CallAsync(token, "get_account")).IsError.Should().BeFalse();

        (ExchangesOf(system, alice), ExchangesOf(system, bob)).Should().Be((2, 2));
        system.Log.All.Count(line => line.Contains("A token in Redis does not open", StringComparison.Ordinal)).Should().BeGreaterThanOrEqualTo(2);
        Encoding.UTF8.GetString(value).Should().NotContain("eyJ");
    }

    private static async Task RevokeAsync(ConnectionMultiplexer redis, string link)
    {
        await redis.GetDatabase().StringSetAsync(RevokedLinks.EpochKey(link), Guid.CreateVersion7().ToString(), RevokedLinks.EpochLifetime);
        await redis.GetSubscriber().PublishAsync(RedisChannel.Literal(RevokedLinks.Channel), link);
    }

    private static async Task<IReadOnlyList<string>> KeysAsync(IDatabase database) => [.. ((RedisResult[])(await database.ExecuteAsync("KEYS", "stockmcp:token:*"))!).Select(key => (string)key!).Where(key => !key.EndsWith(":lock", StringComparison.Ordinal))];

    private static int ExchangesOf(TestSystem system, string token) => system.Authority.Exchanges.Count(exchange => exchange["audience"] == "brokerage" && exchange["subject_token"] == token);
}
