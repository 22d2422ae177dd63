using System.Collections.Concurrent;

namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>What this copy has heard of revoked links: whether a token that was got at a certain moment is void by now.</summary>
internal sealed class Revocations
{
    private const int Most = 100_000;
    private readonly ConcurrentDictionary<string, long> links = new(StringComparer.Ordinal);
    private long last;
    private long all;

    /// <summary>This moment: what is revoked later is revoked after it.</summary>
    public long Now => Interlocked.Read(ref last);

    /// <summary>The link's tokens are void from now on; without a link, all are.</summary>
    public void Add(string? link)
    {
        var moment = Interlocked.Increment(ref last);
        if (link is null || links.Count >= Most)
        {
            Interlocked.Exchange(ref all, moment);
            links.Clear();
        }
        else
        {
            links[link] = moment;
        }
    }

    /// <summary>Whether one of the links was revoked after that moment.</summary>
    public bool Since(long moment, IReadOnlyList<string> revoked)
        => Interlocked.Read(ref all) > moment || (!links.IsEmpty && revoked.Any(link => links.TryGetValue(link, out var at) && at > moment));
}
