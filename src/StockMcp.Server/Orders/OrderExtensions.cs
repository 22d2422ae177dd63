namespace StockMcp.Server.Orders;

/// <summary>Approved orders on their way to the brokerage: once each, whatever dies or does not answer in between.</summary>
public static class OrderExtensions
{
    /// <summary>Adds the work, and the look for what other copies left.</summary>
    public static void AddOrders(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<OrderOptions>()
            .BindConfiguration(OrderOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        builder.Services.AddSingleton<OrderExecution>();
        builder.Services.AddSingleton<OrderWork>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<OrderWork>());
    }
}
