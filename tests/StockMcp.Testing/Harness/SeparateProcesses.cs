using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using StockMcp.Testing.ForeignClients;

namespace StockMcp.Testing.Harness;

/// <summary>A system of which some applications are processes of their own, which can be killed at any moment as a power failure would, and started again on what they left.</summary>
internal sealed class SeparateProcesses : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, IReadOnlyDictionary<string, string>> settings;
    private readonly ConcurrentDictionary<string, ForeignProcess> processes = new();

    private readonly string environment;

    private SeparateProcesses(StockMcpSystem system, ConcurrentDictionary<string, IReadOnlyDictionary<string, string>> settings, string environment) => (System, this.settings, this.environment) = (system, settings, environment);

    public StockMcpSystem System { get; }

    /// <summary>Starts a system.</summary>
    /// <param name="applications">Which are processes of their own: Server, Authority, Brokerage.</param>
    public static Task<SeparateProcesses> StartAsync(params string[] applications) => StartAsync(options => options, applications);

    /// <inheritdoc cref="StartAsync(string[])"/>
    /// <param name="change">Changes the system's options.</param>
    /// <param name="applications">Which are processes of their own: Server, Authority, Brokerage.</param>
    public static Task<SeparateProcesses> StartAsync(Func<AppHost.DevelopmentSystemOptions, AppHost.DevelopmentSystemOptions> change, params string[] applications) => StartInAsync(Environments.Development, change, applications);

    /// <inheritdoc cref="StartAsync(string[])"/>
    /// <param name="environment">What the processes are told that they run in: in Development they check more, and are slower.</param>
    /// <param name="change">Changes the system's options.</param>
    /// <param name="applications">Which are processes of their own: Server, Authority, Brokerage.</param>
    public static async Task<SeparateProcesses> StartInAsync(string environment, Func<AppHost.DevelopmentSystemOptions, AppHost.DevelopmentSystemOptions> change, params string[] applications)
    {
        var seen = new ConcurrentDictionary<string, IReadOnlyDictionary<string, string>>(); // the applications are built at once
        var system = await StockMcpSystem.StartAsync(options => change(options) with
        {
            Configure = (application, builder) => seen[application] = builder.Configuration.AsEnumerable()
                .Where(setting => setting.Value is not null && (setting.Key.Contains(':', StringComparison.Ordinal) || setting.Key is "PublicUrl" or "Urls" or "DataDirectory" or "DemoUsers"))
                .ToDictionary(setting => setting.Key, setting => setting.Value!),
        });
        var separate = new SeparateProcesses(system, seen, environment);
        try
        {
            foreach (var application in applications)
            {
                await (application switch { "Server" => system.Running.Server, "Authority" => system.Running.Authority, _ => system.Running.Brokerage }).StopAsync();
            }
            await Task.WhenAll(applications.Select(separate.StartAgainAsync));
            return separate;
        }
        catch
        {
            await separate.DisposeAsync();
            throw;
        }
    }

    /// <summary>What an application was started with.</summary>
    public IReadOnlyDictionary<string, string> SettingsOf(string application) => settings[application];

    /// <summary>The id of an application's process.</summary>
    public int ProcessIdOf(string application) => processes[application].Id;

    /// <summary>What an application's process printed so far.</summary>
    public string OutputOf(string application) => processes[application].Output;

    /// <summary>kill -9.</summary>
    public async Task KillAsync(string application)
    {
        processes.TryRemove(application, out var process);
        await process!.DisposeAsync();
    }

    /// <summary>Starts what was killed, and waits until it serves.</summary>
    public async Task StartAgainAsync(string application)
    {
        var process = ForeignProcess.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, $"StockMcp.{application}.dll"), $"--environment={environment}", .. settings[application].Select(setting => $"--{setting.Key}={setting.Value}")]);
        processes[application] = process;
        await process.ReadUntilAsync(new Regex("Application started", RegexOptions.None, ForeignProcess.Patience));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in processes.Values) await process.DisposeAsync();
        await System.DisposeAsync();
    }
}
