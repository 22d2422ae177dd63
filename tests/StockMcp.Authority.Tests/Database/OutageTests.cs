using System.Net;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using StockMcp.Authority.Consent;
using StockMcp.Authority.Database;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Database;

/// <summary>While the database is locked or gone nothing goes out; afterwards everything goes on.</summary>
public sealed class OutageTests
{
    [Fact, Trait("Requirement", "FD-02")]
    public async Task A_locked_sqlite_file_is_503_and_nothing_is_half_done()
    {
        var folder = Directory.CreateTempSubdirectory("stockmcp-").FullName;
        var file = Path.Combine(folder, "locked.db");
        try
        {
            await using var system = await StockMcpSystem.StartAsync(options => options with { AuthoritySettings = new Dictionary<string, string?> { ["ConnectionStrings:authority"] = $"Data Source={file};Default Timeout=1" } });
            await ShouldRefuseAsync(system, async () =>
            {
                var connection = new SqliteConnection($"Data Source={file};Pooling=False");
                await connection.OpenAsync();
                var transaction = connection.BeginTransaction(); // takes the write lock
                return async () =>
                {
                    await transaction.DisposeAsync();
                    await connection.DisposeAsync();
                };
            });
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact, Requires(Tool.PostgreSql), Trait("Requirement", "FD-02")]
    public async Task A_postgresql_that_is_gone_is_503_and_nothing_is_half_done()
    {
        await using var server = await PostgreSql.StartAsync();
        await using var system = await StockMcpSystem.StartAsync(options => options with { AuthoritySettings = new Dictionary<string, string?> { ["ConnectionStrings:authority"] = server.NewDatabase("authority") } });
        await ShouldRefuseAsync(system, async () =>
        {
            await server.StopAsync();
            return server.RunAsync;
        });
    }

    private static async Task ShouldRefuseAsync(StockMcpSystem system, Func<Task<Func<Task>>> breakIt)
    {
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var tokens = await agent.ConnectAsync(alice);
        var other = await TestAgent.RegisterAsync(system);
        var flow = other.Flow();
        using var consent = await alice.FillInUntilAsync(flow.AuthorizationUrl, page => page.Contains("name=\"decision\"", StringComparison.Ordinal));
        var mend = await breakIt();

        foreach (var answer in await Task.WhenAll(agent.RefreshAsync(tokens.RefreshToken!), TestAgent.ExchangeAsync(system, tokens.AccessToken), TestAgent.RegisterRawAsync(system, TestAgent.Metadata())))
        {
            answer.Status.Should().Be(HttpStatusCode.ServiceUnavailable, answer.ToString());
            answer.Response.Headers.RetryAfter.Should().NotBeNull();
            answer["error"].Should().Be("temporarily_unavailable");
        }
        using (var answer = await alice.SendAsync(consent))
        {
            answer.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
            answer.Headers.RetryAfter.Should().NotBeNull();
            answer.Headers.Location.Should().BeNull();
        }

        await mend();
        await using (var scope = system.Running.Authority.Services.CreateAsyncScope())
            (await scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<AgentConsent>().CountAsync()).Should().Be(1, "only the first agent was allowed");
        (await agent.RefreshAsync(tokens.RefreshToken!)).Status.Should().Be(HttpStatusCode.OK, "the refresh token was not used up");
        (await other.ConnectAsync(alice)).RefreshToken.Should().NotBeNull();
    }
}
