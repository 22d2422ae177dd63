using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using StockMcp.Authority.Database;
using StockMcp.Hosting;

namespace StockMcp.Authority.Registration;

/// <summary>Ends expired registrations, and forgets expired tokens and old counts, so that storage does not grow without bound (DC-05).</summary>
internal sealed partial class RegistrationSweep(IServiceScopeFactory scopes, TimeProvider time, ILogger<RegistrationSweep> log) : BackgroundService
{
    private static readonly TimeSpan s_every = TimeSpan.FromMinutes(10);

    /// <summary>How long a token that ended is kept, so that its reuse is still recognized.</summary>
    private static readonly TimeSpan s_tokensKept = TimeSpan.FromDays(31);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var now = time.GetUtcNow();
        var deleted = await scope.ServiceProvider.GetRequiredService<RegisteredClients>().DeleteExpiredAsync(cancellationToken);
        if (deleted > 0) LogDeleted(deleted);
        var since = now - RegistrationLimit.Window;
        await scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<RegistrationAttempt>().Where(attempt => attempt.At <= since).ExecuteDeleteAsync(cancellationToken);
        await scope.ServiceProvider.GetRequiredService<IOpenIddictTokenManager>().PruneAsync(now - s_tokensKept, cancellationToken);
        await scope.ServiceProvider.GetRequiredService<IOpenIddictAuthorizationManager>().PruneAsync(now - s_tokensKept, cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_every, time);
        await timer.RepeatAsync(RunAsync, exception => exception is System.Data.Common.DbException or DbUpdateException or TimeoutException or OpenIddictExceptions.ConcurrencyException or AggregateException, exception => LogFailed(exception.Message), stoppingToken);
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "{Count} registered clients that nobody uses were deleted.")]
    private partial void LogDeleted(int count);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "Expired registrations were not deleted: {Reason}")]
    private partial void LogFailed(string reason);
}
