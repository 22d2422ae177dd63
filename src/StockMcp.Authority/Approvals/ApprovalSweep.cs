using Microsoft.EntityFrameworkCore;
using StockMcp.AuthorizationServer.Database;
using StockMcp.Hosting;

namespace StockMcp.Authority.Approvals;

/// <summary>Writes down each second which approvals expired.</summary>
internal sealed partial class ApprovalSweep(IServiceScopeFactory scopes, TimeProvider time, ILogger<ApprovalSweep> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        while (await timer.NextAsync(stoppingToken))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await scope.ServiceProvider.GetRequiredService<ApprovalStore>().ExpireAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (DatabaseOutage.Is(exception) || exception is DbUpdateException or Audit.AuditUnavailableException or InvalidOperationException)
            {
                LogFailed(exception.Message); // the next round tries again; an approval whose time is over is not honoured meanwhile
            }
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "Expired approvals were not written down: {Reason}")]
    private partial void LogFailed(string reason);
}
