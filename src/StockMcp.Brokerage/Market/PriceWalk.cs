namespace StockMcp.Brokerage.Market;

/// <summary>
/// A share's random walk as a pure function of its seed and the second: no state, so nothing is lost in a restart and any moment of any year costs the same.
/// It is built as Lévy built Brownian motion: the value in the middle of a span is the mean of its ends plus a displacement drawn for that middle.
/// Displacements are bounded, so the highest and the lowest value of a year, or the first second below a limit, are found without visiting each second.
/// All of it is whole numbers, in billionths of the price's logarithm, so that each machine finds the same.
/// </summary>
internal sealed class PriceWalk
{
    private const int Levels = 25; // 2^25 seconds are about a year
    private const double SecondsPerYear = 365.25 * 24 * 3600;
    private const long Unit = 1_000_000_000;
    private const long Bound = 8 * Unit;

    private readonly ulong seed;
    private readonly decimal basePrice;
    private readonly long[] displacement = new long[Levels + 1]; // the largest, by the span's level
    private readonly long[] reach = new long[Levels + 1]; // how far a span's inside can lie beyond its ends

    public PriceWalk(int seed, Stock stock)
    {
        this.seed = stock.Symbol.Aggregate(Mix((ulong)seed), (hash, letter) => Mix(hash ^ letter));
        basePrice = stock.BasePrice;
        for (var level = 1; level <= Levels; level++)
        {
            // A Brownian bridge over T has the deviation s/2 * sqrt(T) in its middle, and an even draw from -a to a has a/sqrt(3).
            displacement[level] = (long)(Unit * stock.Volatility * Math.Sqrt(3) / 2 * Math.Sqrt((1L << level) / SecondsPerYear));
            reach[level] = reach[level - 1] + displacement[level];
        }
    }

    /// <summary>The price in a second, rounded to cents.</summary>
    public decimal PriceAt(long second) => Price(ValueAt(second));

    /// <summary>The lowest and the highest price from one second to another, both included.</summary>
    public (decimal Low, decimal High) Range(long first, long last) => (Price(-Highest(first, last, -1)), Price(Highest(first, last, 1)));

    /// <summary>The first second, from one to another and both included, whose price meets a condition; <see langword="null"/> if none does.</summary>
    /// <param name="first">The first second to look at.</param>
    /// <param name="last">The last second to look at.</param>
    /// <param name="falling">Whether the condition, once met, is met by each lower price; otherwise by each higher price.</param>
    /// <param name="condition">The condition on the price.</param>
    public long? FirstWhere(long first, long last, bool falling, Func<decimal, bool> condition)
    {
        if (first > last) return null;
        // The condition as a threshold: the smallest value, counted in its direction, that meets it.
        var sign = falling ? -1 : 1;
        long misses = -Bound, meets = Bound;
        if (!condition(Price(sign * meets))) return null;
        while (meets - misses > 1)
        {
            var middle = misses + (meets - misses) / 2;
            if (condition(Price(sign * middle))) meets = middle;
            else misses = middle;
        }
        for (var cell = first >> Levels; cell <= last >> Levels; cell++)
        {
            if (FirstIn(cell << Levels, Levels, Lattice(cell), Lattice(cell + 1), first, last, sign, meets) is { } second) return second;
        }
        return null;
    }

    /// <summary>An even draw that belongs to a number of this walk, for what is not its price: sizes and volumes.</summary>
    /// <param name="number">The number: a second or a minute.</param>
    /// <param name="purpose">Keeps the draws for one purpose apart from another's.</param>
    /// <param name="bound">The draw is below it.</param>
    public int Draw(long number, int purpose, int bound) => (int)((Mix(Mix(seed + (ulong)purpose) ^ (ulong)number) >> 32) * (ulong)bound >> 32);

    private long ValueAt(long second)
    {
        var cell = second >> Levels;
        long start = cell << Levels, left = Lattice(cell), right = Lattice(cell + 1);
        for (var level = Levels; level > 0; level--)
        {
            var (middle, value) = Middle(start, level, left, right);
            if (second < middle) right = value;
            else (start, left) = (middle, value);
        }
        return left;
    }

    private long Highest(long first, long last, int sign)
    {
        var best = long.MinValue;
        for (var cell = first >> Levels; cell <= last >> Levels; cell++)
            HighestIn(cell << Levels, Levels, Lattice(cell), Lattice(cell + 1), first, last, sign, ref best);
        return best;
    }

    private void HighestIn(long start, int level, long left, long right, long first, long last, int sign, ref long best)
    {
        if (start > last || start + (1L << level) <= first) return;
        if (level == 0)
        {
            best = Math.Max(best, sign * left);
            return;
        }
        if (Math.Max(sign * left, sign * right) + reach[level] <= best) return;
        var (middle, value) = Middle(start, level, left, right);
        if (sign * left >= sign * right)
        {
            HighestIn(start, level - 1, left, value, first, last, sign, ref best);
            HighestIn(middle, level - 1, value, right, first, last, sign, ref best);
        }
        else
        {
            HighestIn(middle, level - 1, value, right, first, last, sign, ref best);
            HighestIn(start, level - 1, left, value, first, last, sign, ref best);
        }
    }

    private long? FirstIn(long start, int level, long left, long right, long first, long last, int sign, long threshold)
    {
        if (start > last || start + (1L << level) <= first) return null;
        if (level == 0) return sign * left >= threshold ? start : null;
        if (Math.Max(sign * left, sign * right) + reach[level] < threshold) return null;
        var (middle, value) = Middle(start, level, left, right);
        return FirstIn(start, level - 1, left, value, first, last, sign, threshold) ?? FirstIn(middle, level - 1, value, right, first, last, sign, threshold);
    }

    private (long Middle, long Value) Middle(long start, int level, long left, long right)
    {
        var middle = start + (1L << (level - 1)); // its trailing zeros tell the level, so it is drawn for once
        return (middle, (left + right >> 1) + Scatter(middle, displacement[level]));
    }

    private long Lattice(long cell) => Scatter(~cell, displacement[Levels]);

    private long Scatter(long key, long largest) => largest * (int)(Mix(seed ^ (ulong)key) >> 32) >> 31;

    private decimal Price(long value) => decimal.Round(basePrice * Exp(value / (decimal)Unit), 2, MidpointRounding.AwayFromZero);

    private static decimal Exp(decimal x)
    {
        x /= 16;
        decimal term = 1, sum = 1;
        for (var n = 1; n <= 14; n++) sum += term *= x / n;
        for (var n = 0; n < 4; n++) sum *= sum;
        return sum;
    }

    // SplitMix64's finisher: fast, and each bit of the answer depends on each bit of the question.
    private static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
