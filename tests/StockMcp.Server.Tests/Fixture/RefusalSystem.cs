namespace StockMcp.Server.Tests.Fixture;

/// <summary>One system for a class of tests that only look at refusals: nothing in them changes it.</summary>
public sealed class RefusalSystem : IAsyncLifetime
{
    internal TestSystem System { get; private set; } = null!;

    public async ValueTask InitializeAsync() => System = await TestSystem.StartAsync(brokerage: false);

    public ValueTask DisposeAsync() => System.DisposeAsync();
}

/// <summary>One system with the Brokerage, for a class of tests that only read.</summary>
public sealed class ReadingSystem : IAsyncLifetime
{
    internal TestSystem System { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        System = await TestSystem.StartAsync();
        await System.Brokerage!.OrderAsync("alice", quantity: 3, clientOrderId: "first");
        await System.Brokerage.OrderAsync("alice", "ACME", 1.5m);
        await System.Brokerage.OrderAsync("alice", "ACME", 1, limit: 1);
    }

    public ValueTask DisposeAsync() => System.DisposeAsync();
}
