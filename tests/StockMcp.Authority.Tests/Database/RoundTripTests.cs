using Microsoft.Extensions.DependencyInjection;
using StockMcp.Authority.Database;
using StockMcp.Authority.Tests.Approvals;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Database;

/// <summary>Each statement is a wait for the database, and what an answer costs is mostly that.</summary>
public sealed class RoundTripTests
{
    [Fact]
    public async Task What_every_call_of_an_agent_may_need_asks_the_database_a_few_times_only()
    {
        var statements = new Statements();
        await using var system = await StockMcpSystem.StartAsync(options => options with
        {
            AuthoritySettings = new Dictionary<string, string?> { ["ConnectionStrings:authority"] = $"Data Source={Path.Combine(Directory.CreateTempSubdirectory("stockmcp-").FullName, "authority.db")}" },
            Configure = (application, builder) =>
            {
                if (application == "Authority") builder.Services.ConfigureDbContext<AuthorityDbContext>(database => database.AddInterceptors(statements));
            },
        });
        using var alice = Person.Alice(system);
        var agent = await AskingAgent.ConnectAsync(system, alice);
        var warm = await agent.Agent.RefreshAsync(agent.Tokens.RefreshToken!);
        await TestAgent.ExchangeAsync(system, agent.Tokens.AccessToken, "orders:read");

        statements.Clear();
        (await TestAgent.ExchangeAsync(system, agent.Tokens.AccessToken, "orders:read orders:write")).Status.Should().Be(System.Net.HttpStatusCode.OK);
        var exchange = statements.All.Where(statement => statement.OfRequest).ToList();
        statements.Clear();
        (await agent.Agent.RefreshAsync(warm["refresh_token"]!)).Status.Should().Be(System.Net.HttpStatusCode.OK);
        var refresh = statements.All.Where(statement => statement.OfRequest).ToList();

        // Their client and their token, which OpenIddict looks up; two for the entry of the audit log. Two of the writes are one wait each on PostgreSQL, and two here.
        exchange.Should().HaveCountGreaterThan(5).And.HaveCountLessThanOrEqualTo(10, "the others are the account, its lease, the account under the lease, the person's keys, and what is kept (two)");
        refresh.Should().HaveCountGreaterThan(5).And.HaveCountLessThanOrEqualTo(10, "the others are the person, when the agent was last used, the new tokens (two), the old one's use, and the answer to be given again");
    }
}
