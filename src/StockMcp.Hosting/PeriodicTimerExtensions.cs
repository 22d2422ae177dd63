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
}
