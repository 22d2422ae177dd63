using Microsoft.Extensions.Options;
using StockMcp.Hosting;

namespace StockMcp.Agent.Tasks;

/// <summary>Looks at tasks when it is time, with nobody there. Any number of copies do: each task is with one at a time, and one that died holds it up no longer than its lease.</summary>
internal sealed partial class TaskWorker(IServiceScopeFactory scopes, IOptions<TaskOptions> options, TimeProvider time, ILogger<TaskWorker> log) : BackgroundService
{
    private const int MostAtOnce = 4;
    private const int MostInOneRound = 100;
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.LookEvery < s_longestPause ? options.Value.LookEvery : s_longestPause, time);
        while (await timer.NextAsync(stoppingToken))
        {
            try
            {
                List<Guid> due;
                await using (var scope = scopes.CreateAsyncScope()) due = await scope.ServiceProvider.GetRequiredService<TaskStore>().DueAsync(MostInOneRound, stoppingToken);
                await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = stoppingToken }, async (id, cancellationToken) => await LookAsync(id, cancellationToken));
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            // A database that is away ends no worker: the next round tries again.
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                LogRoundFailed(exception);
            }
        }
    }

    private async Task LookAsync(Guid id, CancellationToken cancellationToken)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            if (await scope.ServiceProvider.GetRequiredService<TaskStore>().TakeAsync(id, cancellationToken) is { } task)
                await scope.ServiceProvider.GetRequiredService<TaskStep>().RunAsync(task, cancellationToken);
        }
        // One task's failure is not the others'; its lease ends, and it is tried again.
        catch (Exception exception) when (exception is not OutOfMemoryException && !cancellationToken.IsCancellationRequested)
        {
            LogFailed(id, exception);
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "Task {TaskId} could not be looked at")]
    private partial void LogFailed(Guid taskId, Exception exception);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "Tasks cannot be looked at")]
    private partial void LogRoundFailed(Exception exception);
}
