using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StockMcp.AppHost;
using StockMcp.Testing.Secrets;

namespace StockMcp.Testing.Harness;

/// <summary>Server, Authority, Brokerage and Redis as <c>dotnet run</c> starts them, on free ports and in a folder of their own, with everything in sight.</summary>
internal sealed class StockMcpSystem : IAsyncDisposable
{
    private readonly DevelopmentSystemOptions options;
    private readonly bool ownsData;
    private DevelopmentSystem? running;

    private StockMcpSystem(DevelopmentSystemOptions options, ShiftedClock? clock, bool ownsData)
    {
        this.ownsData = ownsData;
        (Server, Authority, Brokerage) = (new RequestProbe("Server", Secrets), new RequestProbe("Authority", Secrets), new RequestProbe("Brokerage", Secrets));
        this.options = options with { Configure = Configure };

        void Configure(string application, WebApplicationBuilder builder)
        {
            if (clock is not null) builder.Services.AddSingleton<TimeProvider>(clock);
            builder.Services.AddSingleton<IStartupFilter>(application switch { "Server" => Server, "Authority" => Authority, _ => Brokerage });
            builder.Logging.ClearProviders().AddProvider(Logs.For(application));
            options.Configure?.Invoke(application, builder);
        }
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

    /// <summary>What the three logged.</summary>
    public CapturedLogs Logs { get; } = new();

    /// <summary>Every token, code and secret that passed through the three.</summary>
    public IssuedSecrets Secrets { get; } = new();

    public Uri McpUrl => Running.McpUrl;

    public string DataDirectory => options.DataDirectory;

    public IReadOnlyList<Uri> Origins => [Running.Server.Url, Running.Authority.Url, Running.Brokerage.Url];

    /// <summary>Starts a system.</summary>
    /// <param name="change">Changes its options; ports that it sets to 0 stay free over a restart.</param>
    /// <param name="clock">The clock of all three; the real one unless given.</param>
    public static async Task<StockMcpSystem> StartAsync(Func<DevelopmentSystemOptions, DevelopmentSystemOptions>? change = null, ShiftedClock? clock = null)
    {
        var given = new DevelopmentSystemOptions { DataDirectory = "", ServerPort = FreePorts.Take(), AuthorityPort = FreePorts.Take(), BrokeragePort = FreePorts.Take() };
        given = change?.Invoke(given) ?? given;
        var own = given.DataDirectory.Length == 0;
        if (own) given = given with { DataDirectory = Directory.CreateTempSubdirectory("stockmcp-").FullName };
        var system = new StockMcpSystem(given, clock, own);
        await system.StartAsync();
        return system;
    }

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
