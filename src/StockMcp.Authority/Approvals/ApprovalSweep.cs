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

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        var nextDeletion = time.GetUtcNow();
        while (await timer.NextAsync(stoppingToken))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var approvals = scope.ServiceProvider.GetRequiredService<ApprovalStore>();
                await approvals.ExpireAsync(stoppingToken);
                if (time.GetUtcNow() < nextDeletion) continue;
                await approvals.ForgetAsync(time.GetUtcNow() - audit.Value.Retention, stoppingToken);
                nextDeletion = time.GetUtcNow() + s_betweenDeletions;
            }
            catch (ObjectDisposedException)
            {
                return; // something else kept the application from starting, and it says why
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (DatabaseOutage.Is(exception) || exception is DbUpdateException or AuditUnavailableException or InvalidOperationException)
            {
                LogFailed(exception.Message); // the next round tries again; an approval whose time is over is not honoured meanwhile
            }
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "Expired approvals were not written down: {Reason}")]
    private partial void LogFailed(string reason);
}
