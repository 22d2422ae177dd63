using Microsoft.AspNetCore.Builder;
using StockMcp.EndToEnd.Tests.Providers;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests.Brokers;

/// <summary>Authority and Server as docs/brokers/alpaca.md starts them, with its own settings files, in the Production environment; Alpaca's hosts alone are others.</summary>
internal sealed class AlpacaSystem : IAsyncDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("stockmcp-alpaca-").FullName;
    private readonly List<WebApplication> apps = [];

    private AlpacaSystem(AlpacaStandIn alpaca) => Alpaca = alpaca;

    public AlpacaStandIn Alpaca { get; }

    public Uri Server { get; } = new($"http://localhost:{FreePorts.Take()}/");

    public Uri Authority { get; } = new($"http://localhost:{FreePorts.Take()}/");

    /// <summary>What both logged.</summary>
    public CapturedLogs Logs { get; } = new();

    public static async Task<AlpacaSystem> StartAsync(ShiftedClock? clock = null)
    {
        var system = new AlpacaSystem(await AlpacaStandIn.StartAsync());
        var (secret, alpaca) = (system.Write("server.secret", new string('5', 64)), system.Write("alpaca.secret", AlpacaStandIn.ClientSecret));
        system.apps.Add(await DocumentedApp.StartAsync(StockMcp.Authority.Program.Build, system.home, "brokers/alpaca.authority.json", system.Alpaca.Rewrite, system.Authority,
            [$"--Connections:brokerage:ClientSecretFile={alpaca}", .. DocumentedApp.AuthorityArguments(system.Authority, system.Server, secret)], system.Logs.For("Authority"), clock));
        system.apps.Add(await DocumentedApp.StartAsync(StockMcp.Server.Program.Build, system.home, "brokers/alpaca.server.json", system.Alpaca.Rewrite, system.Server,
            [$"--Authority:Issuer={system.Authority}", $"--Authority:ClientSecretFile={secret}"], system.Logs.For("Server"), clock));
        return system;
    }

    /// <summary>Somebody in front of a browser that knows no site but Alpaca and the Authority.</summary>
    public Person NewPerson() => Person.Alice([Authority, Alpaca.Url], root: null);

    /// <summary>An agent of that person's.</summary>
    public Task<Agent> ConnectAsync(Person person, string scopes, ConsentAnswer? consent = null) => Agent.ConnectAsync(Authority, new Uri(Server, "mcp"), person, scopes, consent);

    public async ValueTask DisposeAsync()
    {
        foreach (var app in Enumerable.Reverse(apps)) await app.DisposeAsync();
        await Alpaca.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(home, recursive: true);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(home, name);
        File.WriteAllText(path, text);
        return path;
    }
}
