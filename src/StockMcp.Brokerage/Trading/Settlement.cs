namespace StockMcp.Brokerage.Trading;

/// <summary>Looks once a second which open orders are to be filled or have expired.</summary>
internal sealed partial class Settlement(TradingDesk desk, TimeProvider clock, ILogger<Settlement> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await SettleAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // An orderly stop.
        }
    }

    // A database that is away for a moment must not end the market: the next second finds the same fills at the same prices.
    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        try
        {
            var accounts = await desk.SettleAllAsync(cancellationToken);
            if (accounts > 0) LogSettled(accounts);
        }
        catch (ObjectDisposedException)
        {
            // Something else kept the application from starting: its services are gone, and it says why.
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            LogFailed(exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Settled orders in {Accounts} accounts.")]
    private partial void LogSettled(int accounts);

    [LoggerMessage(Level = LogLevel.Error, Message = "Open orders could not be settled; the next second tries again.")]
    private partial void LogFailed(Exception exception);
}
