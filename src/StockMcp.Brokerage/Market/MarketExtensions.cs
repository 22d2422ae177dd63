namespace StockMcp.Brokerage.Market;

/// <summary>The made-up stock market.</summary>
public static class MarketExtensions
{
    /// <summary>Adds the market.</summary>
    public static void AddMarket(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<MarketOptions>()
            .BindConfiguration(MarketOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<StockMarket>();
    }
}
