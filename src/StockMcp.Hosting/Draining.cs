using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace StockMcp.Hosting;

/// <summary>
/// A copy that is told to stop goes on serving for a moment, and says at <c>/health/serving</c> that it will not for long: so a proxy in front turns to the other copies before this one is gone, and
/// loses no request. Then it finishes what it began.
/// </summary>
internal static class Draining
{
    /// <summary>The setting: how long. Nothing unless set; with a proxy in front 3 seconds do.</summary>
    public const string Setting = "DrainFor";

    /// <summary>The longest that a call may take: a tool that waits a minute for a person.</summary>
    private static readonly TimeSpan s_longestCall = TimeSpan.FromSeconds(75);
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(1);

    public static void AddDraining(this WebApplicationBuilder builder)
    {
        var text = builder.Configuration[Setting];
        var moment = TimeSpan.Zero;
        if (text is { Length: > 0 } && (!TimeSpan.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out moment) || moment < TimeSpan.Zero || moment > s_longest))
            throw new StartupException($"{Setting} is '{text}'. Set it to a time of at most a minute, such as 00:00:03.");
        builder.Services.AddHealthChecks().AddCheck<NotStopping>("stopping", tags: [ServiceDefaults.Ready, ServiceDefaults.Serving]);
        if (moment == TimeSpan.Zero) return;
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = moment + s_longestCall);
        builder.Services.AddHostedService(services => new Moment(moment, services.GetRequiredService<TimeProvider>()));
    }

    private sealed class NotStopping(IHostApplicationLifetime lifetime) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
            => Task.FromResult(lifetime.ApplicationStopping.IsCancellationRequested ? HealthCheckResult.Unhealthy() : HealthCheckResult.Healthy());
    }

    // Runs before anything is stopped: the listener, too, is still there.
    private sealed class Moment(TimeSpan moment, TimeProvider time) : IHostedLifecycleService
    {
        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.Delay(moment, time, CancellationToken.None);

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
