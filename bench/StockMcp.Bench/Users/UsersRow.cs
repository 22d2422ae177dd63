using StockMcp.Bench.Seeding;
using StockMcp.Bench.ToolCalls;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Bench.Users;

/// <summary>
/// Many people, each with one cold call: nothing of them is remembered anywhere, so that each costs the Authority one exchange with a refresh at the provider. First the exchanges alone, then as many
/// calls of a tool through the Server.
/// </summary>
internal static class UsersRow
{
    private const int Rounds = 5;
    private const int AtOnce = 32;

    public static async Task RunAsync(Report report, int users)
    {
        await using var issuer = await Issuer.StartAsync();
        await using var postgreSql = await PostgreSql.StartAsync(durable: true);
        await using var processes = await SeparateProcesses.StartInAsync(Environments.Staging, options => Upstream.At(issuer, options.On(postgreSql)), "Server", "Authority");
        await using var population = Population.Of(processes);
        using var alice = Person.Alice(processes.System);
        var real = (await AgentCalls.SignInAsync(processes.System, alice, "portfolio:read")).Tokens.AccessToken;
        using var server = new ServerClient(processes);
        using var http = AgentCalls.NewHttp();
        int[] watched = [processes.ProcessIdOf("Authority"), postgreSql.ProcessId, processes.ProcessIdOf("Server")];

        // The first people make the code compile.
        var round = users / Rounds;
        var tokens = await population.AddPeopleAsync(users + round + 1000, Upstream.Connection, real);
        await Load.RunAsync([.. tokens.Take(500)], AtOnce, watched, server.ExchangeAsync);
        await Load.RunAsync([.. tokens.Skip(500).Take(500)], AtOnce, watched, CallAsync);

        var rounds = new List<Load>();
        foreach (var people in tokens.Skip(1000).Take(users).Chunk(round)) rounds.Add(await Load.RunAsync(people, AtOnce, watched, server.ExchangeAsync));
        var through = await Load.RunAsync([.. tokens.Skip(1000 + users)], AtOnce, watched, CallAsync);

        report.Add("users", $"exchanges a second of the Authority, {users} people, {AtOnce} at once", new Measured([.. rounds.Select(load => load.PerSecond)]));
        report.Add("users", "an exchange, p50 in ms", new Measured([.. rounds.Select(load => Measured.Quantile(load.Times, 0.5))]));
        report.Add("users", "an exchange, p99 in ms", new Measured([.. rounds.Select(load => Measured.Quantile(load.Times, 0.99))]));
        report.Add("users", "cores of Authority, PostgreSQL and driver with provider", string.Join(", ", new[] { 0, 1, 3 }.Select(process => new Measured([.. rounds.Select(load => load.Cores[process])]).Median.ToString("0.00", System.Globalization.CultureInfo.InvariantCulture))));
        report.Add("users", "exchanges for each second of a core, Authority and PostgreSQL together", new Measured([.. rounds.Select(load => load.PerSecond / (load.Cores[0] + load.Cores[1]))]));
        report.Add("users", $"cold calls of get_account through the Server a second, {round} people", through.PerSecond);

        async Task CallAsync(string token)
        {
            using var agent = new AgentCalls(processes.System.McpUrl, token, http);
            var answer = await agent.CallAsync("get_account");
            if (answer["isError"]?.GetValue<bool>() == true) throw new InvalidOperationException($"{answer.ToJsonString()}\n{string.Concat(processes.OutputOf("Server").Split("fail:").Skip(1).Take(1))}");
        }
    }
}
