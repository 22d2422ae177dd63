using System.Threading.Channels;

namespace StockMcp.Authority.Revocations;

/// <summary>Links that the Servers have not been told of yet. Nobody waits for it: a Redis that is away holds up no sign-out.</summary>
internal sealed class RevocationQueue(TimeProvider time)
{
    private const int Most = 10_000;
    private readonly Channel<(string Link, DateTimeOffset At)> links = Channel.CreateBounded<(string, DateTimeOffset)>(new BoundedChannelOptions(Most) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    public void Add(string link) => links.Writer.TryWrite((link, time.GetUtcNow()));

    public IAsyncEnumerable<(string Link, DateTimeOffset At)> ReadAllAsync(CancellationToken cancellationToken) => links.Reader.ReadAllAsync(cancellationToken);
}
