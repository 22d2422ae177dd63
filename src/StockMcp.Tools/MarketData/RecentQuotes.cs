using System.Collections.Concurrent;

namespace StockMcp.Tools.MarketData;

/// <summary>
/// Prices of the last second. Market data is the same for everybody: however many agents ask for a share, the brokerage is asked once a second. Orders are priced without it.
/// </summary>
internal sealed class RecentQuotes(TimeProvider time)
{
    /// <summary>How old a price may be.</summary>
    public static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(1);

    private const int Most = 2_000;
    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.Ordinal);

    /// <summary>The price, asked for now unless it was a moment ago. The question runs on a cancellation of its own: others may wait for it.</summary>
    public async Task<Quoted> GetAsync(string symbol, Func<CancellationToken, Task<Quoted>> ask, CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        if (!entries.TryGetValue(symbol, out var entry) || time.GetElapsedTime(entry.Asked, now) >= GoodFor)
        {
            if (entries.Count >= Most) entries.Clear();
            var fresh = new Entry(now, new Lazy<Task<Quoted>>(() => Task.Run(() => ask(CancellationToken.None), CancellationToken.None)));
            // Of those who find it too old at once, one asks.
            entry = entry is null ? entries.GetOrAdd(symbol, fresh) : entries.TryUpdate(symbol, fresh, entry) ? fresh : entries.GetValueOrDefault(symbol, fresh);
        }
        var quoted = entry.Answer.Value;
        if (quoted.IsCompletedSuccessfully) return quoted.Result;
        try
        {
            return await quoted.WaitAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || quoted.IsCanceled)
        {
            entries.TryRemove(new KeyValuePair<string, Entry>(symbol, entry)); // a failure is not remembered
            throw;
        }
    }

    private sealed record Entry(long Asked, Lazy<Task<Quoted>> Answer);
}

/// <summary>A price, ready to be sent.</summary>
internal sealed record Quoted(System.Text.Json.JsonElement Answer, string Text);
