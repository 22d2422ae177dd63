using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.Vault;
using StockMcp.Bench.Seeding;
using StockMcp.Bench.ToolCalls;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Bench.Growth;

/// <summary>An Authority in a process of its own, Alice with an agent, a few connected people, and the requests that are timed: each gives its milliseconds.</summary>
internal sealed class GrowingSystem : IAsyncDisposable
{
    /// <summary>How many people take turns.</summary>
    public const int People = 40;

    private readonly SeparateProcesses processes;
    private readonly Person person;
    private readonly CodeFlow flow;
    private readonly ServerClient server;
    private readonly HttpClient http = new();
    private readonly IReadOnlyList<string> tokens;
    private string refreshToken;
    private int number;

    private GrowingSystem(SeparateProcesses processes, Population population, Person person, CodeFlow flow, TokenSet own, IReadOnlyList<string> tokens)
    {
        (this.processes, Population, this.person, this.flow, this.tokens, refreshToken) = (processes, population, person, flow, tokens, own.RefreshToken!);
        server = new ServerClient(processes);
        var token = new JsonWebToken(own.AccessToken);
        (Alice, ClientId) = (Guid.Parse(token.Subject), token.GetClaim("client_id").Value);
    }

    public Population Population { get; }

    /// <summary>Alice's id.</summary>
    public Guid Alice { get; }

    /// <summary>Her agent's.</summary>
    public string ClientId { get; }

    private Uri Authority => processes.System.Running.Authority.Url;

    public static async Task<GrowingSystem> StartAsync(Issuer issuer, PostgreSql postgreSql)
    {
        var processes = await SeparateProcesses.StartInAsync(Environments.Staging, options => Upstream.At(issuer, options.On(postgreSql)), "Authority");
        var (population, alice) = (Population.Of(processes), Person.Alice(processes.System));
        var (flow, own) = await AgentCalls.SignInAsync(processes.System, alice, "portfolio:read orders:read orders:write");
        return new GrowingSystem(processes, population, alice, flow, own, await population.AddPeopleAsync(People, Upstream.Connection, own.AccessToken));
    }

    /// <summary>What a database does by itself after some time: looks how much there is.</summary>
    public Task AnalyzeAsync() => Population.WithAsync((database, _) => database.Database.ExecuteSqlRawAsync("VACUUM ANALYZE"));

    public Task<double> RegisterAsync() => Load.TimeAsync(async () =>
    {
        using var response = await http.PostAsJsonAsync(new Uri(Authority, "connect/register"), new { client_name = $"Client {number++}", redirect_uris = new[] { $"https://client{number}.example.com/callback" }, grant_types = new[] { "authorization_code", "refresh_token" }, response_types = new[] { "code" }, token_endpoint_auth_method = "none" });
        response.EnsureSuccessStatusCode();
    });

    public Task<double> RefreshAsync() => Load.TimeAsync(async () => refreshToken = (await flow.RefreshAsync(refreshToken)).RefreshToken!);

    /// <summary>An exchange for somebody of whom nothing is stored.</summary>
    public async Task<double> ExchangeAsync()
    {
        if (number % People == 0) await Population.WithAsync((database, _) => database.Set<UpstreamAccessToken>().ExecuteDeleteAsync());
        return await Load.TimeAsync(() => server.ExchangeAsync(tokens[number++ % People]));
    }

    /// <summary>Asks Alice.</summary>
    public async Task<double> AskAsync()
    {
        await ForgetApprovalsAsync();
        return await Load.TimeAsync(AskOnceAsync);
    }

    /// <summary>Alice says yes.</summary>
    public async Task<double> ApproveAsync()
    {
        await ForgetApprovalsAsync();
        using var tap = await person.FillInUntilAsync(await AskOnceAsync(), page => page.Contains(">Approve<", StringComparison.Ordinal));
        return await Load.TimeAsync(async () => (await person.SendAsync(tap)).Dispose());
    }

    public Task<double> ReadAccountAsync() => Load.TimeAsync(() => person.ReadAsync(new Uri(Authority, "account")));

    /// <summary>Nobody is asked more than thirty times in an hour.</summary>
    public Task ForgetApprovalsAsync() => Population.WithAsync((database, _) => database.Set<Approval>().Where(approval => approval.PersonId == Alice).ExecuteDeleteAsync());

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        server.Dispose();
        person.Dispose();
        await Population.DisposeAsync();
        await processes.DisposeAsync();
    }

    private async Task<Uri> AskOnceAsync()
    {
        var order = new { type = "stock_order", account = "PA1000001", symbol = "WAYNE", side = "buy", quantity = "1", order_type = "limit", limit_price = "71.50", time_in_force = "day", currency = "USD", max_total = "71.50" };
        var answer = await server.PostAsync("connect/backchannel", new()
        {
            ["login_hint"] = Alice.ToString(),
            ["requested_actor"] = ClientId,
            ["scope"] = "orders:write",
            ["resource"] = processes.System.McpUrl.AbsoluteUri,
            ["binding_message"] = $"K7M-{number++ % 1000:000}",
            ["authorization_details"] = JsonSerializer.Serialize(new[] { order }),
        });
        return new Uri(answer["approval_uri"]!.GetValue<string>());
    }
}
