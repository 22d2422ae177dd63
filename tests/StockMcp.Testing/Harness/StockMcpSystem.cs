using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StockMcp.AppHost;
using StockMcp.Testing.Secrets;

namespace StockMcp.Testing.Harness;

/// <summary>Server, Authority, Brokerage and Redis as <c>dotnet run</c> starts them, on free ports and in a folder of their own, with everything in sight.</summary>
internal sealed class StockMcpSystem : IAsyncDisposable
{
    private static readonly Dictionary<string, string?> Raised = new() { ["Limits:TokenFailuresPerMinute"] = "100000", ["Limits:AuthorizationRequestsPerMinute"] = "100000" };
    private readonly DevelopmentSystemOptions options;
    private readonly bool ownsData;
    private readonly ShiftedClock? clock;
    private DevelopmentSystem? running;

    private StockMcpSystem(DevelopmentSystemOptions options, ShiftedClock? clock, bool ownsData)
    {
        this.ownsData = ownsData;
        (Server, Authority, Brokerage) = (new RequestProbe("Server", Secrets), new RequestProbe("Authority", Secrets), new RequestProbe("Brokerage", Secrets));
        Agent = new RequestProbe("Agent", Secrets);
        this.options = options with
        {
            Configure = (application, builder) =>
            {
                Configure(application, builder);
                options.Configure?.Invoke(application, builder);
            },
        };
        this.clock = clock;
    }

    /// <summary>Puts an application in sight: also a further copy of one.</summary>
    public void Configure(string application, WebApplicationBuilder builder)
    {
        if (clock is not null) builder.Services.AddSingleton<TimeProvider>(clock);
        // Passwords are meant to be slow to check, and would be a quarter of the suite's time.
        if (application == "Brokerage") builder.Services.PostConfigure<PasswordHasherOptions>(hasher => hasher.IterationCount = 1_000);
        builder.Services.AddSingleton<IStartupFilter>(application switch { "Server" => Server, "Authority" => Authority, "Agent" => Agent, _ => Brokerage });
        builder.Logging.ClearProviders().AddProvider(Logs.For(application));
    }

    /// <summary>The applications themselves: their URLs, and how to stop and start each.</summary>
    /// <exception cref="InvalidOperationException">The system is stopped.</exception>
    public DevelopmentSystem Running => running ?? throw new InvalidOperationException("The system is stopped.");

    /// <summary>What reached the Server.</summary>
    public RequestProbe Server { get; }

    /// <summary>What reached the Authority.</summary>
    public RequestProbe Authority { get; }

    /// <summary>What reached the Brokerage.</summary>
    public RequestProbe Brokerage { get; }

    /// <summary>What reached the Agent.</summary>
    public RequestProbe Agent { get; }

    /// <summary>What they logged.</summary>
    public CapturedLogs Logs { get; } = new();

    /// <summary>Every token, code and secret that passed through the three.</summary>
    public IssuedSecrets Secrets { get; } = new();

    public Uri McpUrl => Running.McpUrl;

    public string DataDirectory => options.DataDirectory;

    /// <summary>The settings of the Authority that name its data, as a command line has them.</summary>
    public IEnumerable<string> AuthorityDataArguments => options.AuthoritySettings.Where(setting => setting.Key.StartsWith("ConnectionStrings:", StringComparison.Ordinal)).Select(setting => $"--{setting.Key}={setting.Value}")
        .Append($"--DataDirectory={Path.Combine(DataDirectory, "authority")}");

    public IReadOnlyList<Uri> Origins => [Running.Server.Url, Running.Authority.Url, Running.Brokerage.Url, Running.Agent.Url];

    /// <summary>Starts a system.</summary>
    /// <param name="change">Changes its options: the Agent starts only if it asks for that; ports that it sets to 0 stay free over a restart.</param>
    /// <param name="clock">The clock of all three; the real one unless given.</param>
    /// <param name="database">The kind of database of Authority and Brokerage.</param>
    public static async Task<StockMcpSystem> StartAsync(Func<DevelopmentSystemOptions, DevelopmentSystemOptions>? change = null, ShiftedClock? clock = null, DatabaseKind database = DatabaseKind.AsAsked)
    {
        var given = new DevelopmentSystemOptions { DataDirectory = "", ServerPort = FreePorts.Take(), AuthorityPort = FreePorts.Take(), BrokeragePort = FreePorts.Take(), AgentPort = FreePorts.Take(), WithAgent = false };
        given = change?.Invoke(given) ?? given;
        // Every test comes from the same address.
        given = given with { AuthoritySettings = new Dictionary<string, string?>(Raised).Concat(given.AuthoritySettings).GroupBy(setting => setting.Key).ToDictionary(setting => setting.Key, setting => setting.Last().Value) };
        given = given with
        {
            AuthoritySettings = await WithDatabaseAsync(given.AuthoritySettings, "authority", database),
            BrokerageSettings = await WithDatabaseAsync(given.BrokerageSettings, "brokerage", database),
            AgentSettings = given.WithAgent ? await WithDatabaseAsync(given.AgentSettings, "agent", database) : given.AgentSettings,
        };
        var own = given.DataDirectory.Length == 0;
        if (own) given = given with { DataDirectory = Directory.CreateTempSubdirectory("stockmcp-").FullName };
        var system = new StockMcpSystem(given, clock, own);
        await system.StartAsync();
        return system;
    }

    private static async Task<IReadOnlyDictionary<string, string?>> WithDatabaseAsync(IReadOnlyDictionary<string, string?> settings, string name, DatabaseKind kind)
        => !settings.ContainsKey($"ConnectionStrings:{name}") && await TestDatabase.NewAsync(name, kind) is { } connectionString ? new Dictionary<string, string?>(settings) { [$"ConnectionStrings:{name}"] = connectionString } : settings;

    /// <summary>Starts what was stopped, on the same ports and data.</summary>
    public async Task StartAsync() => running ??= await DevelopmentSystem.StartAsync(options);

    /// <summary>Stops all of it in order.</summary>
    public async Task StopAsync()
    {
        if (running is not { } system) return;
        running = null;
        await system.DisposeAsync();
    }

    /// <summary>Its files may be looked at until here.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        if (!ownsData) return;
        try
        {
            Directory.Delete(DataDirectory, recursive: true);
        }
        catch (IOException)
        {
            // A test that failed may have left a command that still writes there: what it failed with matters, not the folder.
        }
    }
}
