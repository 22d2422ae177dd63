using System.Text;
using StackExchange.Redis;
using StockMcp.ResourceServer.UpstreamTokens;
using StockMcp.Server.Tests.Fixture;
using StockMcp.Tools.Connections;

namespace StockMcp.Server.Tests.UpstreamTokens;

public sealed class SecrecyTests
{
    [Fact, Trait("Requirement", "LG-01"), Trait("Requirement", "RS-04")]
    public async Task No_token_is_in_a_log_an_answer_or_redis_and_the_agents_never_goes_upstream()
    {
        await using var system = await TestSystem.StartAsync(redis: true);
        var seen = new StringBuilder();
        var agents = new List<string>();
        foreach (var subject in new[] { "alice", "bob" })
        {
            agents.Add(system.Token(subject));
            foreach (var tool in new[] { "whoami", "get_account", "get_portfolio", "list_orders" })
            {
                using var response = await system.Server.CallRawAsync(agents[^1], tool);
                seen.Append(response.Headers).Append(await response.Content.ReadAsStringAsync());
            }
        }
        agents.Add(system.Token(scope: ""));
        using (var refused = await system.Server.CallRawAsync(agents[^1], "get_account")) seen.Append(refused.Headers).Append(await refused.Content.ReadAsStringAsync());
        agents.Add(system.Token() + "x");
        using (var bad = await system.Server.CallRawAsync(agents[^1], "get_account")) seen.Append(bad.Headers).Append(await bad.Content.ReadAsStringAsync());
        await system.Brokerage!.StopAsync();
        await system.Server.CallAsync(agents[0], "get_account");
        foreach (var line in system.Log.All) seen.AppendLine(line);

        await using var redis = await ConnectionMultiplexer.ConnectAsync(system.Redis!.ConnectionString + ",allowAdmin=true");
        var database = redis.GetDatabase();
        var keys = ((RedisResult[])(await database.ExecuteAsync("KEYS", "*"))!).Select(key => (string)key!).ToList();
        keys.Should().NotBeEmpty();
        foreach (var key in keys) seen.Append(key).Append(Encoding.Latin1.GetString((byte[])(await database.StringGetAsync(key))!));

        foreach (var secret in system.Authority.Given.Concat(agents).Append(TestAuthority.ClientSecret))
        {
            // A signature is as good as the whole; a JWT's header is no secret.
            var part = secret.Split('.')[^1];
            foreach (var form in new[] { part, Convert.ToBase64String(Encoding.UTF8.GetBytes(part)), Uri.EscapeDataString(part), Convert.ToHexString(Encoding.UTF8.GetBytes(part)) })
                seen.ToString().Should().NotContain(form);
        }
        system.UpstreamCalls.Should().NotBeEmpty().And.OnlyContain(call => !agents.Any(agent => call.Authorization.Contains(agent)));
        keys.Should().NotContain(key => key.Contains("alice") || key.Contains("an-agent"));
    }

    [Fact, Trait("Requirement", "KM-03")]
    public void An_entry_is_opened_under_its_own_name_and_key_alone()
    {
        using var seal = new TokenSeal([.. Enumerable.Repeat((byte)1, 32)]);
        using var other = new TokenSeal([.. Enumerable.Repeat((byte)2, 32)]);
        var (alice, bob) = (seal.NameOf(new TokenKey("i", "alice", "c", "brokerage", "s")), seal.NameOf(new TokenKey("i", "bob", "c", "brokerage", "s")));
        var token = new UpstreamAccessToken("a-secret", DateTimeOffset.UnixEpoch);
        var entry = seal.Seal(alice, token);

        seal.Open(alice, entry)!.Value.Should().Be("a-secret");
        seal.Open(bob, entry).Should().BeNull("two entries that were swapped stay closed");
        other.Open(alice, entry).Should().BeNull();
        other.NameOf(new TokenKey("i", "alice", "c", "brokerage", "s")).Should().NotBe(alice);
        for (var i = 0; i < entry.Length; i++)
        {
            var changed = entry.ToArray();
            changed[i] ^= 1;
            seal.Open(alice, changed).Should().BeNull();
        }
        seal.Open(alice, entry.AsSpan(0, 10)).Should().BeNull();
        seal.Seal(alice, token).Should().NotEqual(entry, "each has a nonce of its own");
        token.ToString().Should().NotContain("a-secret");
    }

    [Fact, Trait("Requirement", "RS-15")]
    public void No_two_keys_have_the_same_name()
    {
        using var seal = new TokenSeal(new byte[32]);
        seal.NameOf(new TokenKey("i", "al", "ice", "b", "s")).Should().NotBe(seal.NameOf(new TokenKey("i", "alice", "", "b", "s")));
        seal.NameOf(new TokenKey("i", "a", "c", "b s", "")).Should().NotBe(seal.NameOf(new TokenKey("i", "a", "c", "b", "s")));
    }
}
