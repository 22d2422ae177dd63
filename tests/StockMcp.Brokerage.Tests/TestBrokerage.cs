using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.Trading;
using StockMcp.Testing.Harness;

namespace StockMcp.Brokerage.Tests;

/// <summary>The whole Brokerage on a free port and in a folder of its own, at a time that the test decides.</summary>
internal sealed class TestBrokerage(WebApplication app, TestClock clock, string data, bool ownsData) : IAsyncDisposable
{
    /// <summary>A Tuesday, 11:00 in New York.</summary>
    public static readonly DateTimeOffset Start = new(2026, 11, 24, 16, 0, 0, TimeSpan.Zero);

    // Where a folder outlives a Brokerage, so does the database that belongs to it.
    private static readonly ConcurrentDictionary<string, string> s_databases = new();

    public TestClock Clock => clock;

    public IServiceProvider Services => app.Services;

    public StockMarket Market => app.Services.GetRequiredService<StockMarket>();

    public TradingDesk Desk => app.Services.GetRequiredService<TradingDesk>();

    public Uri Address { get; } = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static async Task<TestBrokerage> StartAsync(string? data = null, DateTimeOffset? at = null, Action<WebApplicationBuilder>? configure = null, params (string Key, string Value)[] settings)
    {
        var clock = new TestClock(at ?? Start);
        var folder = data ?? Directory.CreateTempSubdirectory("stockmcp-").FullName;
        if (!s_databases.TryGetValue(folder, out var database)) s_databases[folder] = database = await TestDatabase.NewAsync("brokerage") ?? "";
        var app = Program.Build(["--environment", "Development"], builder =>
        {
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["PublicUrl"] = "http://localhost:7003", ["Urls"] = "http://127.0.0.1:0", ["DataDirectory"] = folder, ["ConnectionStrings:brokerage"] = database, ["AdditionalHosts"] = "127.0.0.1", ["DemoUsers"] = "false" });
            builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value));
            builder.Services.AddSingleton<TimeProvider>(clock);
            builder.Services.PostConfigure<PasswordHasherOptions>(hasher => hasher.IterationCount = 1_000); // as StockMcpSystem
            builder.Logging.ClearProviders();
            configure?.Invoke(builder);
        });
        await app.StartAsync();
        return new TestBrokerage(app, clock, folder, data is null);
    }

    /// <summary>A person with an account.</summary>
    public async Task<Guid> OpenAccountAsync()
    {
        var user = Guid.CreateVersion7();
        await Desk.OpenAccountAsync(user);
        return user;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        if (ownsData) Directory.Delete(data, recursive: true);
    }
}
