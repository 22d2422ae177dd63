using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StockMcp.Authority.Audit;
using StockMcp.AuthorizationServer.Database;
using StockMcp.Hosting;

namespace StockMcp.Authority.Approvals;

/// <summary>Writes down each second which approvals expired, and deletes each hour those that are older than the audit log (DM-01).</summary>
internal sealed partial class ApprovalSweep(IServiceScopeFactory scopes, IOptions<AuditOptions> audit, TimeProvider time, ILogger<ApprovalSweep> log) : BackgroundService
{
    private static readonly TimeSpan s_betweenDeletions = TimeSpan.FromHours(1);

    private DateTimeOffset nextDeletion;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        // An approval whose time is over is not honoured meanwhile.
        await timer.RepeatAsync(SweepAsync, exception => DatabaseOutage.Is(exception) || exception is DbUpdateException or AuditUnavailableException or InvalidOperationException, exception => LogFailed(exception.Message), stoppingToken);
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var approvals = scope.ServiceProvider.GetRequiredService<ApprovalStore>();
        await approvals.ExpireAsync(cancellationToken);
        if (time.GetUtcNow() < nextDeletion) return;
        await approvals.ForgetAsync(time.GetUtcNow() - audit.Value.Retention, cancellationToken);
        nextDeletion = time.GetUtcNow() + s_betweenDeletions;
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "Expired approvals were not written down: {Reason}")]
    private partial void LogFailed(string reason);
}
