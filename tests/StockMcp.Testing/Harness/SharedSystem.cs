namespace StockMcp.Testing.Harness;

/// <summary>One system for all tests that only use it: they may run side by side, stop nothing, and count nothing.</summary>
public sealed class SharedSystem : IAsyncDisposable
{
    private readonly Lazy<Task<StockMcpSystem>> system = new(() => StockMcpSystem.StartAsync(options => options with { BrokerageSettings = BrokerageApp.Settings }));

    /// <summary>Starts it if this is the first test that asks.</summary>
    internal Task<StockMcpSystem> GetAsync() => system.Value;

    public async ValueTask DisposeAsync()
    {
        if (system.IsValueCreated) await (await system.Value).DisposeAsync();
    }
}
