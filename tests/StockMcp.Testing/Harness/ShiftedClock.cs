namespace StockMcp.Testing.Harness;

/// <summary>
/// The real clock, moved ahead at will. It goes on by itself: browsers, sockets and other people's clients live in real time, and a
/// clock that stands still would stop every timeout around them.
/// </summary>
internal sealed class ShiftedClock : TimeProvider
{
    private long shift;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref shift));

    public void Advance(TimeSpan span) => Interlocked.Add(ref shift, span.Ticks);
}
