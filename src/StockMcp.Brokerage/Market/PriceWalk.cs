namespace StockMcp.Brokerage.Market;

/// <summary>
/// A random walk that is a pure function of seed, stock and time: the same seed gives the same prices after a restart and on every copy, without
/// storing one. It is a sum of noises, each with half the period of the one before and an amplitude that follows the square root of time.
/// </summary>
internal sealed class PriceWalk(int seed)
{
    private const double SecondsPerDay = 86_400;
    private const int Octaves = 20;
    private const double LongestPeriod = 64 * SecondsPerDay;

    /// <summary>The last price at this second, in cents.</summary>
    public decimal PriceAt(Stock stock, long unixSeconds)
    {
        double logarithm = 0;
        var period = LongestPeriod;
        for (var octave = 0; octave < Octaves; octave++, period /= 2)
        {
            var position = unixSeconds / period;
            var step = (long)Math.Floor(position);
            var within = position - step;
            var eased = within * within * (3 - (2 * within));
            var from = Noise(stock, octave, step);
            var to = Noise(stock, octave, step + 1);
            logarithm += stock.Volatility * 0.7 * Math.Sqrt(period / SecondsPerDay) * (from + ((to - from) * eased));
        }
        // The longest swings are bounded, so that no stock ever reaches zero.
        var price = stock.BasePrice * (decimal)Math.Exp(Math.Clamp(logarithm, -1.5, 1.5));
        return Math.Max(0.01m, decimal.Round(price, 2));
    }

    /// <summary>Evenly spread over 0 to 1 for this second.</summary>
    public double Fraction(Stock stock, long unixSeconds) => (Noise(stock, -1, unixSeconds) + 1) / 2;

    private double Noise(Stock stock, int octave, long step)
    {
        var hash = Mix((ulong)(uint)seed);
        foreach (var letter in stock.Symbol) hash = Mix(hash ^ letter);
        hash = Mix(hash ^ (uint)octave);
        return (Mix(hash ^ (ulong)step) / (double)ulong.MaxValue * 2) - 1;
    }

    // The finalizer of SplitMix64: spreads neighbouring inputs evenly.
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
