using StockMcp.Testing.People;

namespace StockMcp.Testing.Harness;

/// <summary>One system for all tests that only use it: they may run side by side, stop nothing, and count nothing.</summary>
public sealed class SharedSystem : IAsyncDisposable
{
    private readonly Lazy<Task<StockMcpSystem>> system = new(StartAsync);

    /// <summary>Starts it if this is the first test that asks.</summary>
    internal Task<StockMcpSystem> GetAsync() => system.Value;

    public async ValueTask DisposeAsync()
    {
        if (system.IsValueCreated) await (await system.Value).DisposeAsync();
    }

    // Everybody was there before: two tests in which the same person signs in for the first time at once would be in each other's way, as two browsers are.
    private static async Task<StockMcpSystem> StartAsync()
    {
        var fresh = await StockMcpSystem.StartAsync(options => options with { BrokerageSettings = BrokerageApp.Settings });
        foreach (var person in new[] { Person.Alice(fresh), Person.Bob(fresh) })
        {
            await person.GoAsync(new Uri(fresh.Running.Authority.Url, "sign-in"), url => url.AbsolutePath == "/account");
            person.Dispose();
        }
        return fresh;
    }
}
