using System.Collections.Concurrent;

namespace StockMcp.Authority.ApprovalPages;

/// <summary>How many pages of a person hang on the stream of events: bounded, so that nobody holds all of the connections.</summary>
internal sealed class OpenPages
{
    /// <summary>How many a person may have open at one copy.</summary>
    public const int MostPerPerson = 10;

    private readonly ConcurrentDictionary<Guid, int> open = new();

    /// <summary>Takes a place; <see langword="null"/> if there is none left. Dispose it in the end.</summary>
    public IDisposable? TryOpen(Guid personId)
    {
        if (open.AddOrUpdate(personId, 1, (_, count) => count + 1) <= MostPerPerson) return new Place(this, personId);
        Close(personId);
        return null;
    }

    private void Close(Guid personId)
    {
        var left = open.AddOrUpdate(personId, 0, (_, count) => count - 1);
        if (left == 0) open.TryRemove(KeyValuePair.Create(personId, 0));
    }

    private sealed class Place(OpenPages pages, Guid personId) : IDisposable
    {
        private int closed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref closed, 1) == 0) pages.Close(personId);
        }
    }
}
