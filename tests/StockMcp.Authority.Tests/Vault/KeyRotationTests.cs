using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using StockMcp.Authority.Database;
using StockMcp.Authority.Vault;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Vault;

/// <summary>The commands that replace the vault's keys, run beside an Authority that goes on.</summary>
public sealed class KeyRotationTests
{
    [Fact, Trait("Requirement", "KM-03")]
    public async Task A_new_master_key_wraps_everybodys_keys_while_tokens_are_given_and_the_old_one_is_refused_afterwards()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var agent = await TestAgent.RegisterAsync(system);
        var (alices, bobs) = (await agent.ConnectAsync(alice), await agent.ConnectAsync(bob));
        var before = await KeysAsync(system);
        var rotation = RunAsync(system, "rotate-master-key");
        while (!rotation.IsCompleted)
            foreach (var token in new[] { alices, bobs }) await ExchangeAsync(system, token);

        (await rotation).Should().Be(0);

        (await KeysAsync(system)).Should().HaveCount(2).And.OnlyContain(key => key.MasterKeyVersion == 2 && key.Version == 1);
        (await TestAgent.ExchangeAsync(system, alices.AccessToken, "orders:read")).Status.Should().Be(HttpStatusCode.OK, "her refresh token opens");
        await ChangeAsync(system, async database =>
        {
            var mine = before.Single(key => key.PersonId.ToString() == new JsonWebToken(alices.AccessToken).Subject);
            await database.Set<PersonKey>().Where(key => key.PersonId == mine.PersonId).ExecuteUpdateAsync(set => set.SetProperty(key => key.WrappedKey, mine.WrappedKey).SetProperty(key => key.MasterKeyVersion, 1));
        });
        (await TestAgent.ExchangeAsync(system, alices.AccessToken))["error"].Should().Be("server_error", "somebody put an old row back");
        system.Logs.ToString().Should().Contain("is not honoured any more");
        (await TestAgent.ExchangeAsync(system, bobs.AccessToken)).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact, Trait("Requirement", "KM-03"), Trait("Requirement", "TV-01")]
    public async Task A_key_that_does_not_open_is_named_and_keeps_its_master_key()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var agent = await TestAgent.RegisterAsync(system);
        var alices = await agent.ConnectAsync(alice);
        await agent.ConnectAsync(bob);
        await ChangeAsync(system, async database =>
        {
            var keys = await database.Set<PersonKey>().ToListAsync();
            keys.Single(key => key.PersonId.ToString() != new JsonWebToken(alices.AccessToken).Subject).WrappedKey[20] ^= 1;
            database.ChangeTracker.DetectChanges();
            foreach (var key in keys) database.Entry(key).Property(changed => changed.WrappedKey).IsModified = true;
            await database.SaveChangesAsync();
        });

        (await RunAsync(system, "rotate-master-key")).Should().Be(1);

        (await KeysAsync(system)).Select(key => key.MasterKeyVersion).Should().BeEquivalentTo([1, 2]);
        (await TestAgent.ExchangeAsync(system, alices.AccessToken)).Status.Should().Be(HttpStatusCode.OK);
        File.Exists(Path.Combine(system.DataDirectory, "authority", "vault-keys", "minimum")).Should().BeFalse("the old master key is still needed");
    }

    [Fact, Trait("Requirement", "KM-03")]
    public async Task New_person_keys_seal_everything_anew_and_the_old_ones_are_destroyed()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var agent = await TestAgent.RegisterAsync(system);
        var (alices, bobs) = (await agent.ConnectAsync(alice), await agent.ConnectAsync(bob));
        var given = await TestAgent.ExchangeAsync(system, alices.AccessToken);
        var subject = new JsonWebToken(alices.AccessToken).Subject;

        (await RunAsync(system, "rotate-person-keys", "--person", subject)).Should().Be(0);
        (await KeysAsync(system)).Select(key => (key.PersonId.ToString() == subject, key.Version)).Should().BeEquivalentTo([(true, 2), (false, 1)]);
        var all = RunAsync(system, "rotate-person-keys");
        while (!all.IsCompleted)
            foreach (var token in new[] { alices, bobs }) await ExchangeAsync(system, token);
        (await all).Should().Be(0);

        (await KeysAsync(system)).Select(key => key.Version).Should().BeEquivalentTo([3, 2]);
        (await TestAgent.ExchangeAsync(system, alices.AccessToken))["access_token"].Should().Be(given["access_token"], "the stored access token opens, too");
        foreach (var token in new[] { alices, bobs }) (await TestAgent.ExchangeAsync(system, token.AccessToken, "orders:read")).Status.Should().Be(HttpStatusCode.OK, "the refresh tokens open");
    }

    [Theory]
    [InlineData("vault")]
    [InlineData("vault", "rotate")]
    [InlineData("vault", "rotate-person-keys", "--person", "alice")]
    public async Task A_command_that_is_not_understood_changes_nothing(params string[] args)
    {
        var data = Directory.CreateTempSubdirectory("stockmcp-");
        (await Program.Main([.. args, "--DataDirectory", data.FullName])).Should().Be(1);
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Exists(Path.Combine(data.FullName, "vault-keys", "2.key")).Should().BeFalse();
        data.Delete(recursive: true);
    }

    private static async Task ExchangeAsync(StockMcpSystem system, TokenSet tokens)
    {
        var answer = await TestAgent.ExchangeAsync(system, tokens.AccessToken);
        answer.Status.Should().Be(HttpStatusCode.OK, "nobody notices, but: {0} {1}", answer, system.Logs.Lines.LastOrDefault(line => line.Level >= Microsoft.Extensions.Logging.LogLevel.Warning));
    }

    private static Task<int> RunAsync(StockMcpSystem system, params string[] command)
        => Task.Run(() => Program.Main(["vault", .. command, .. system.AuthorityDataArguments, "--PublicUrl", system.Running.Authority.Url.GetLeftPart(UriPartial.Authority)]));

    private static async Task<List<PersonKey>> KeysAsync(StockMcpSystem system)
    {
        await using var scope = system.Running.Authority.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<PersonKey>().AsNoTracking().ToListAsync();
    }

    private static async Task ChangeAsync(StockMcpSystem system, Func<AuthorityDbContext, Task> change)
    {
        await using var scope = system.Running.Authority.Services.CreateAsyncScope();
        await change(scope.ServiceProvider.GetRequiredService<AuthorityDbContext>());
    }
}
