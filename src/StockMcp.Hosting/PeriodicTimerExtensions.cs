namespace StockMcp.Hosting;

/// <summary>For services that do something again and again until they are told to stop.</summary>
public static class PeriodicTimerExtensions
{
    /// <summary>Waits for the next tick. False, and no exception, when told to stop: the host would take that for a failure while it is still starting.</summary>
    public static async ValueTask<bool> NextAsync(this PeriodicTimer timer, CancellationToken stoppingToken)
    {
        ArgumentNullException.ThrowIfNull(timer);
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Does something at each tick until it is told to stop. What fails in a way that passes is done again at the next tick.</summary>
    /// <param name="timer">The timer.</param>
    /// <param name="work">What to do.</param>
    /// <param name="passes">Whether a failure is such a one; any other ends the application.</param>
    /// <param name="failed">Says that it failed.</param>
    /// <param name="stoppingToken">Says to stop.</param>
    public static async Task RepeatAsync(this PeriodicTimer timer, Func<CancellationToken, Task> work, Func<Exception, bool> passes, Action<Exception> failed, CancellationToken stoppingToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(passes);
        ArgumentNullException.ThrowIfNull(failed);
        while (await timer.NextAsync(stoppingToken))
        {
            try
            {
                await work(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                // Something else kept the application from starting: its services are gone, and it says why.
            }
            catch (Exception exception) when (passes(exception))
            {
                failed(exception);
            }
        }
    }
}
