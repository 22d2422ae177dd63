namespace StockMcp.Server.Tests.Fixture;

/// <summary>Waits for a condition; the test's own end is the only clock.</summary>
internal static class Eventually
{
    public static Task IsTrueAsync(Func<bool> condition) => IsTrueAsync(() => Task.FromResult(condition()));

    public static async Task IsTrueAsync(Func<Task<bool>> condition)
    {
        for (var i = 0; i < 3000; i++)
        {
            if (await condition()) return;
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
        throw new TimeoutException("The condition did not come true.");
    }
}
