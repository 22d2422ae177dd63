namespace StockMcp.Bench;

/// <summary>One person makes all calls here: the limits for a person are raised as far as the settings let them be.</summary>
internal static class Limitless
{
    public static IReadOnlyDictionary<string, string?> Server { get; } = new Dictionary<string, string?>
    {
        ["Limits:BurstPerPerson"] = "1000000",
        ["Limits:CallsPerMinuteAndPerson"] = "10000000",
        ["Limits:OrdersPerMinuteAndPerson"] = "10000",
    };
}
