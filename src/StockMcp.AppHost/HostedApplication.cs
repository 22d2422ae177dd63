using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace StockMcp.AppHost;

/// <summary>One of the applications: it can be stopped and started again, on the same URL and data.</summary>
public sealed class HostedApplication : IAsyncDisposable
{
    private readonly Func<string[], Action<WebApplicationBuilder>?, WebApplication> build;
    private readonly IReadOnlyDictionary<string, string?> settings;
    private readonly Action<string, WebApplicationBuilder>? configure;
    private WebApplication? app;

    internal HostedApplication(
        string name, Uri url, Func<string[], Action<WebApplicationBuilder>?, WebApplication> build, IReadOnlyDictionary<string, string?> settings, Action<string, WebApplicationBuilder>? configure)
    {
        Name = name;
        Url = url;
        this.build = build;
        this.settings = settings;
        this.configure = configure;
    }

    /// <summary>Server, Authority, Brokerage or Agent.</summary>
    public string Name { get; }

    /// <summary>Its public URL, with a trailing slash as the base of others.</summary>
    public Uri Url { get; }

    /// <summary>Whether it runs.</summary>
    public bool IsRunning => app is not null;

    /// <summary>Its services, while it runs.</summary>
    /// <exception cref="InvalidOperationException">It is stopped.</exception>
    public IServiceProvider Services => app?.Services ?? throw new InvalidOperationException($"The {Name} is stopped.");

    /// <summary>Builds and starts it; does nothing if it runs.</summary>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (app is not null) return;
        var built = build(["--environment", Environments.Development], Prepare);
        try
        {
            await built.StartAsync(cancellationToken);
            app = built;
        }
        finally
        {
            if (app is null) await built.DisposeAsync();
        }
    }

    /// <summary>Stops it in order; does nothing if it is stopped.</summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (app is not { } running) return;
        app = null;
        await running.StopAsync(cancellationToken);
        await running.DisposeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    private void Prepare(WebApplicationBuilder builder)
    {
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Services.AddSingleton<IHostLifetime, Lifetime>();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        builder.Logging.AddSimpleConsole(console => { console.SingleLine = true; console.TimestampFormat = "HH:mm:ss "; });
        configure?.Invoke(Name, builder);
    }

    /// <summary>Signals are the process's business: it stops its applications one after the other.</summary>
    private sealed class Lifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
