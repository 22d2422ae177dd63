using System.Globalization;

namespace StockMcp.Bench;

/// <summary>How much is measured: what fits in a quarter of an hour on two cores, or with <c>--full</c> all of it.</summary>
internal sealed record Counts
{
    /// <summary>People with one cold call each: <c>--users=</c>.</summary>
    public int Users { get; init; } = 10_000;

    /// <summary>Calls over which memory is watched: <c>--calls=</c>.</summary>
    public int Calls { get; init; } = 200_000;

    /// <summary>How many of each kind the row <c>growth</c> ends with: <c>--growth=</c>.</summary>
    public int Growth { get; init; } = 100_000;

    /// <summary>Reads the options among the arguments.</summary>
    /// <returns><see langword="null"/> if one is not known.</returns>
    public static Counts? Parse(IEnumerable<string> options)
    {
        Counts? counts = new();
        foreach (var option in options)
        {
            var (name, value) = option.Split('=') is [var left, var right] && int.TryParse(right, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 100 ? (left, number) : (option, 0);
            counts = (name, value) switch
            {
                ("--full", 0) => counts with { Calls = 1_000_000 },
                ("--users", > 0) => counts with { Users = value },
                ("--calls", > 0) => counts with { Calls = value },
                ("--growth", > 0) => counts with { Growth = value },
                _ => null,
            };
            if (counts is null) return null;
        }
        return counts;
    }
}
