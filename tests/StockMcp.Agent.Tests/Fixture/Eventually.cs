using StockMcp.Testing.ForeignClients;

namespace StockMcp.Agent.Tests.Fixture;

/// <summary>Waits for what other tasks and processes bring about.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<Task<bool>> condition, Func<string> because)
    {
        using var patience = new CancellationTokenSource(ForeignProcess.Patience);
        while (!await condition())
        {
            if (patience.IsCancellationRequested) throw new TimeoutException(because());
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }
}
