using StockMcp.Hosting;

namespace StockMcp.Brokerage.Trading;

/// <summary>Looks once a second which open orders are to be filled or have expired.</summary>
internal sealed partial class Settlement(TradingDesk desk, TimeProvider clock, ILogger<Settlement> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), clock);
        // A database that is away for a moment must not end the market: the next second finds the same fills at the same prices.
        await timer.RepeatAsync(SettleAsync, exception => exception is not OperationCanceledException, LogFailed, stoppingToken);
    }

    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        var accounts = await desk.SettleAllAsync(cancellationToken);
        if (accounts > 0) LogSettled(accounts);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Settled orders in {Accounts} accounts.")]
    private partial void LogSettled(int accounts);

    [LoggerMessage(Level = LogLevel.Error, Message = "Open orders could not be settled; the next second tries again.")]
    private partial void LogFailed(Exception exception);
}
