using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using StockMcp.Authority.Database;
using StockMcp.Authority.Registration;
using StockMcp.Authority.Tests.Approvals;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Database;

public sealed class IndexTests
{
    // What grows with clients, people, approvals and time.
    private static readonly string[] s_large = ["AgentConsent", "Approvals", "AuditEntries", "AuditCheckpoints", "ConnectedAccount", "Mandates", "OpenIddictApplications", "OpenIddictAuthorizations", "OpenIddictTokens", "\"Person\"", "PersonKey", "RefreshAnswer", "SelfRegistration", "\"Session\"", "UpstreamAccessToken"];

    [Fact]
    public async Task Nothing_that_people_and_agents_do_looks_at_all_rows_of_what_grows()
    {
        var statements = new Statements();
        var file = Path.Combine(Directory.CreateTempSubdirectory("stockmcp-").FullName, "authority.db");
        await using var system = await StockMcpSystem.StartAsync(options => options with
        {
            AuthoritySettings = new Dictionary<string, string?> { ["ConnectionStrings:authority"] = $"Data Source={file}" },
            Configure = (application, builder) =>
            {
                if (application == "Authority") builder.Services.ConfigureDbContext<AuthorityDbContext>(database => database.AddInterceptors(statements));
            },
        });
        using var alice = Person.Alice(system);
        statements.Clear(); // how it starts is its own affair

        var agent = await AskingAgent.ConnectAsync(system, alice);
        (await TestAgent.ExchangeAsync(system, agent.Tokens.AccessToken, "orders:read")).Status.Should().Be(System.Net.HttpStatusCode.OK);
        var fresh = await agent.Agent.RefreshAsync(agent.Tokens.RefreshToken!);
        var approval = await agent.AskAsync();
        await agent.PollAsync(approval);
        using (var tap = await alice.FillInUntilAsync(approval.Page, page => page.Contains(">Approve<", StringComparison.Ordinal))) (await alice.SendAsync(tap)).Dispose();
        await agent.PollAsync(approval);
        await alice.ReadAsync(new Uri(system.Running.Authority.Url, "account"));
        await alice.ReadAsync(new Uri(system.Running.Authority.Url, "approvals"));
        await alice.SubmitAsync(new Uri(system.Running.Authority.Url, "account"), "Sign out this agent");
        (await agent.Agent.RefreshAsync(fresh["refresh_token"]!))["error"].Should().Be("invalid_grant");
        // What the application deletes once an hour may look at all rows; what ends a client may not.
        using (new Activity("end a client").Start())
        await using (var scope = system.Running.Authority.Services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<RegisteredClients>().DeleteExpiredAsync(default);
            await scope.ServiceProvider.GetRequiredService<RegisteredClients>().DeleteAsync(agent.Agent.ClientId, default);
        }

        var scans = await ScansAsync(file, statements.All.Where(statement => statement.OfRequest));
        statements.All.Should().NotBeEmpty();
        scans.Should().BeEmpty("each has an index for it");
    }

    private static async Task<List<string>> ScansAsync(string file, IEnumerable<Statement> statements)
    {
        var scans = new List<string>();
        await using var connection = new SqliteConnection($"Data Source={file};Mode=ReadOnly");
        await connection.OpenAsync();
        foreach (var statement in statements.DistinctBy(statement => statement.Sql))
        {
            // How many clients there are is counted once a minute.
            if (!s_large.Any(table => statement.Sql.Contains(table, StringComparison.Ordinal)) || statement.Sql.Contains("SELECT COUNT(*)\nFROM \"SelfRegistration\"", StringComparison.Ordinal)) continue;
            foreach (var one in statement.Sql.Split(";\n", StringSplitOptions.RemoveEmptyEntries).Where(one => one.Contains(' ', StringComparison.Ordinal)))
            {
                await using var explain = connection.CreateCommand();
                explain.CommandText = "EXPLAIN QUERY PLAN " + one;
                foreach (var (name, value) in statement.Parameters) explain.Parameters.AddWithValue(name, value);
                await using var plan = await explain.ExecuteReaderAsync();
                while (await plan.ReadAsync())
                {
                    if (plan.GetString(3) is var step && step.StartsWith("SCAN ", StringComparison.Ordinal) && step != "SCAN CONSTANT ROW") scans.Add($"{step}: {one}");
                }
            }
        }
        return scans;
    }
}
