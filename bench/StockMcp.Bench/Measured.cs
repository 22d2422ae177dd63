using System.Globalization;

namespace StockMcp.Bench;

/// <summary>What several rounds gave: their median stands for them, with the least and the most beside it.</summary>
internal sealed record Measured(IReadOnlyList<double> Rounds)
{
    public double Min => Rounds.Min();

    public double Max => Rounds.Max();

    public double Median => Quantile(Rounds, 0.5);

    public static double Quantile(IEnumerable<double> values, double quantile)
    {
        var sorted = values.Order().ToList();
        var place = quantile * (sorted.Count - 1);
        var (low, high) = ((int)Math.Floor(place), (int)Math.Ceiling(place));
        return sorted[low] + ((sorted[high] - sorted[low]) * (place - low));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Median:0.##} (from {Min:0.##} to {Max:0.##})");
}
