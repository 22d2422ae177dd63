using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.Approvals;
using StockMcp.AuthorizationServer.Database;
using StockMcp.Hosting;

namespace StockMcp.Authority.ApprovalNotices;

/// <summary>Tells people of approvals over a channel, apart from every request: a channel that hangs or fails holds up nobody.</summary>
internal abstract partial class NoticeSender(IServiceScopeFactory scopes, TimeProvider time, ILogger log) : BackgroundService
{
    private static readonly TimeSpan s_every = TimeSpan.FromMilliseconds(500);
    private const int MostAtOnce = 4;

    /// <summary>The time.</summary>
    protected TimeProvider Clock { get; } = time;

    /// <summary>Over which channel.</summary>
    protected abstract NoticeChannel Channel { get; }

    /// <summary>How long a request waits for its person before it is told of.</summary>
    protected abstract TimeSpan After { get; }

    /// <summary>Tells of one. False if it should be tried again.</summary>
    protected abstract Task<bool> SendAsync(Approval approval, IServiceProvider services, CancellationToken cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_every, Clock);
        await timer.RepeatAsync(TellAllAsync, exception => DatabaseOutage.Is(exception) || exception is DbUpdateException or InvalidOperationException, exception => LogFailed(Channel, exception.Message), stoppingToken);
    }

    private async Task TellAllAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<Approval> taken;
        await using (var scope = scopes.CreateAsyncScope()) taken = await scope.ServiceProvider.GetRequiredService<NoticeQueue>().TakeAsync(Channel, After, cancellationToken);
        await Parallel.ForEachAsync(taken, new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = cancellationToken }, TellAsync);
    }

    private async ValueTask TellAsync(Approval approval, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var queue = scope.ServiceProvider.GetRequiredService<NoticeQueue>();
        if (await SendAsync(approval, scope.ServiceProvider, cancellationToken)) await queue.DoneAsync(approval.Id, Channel, cancellationToken);
        else await queue.AgainAsync(approval.Id, Channel, cancellationToken);
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "Nobody is told of approvals by {Channel} now: {Reason}")]
    private partial void LogFailed(NoticeChannel channel, string reason);
}
