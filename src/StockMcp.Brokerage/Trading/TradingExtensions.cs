namespace StockMcp.Brokerage.Trading;

/// <summary>Accounts, orders and the engine that fills them.</summary>
public static class TradingExtensions
{
    /// <summary>Adds the trading desk; needs the market and the database.</summary>
    public static void AddTrading(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<TradingOptions>()
            .BindConfiguration(TradingOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<TradingDesk>();
        builder.Services.AddHostedService<Settlement>();
    }
}
