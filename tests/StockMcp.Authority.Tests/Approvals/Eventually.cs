namespace StockMcp.Authority.Tests.Approvals;

/// <summary>Waits for what happens by itself.</summary>
internal static class Eventually
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    public static async Task ShouldAsync(Func<bool> isSo, string what)
    {
        using var over = new CancellationTokenSource(s_patience);
        while (!isSo())
        {
            if (over.IsCancellationRequested) throw new TimeoutException($"It did not come to pass: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }
    }
}
