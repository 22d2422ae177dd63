using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StockMcp.EndToEnd.Tests.Agents;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests.Brokers;

/// <summary>Authority and Server as docs/brokers/alpaca.md starts them, with its own settings files, in the Production environment; Alpaca's hosts alone are others.</summary>
internal sealed class AlpacaSystem : IAsyncDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("stockmcp-alpaca-").FullName;
    private readonly List<WebApplication> apps = [];

    private readonly ShiftedClock? clock;

    private AlpacaSystem(AlpacaStandIn alpaca, ShiftedClock? clock) => (Alpaca, this.clock) = (alpaca, clock);

    public AlpacaStandIn Alpaca { get; }

    public Uri Server { get; } = new($"http://localhost:{FreePorts.Take()}/");

    public Uri Authority { get; } = new($"http://localhost:{FreePorts.Take()}/");

    /// <summary>What both logged.</summary>
    public CapturedLogs Logs { get; } = new();

    public static async Task<AlpacaSystem> StartAsync(ShiftedClock? clock = null)
    {
        var system = new AlpacaSystem(await AlpacaStandIn.StartAsync(), clock);
        var (secret, alpaca) = (system.Write("server.secret", new string('5', 64)), system.Write("alpaca.secret", AlpacaStandIn.ClientSecret));
        var resource = new Uri(system.Server, "mcp").AbsoluteUri;
        await system.RunAsync("Authority", StockMcp.Authority.Program.Build, system.Authority, "alpaca.authority.json",
            "--Registration:PerAddressAndHour=1000", $"--Connections:brokerage:ClientSecretFile={alpaca}", $"--Clients:0:ClientSecretFile={secret}", $"--Resources:0:Uri={resource}", $"--Clients:0:Resources:0={resource}",
            $"--Clients:0:Resources:1={new Uri(system.Authority, "approvals/v1")}", $"--Clients:0:Audiences:1={new Uri(system.Authority, "me/v1")}");
        await system.RunAsync("Server", StockMcp.Server.Program.Build, system.Server, "alpaca.server.json", $"--Authority:Issuer={system.Authority}", $"--Authority:ClientSecretFile={secret}");
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

    private async Task RunAsync(string name, Func<string[], Action<WebApplicationBuilder>?, WebApplication> build, Uri url, string settings, params string[] more)
    {
        var file = Write(settings, Alpaca.Rewrite(await File.ReadAllTextAsync(Path.Combine(Toolbox.Repository, "docs", "brokers", settings))));
        var app = build(["--environment", "Production", $"--SettingsFile={file}", $"--PublicUrl={url.GetLeftPart(UriPartial.Authority)}", $"--Urls={url.GetLeftPart(UriPartial.Authority)}", $"--DataDirectory={Path.Combine(home, name)}", .. more],
            builder =>
            {
                builder.Logging.ClearProviders().AddProvider(Logs.For(name));
                if (clock is not null) builder.Services.AddSingleton<TimeProvider>(clock);
            });
        apps.Add(app);
        await app.StartAsync();
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(home, name);
        File.WriteAllText(path, text);
        return path;
    }
}
