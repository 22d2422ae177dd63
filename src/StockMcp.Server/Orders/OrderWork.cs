using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using StockMcp.Hosting;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.Server.Approvals;
using StockMcp.Tools.Errors;
using StockMcp.Tools.OrderApprovals;

namespace StockMcp.Server.Orders;

/// <summary>
/// What this copy does in the background, bound to no tool call: it waits for people's answers that it asked for, places what they approve, and takes over what nobody finishes. A copy
/// that dies leaves nothing behind that another one would need.
/// </summary>
internal sealed partial class OrderWork(IApprovals approvals, AuthorityMetadata authority, OrderExecution execution, IOptions<OrderOptions> options, TimeProvider time, ILogger<OrderWork> logger) : BackgroundService
{
    private const int LongestQuiet = 60;
    private const int MissesAtStart = 6;
    private static readonly TimeSpan s_longestRetry = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource waiting = new();
    private readonly CancellationTokenSource executing = new();
    private readonly ConcurrentDictionary<Guid, Task> executions = new();

    /// <summary>The id of an approval's order: whoever makes it makes the same, and the brokerage takes it once (OX-04).</summary>
    public static string ClientOrderId(Guid approvalId) => $"stockmcp-{approvalId:N}";

    /// <summary>Waits for the person's answer, and places the order if it is yes.</summary>
    public void Watch(AskedApproval asked, string authReqId, StockOrderDetails order) => _ = Task.Run(() => WatchAsync(asked, authReqId, order), CancellationToken.None);

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await waiting.CancelAsync();
        await base.StopAsync(cancellationToken);
        try
        {
            await Task.WhenAll(executions.Values).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The time to stop is over: another copy finishes them.
        }
        await executing.CancelAsync();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        waiting.Dispose();
        executing.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!approvals.IsThere) return;
        var (failures, skip, misses) = (0, 0, 0);
        using var timer = new PeriodicTimer(options.Value.LeaseEvery, time);
        do
        {
            if (skip-- > 0) continue;
            try
            {
                // Servers may start first.
                if (!await authority.AnswersAsync(stoppingToken) && ++misses < MissesAtStart) continue;
                foreach (var lease in await approvals.LeaseAsync(stoppingToken)) Take(lease);
                if (failures > 0) LogBack();
                (failures, skip) = (0, 0);
            }
            catch (TradingException exception)
            {
                // An authorization server that is away is asked again soon, one that does not know us seldom; either is said once.
                if (failures++ == 0) LogAway(exception.Message);
                skip = exception.Code == ErrorCode.UpstreamUnavailable ? 0 : (int)(LongestQuiet / Math.Max(1, options.Value.LeaseEvery.TotalSeconds));
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
        while (await timer.NextAsync(stoppingToken));
    }

    private async Task WatchAsync(AskedApproval asked, string authReqId, StockOrderDetails order)
    {
        try
        {
            var interval = asked.Interval;
            // A little longer than the person has: an answer at the last moment is still heard.
            while (time.GetUtcNow() < asked.ExpiresAt + s_longestRetry)
            {
                var started = time.GetTimestamp();
                var answer = await approvals.PollAsync(asked.ApprovalId, authReqId, waiting.Token);
                switch (answer.Outcome)
                {
                    case PollOutcome.Approved:
                        await ExecuteOnceAsync(asked.ApprovalId, order, answer, answer.TokenEnds, isFirst: true);
                        return;
                    case PollOutcome.Ended:
                        return;
                    case PollOutcome.SlowDown:
                        interval += TimeSpan.FromSeconds(5); // CIBA Core, section 11
                        break;
                }
                // An answer that was held back longer than the interval may be asked for again at once (section 7.3).
                var pause = (answer.Outcome == PollOutcome.Unavailable && interval > s_longestRetry ? s_longestRetry : interval) - time.GetElapsedTime(started);
                if (pause > TimeSpan.Zero) await Task.Delay(pause, time, waiting.Token);
            }
        }
        catch (OperationCanceledException) when (waiting.IsCancellationRequested)
        {
            // Stopping: another copy takes it over once the person said yes.
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogFailed(exception);
        }
    }

    private void Take(LeasedApproval lease)
    {
        if (executions.ContainsKey(lease.Approval.ApprovalId)) return;
        _ = Task.Run(async () =>
        {
            try
            {
                var approval = lease.Approval.Read();
                var answer = await approvals.PollAsync(approval.ApprovalId, lease.AuthReqId, waiting.Token);
                if (answer.Outcome != PollOutcome.Approved) return;
                var deadline = lease.Approval.Deadline ?? approval.ExpiresAt;
                await ExecuteOnceAsync(approval.ApprovalId, approval.Order, answer, deadline < answer.TokenEnds ? deadline : answer.TokenEnds, isFirst: lease.Approval.Status == "approved"); // nobody redeemed it before
            }
            catch (OperationCanceledException) when (waiting.IsCancellationRequested)
            {
                // Stopping.
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                LogFailed(exception);
            }
        }, CancellationToken.None);
    }

    private async Task ExecuteOnceAsync(Guid approvalId, StockOrderDetails asked, PollAnswer answer, DateTimeOffset deadline, bool isFirst)
    {
        // OX-02: what was asked for, what the person approved and what is sent are one and the same, or nothing is sent. No outcome is reported then, so that nobody burns the approval.
        var differences = answer.Order is null ? ["authorization_details"] : answer.ApprovalId != approvalId ? ["approval_id"] : asked.DifferencesFrom(answer.Order);
        if (differences.Count > 0)
        {
            var names = string.Join(", ", differences);
            LogDiffers(names);
            return;
        }
        var approved = new ApprovedOrder(approvalId, ClientOrderId(approvalId), answer.Order!, answer.Token!, deadline, isFirst);
        var run = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!executions.TryAdd(approvalId, run.Task)) return;
        try
        {
            await execution.RunAsync(approved, executing.Token);
        }
        finally
        {
            executions.TryRemove(approvalId, out _);
            run.SetResult();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Approved orders that another copy left cannot be looked for: {Reason}")]
    private partial void LogAway(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Approved orders that another copy left are looked for again")]
    private partial void LogBack();

    [LoggerMessage(Level = LogLevel.Critical, Message = "An approved order differs from what was asked for, and is not sent: {Differences}")]
    private partial void LogDiffers(string differences);

    [LoggerMessage(Level = LogLevel.Error, Message = "An approval could not be followed to its end")]
    private partial void LogFailed(Exception exception);
}
