using System.Diagnostics;

namespace StockMcp.Bench;

/// <summary>What a round of load came to.</summary>
/// <param name="PerSecond">Answers a second.</param>
/// <param name="Times">How long each took, in milliseconds.</param>
/// <param name="Cores">Of how many cores the watched processes took the whole, in their order; last, this one.</param>
internal sealed record Load(double PerSecond, IReadOnlyList<double> Times, IReadOnlyList<double> Cores)
{
    /// <summary>Does all of it, so many at a time.</summary>
    public static async Task<Load> RunAsync<T>(IReadOnlyList<T> work, int atOnce, IReadOnlyList<int> watched, Func<T, Task> one)
    {
        var times = new double[work.Count];
        TimeSpan[] Taken() => [.. watched.Select(ProcessTime.OfFamily), ProcessTime.OfSelf()];
        var before = Taken();
        var clock = Stopwatch.StartNew();
        await Parallel.ForEachAsync(Enumerable.Range(0, work.Count), new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (number, _) =>
        {
            var started = Stopwatch.GetTimestamp();
            await one(work[number]);
            times[number] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        });
        var elapsed = clock.Elapsed;
        return new Load(work.Count / elapsed.TotalSeconds, times, [.. Taken().Zip(before, (after, was) => (after - was) / elapsed)]);
    }

    /// <summary>How long it takes, in milliseconds.</summary>
    public static async Task<double> TimeAsync(Func<Task> one)
    {
        var started = Stopwatch.GetTimestamp();
        await one();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }
}
