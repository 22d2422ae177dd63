using StockMcp.Bench.Seeding;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Bench.Refreshes;

/// <summary>
/// Refreshes with rotation at the Authority's token endpoint, on PostgreSQL: each of some agents refreshes with what its last refresh gave. Beside what Keycloak publishes: 120 refreshes a second for
/// each vCPU of Keycloak's, and 0.35 to 0.7 vCPU of the database's for each 100 (keycloak.org/high-availability/single-cluster/concepts-memory-and-cpu-sizing).
/// </summary>
internal static class RefreshRow
{
    private const int Agents = 16;
    private const int Rounds = 5;
    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(6);

    public static async Task RunAsync(Report report)
    {
        await using var postgreSql = await PostgreSql.StartAsync(durable: true);
        await using var processes = await SeparateProcesses.StartInAsync(Environments.Staging, options => options.On(postgreSql), "Authority");
        using var alice = Person.Alice(processes.System);
        var agents = new List<Agent>();
        for (var number = 0; number < Agents; number++)
        {
            var (flow, tokens) = await AgentCalls.SignInAsync(processes.System, alice, "portfolio:read orders:read");
            agents.Add(new Agent(flow) { RefreshToken = tokens.RefreshToken! });
        }
        var rounds = new List<Load>();
        for (var round = -1; round < Rounds; round++)
        {
            // Each agent waits for its own answer before it asks again.
            var (count, until) = (0, TimeProvider.System.GetUtcNow() + s_round);
            var load = await Load.RunAsync(agents, Agents, [processes.ProcessIdOf("Authority"), postgreSql.ProcessId], async agent =>
            {
                for (; TimeProvider.System.GetUtcNow() < until; Interlocked.Increment(ref count)) agent.RefreshToken = (await agent.Flow.RefreshAsync(agent.RefreshToken)).RefreshToken!;
            });
            if (round >= 0) rounds.Add(load with { PerSecond = load.PerSecond * count / Agents });
        }
        report.Add("refresh", $"refreshes a second, {Agents} agents at once", Each(load => load.PerSecond));
        report.Add("refresh", "cores of the Authority", Each(load => load.Cores[0]));
        report.Add("refresh", "cores of PostgreSQL", Each(load => load.Cores[1]));
        report.Add("refresh", "cores of the driver", Each(load => load.Cores[2]));
        report.Add("refresh", "a second for each core of the Authority's (Keycloak: 120)", Each(load => load.PerSecond / load.Cores[0]));
        report.Add("refresh", "a second for each core, PostgreSQL's with them (Keycloak: 65 to 85)", Each(load => load.PerSecond / (load.Cores[0] + load.Cores[1])));

        Measured Each(Func<Load, double> figure) => new([.. rounds.Select(figure)]);
    }

    private sealed class Agent(CodeFlow flow)
    {
        public CodeFlow Flow => flow;

        public required string RefreshToken { get; set; }
    }
}
