using System.Globalization;

namespace StockMcp.Tools.TradingApi;

/// <summary>How long the brokerage wants to be left in peace after HTTP 429.</summary>
internal static class RateLimit
{
    private const string Reset = "X-RateLimit-Reset"; // Alpaca: seconds since 1970
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(1);

    /// <returns><see langword="null"/> if it does not say.</returns>
    public static TimeSpan? PauseOf(HttpResponseMessage response, TimeProvider time)
    {
        var now = response.Headers.Date ?? time.GetUtcNow(); // its own clock, where it shows it
        var pause = response.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - now
            : response.Headers.TryGetValues(Reset, out var values) && long.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds < DateTimeOffset.MaxValue.ToUnixTimeSeconds()
                ? DateTimeOffset.FromUnixTimeSeconds(seconds) - now
                : (TimeSpan?)null;
        return pause is { } said ? TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(said.TotalSeconds), 1, s_longest.TotalSeconds)) : null;
    }
}
