namespace StockMcp.Brokerage.Tests;

/// <summary>A clock that jumps: a timer that came due fires once, however long the jump was.</summary>
internal sealed class TestClock(DateTimeOffset start) : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<Timer> timers = [];
    private DateTimeOffset now = start;

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate) return now;
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        lock (gate) timers.Add(timer);
        return timer;
    }

    public void Advance(TimeSpan span)
    {
        List<Timer> due;
        lock (gate)
        {
            now += span;
            due = [.. timers.Where(timer => timer.IsDue(now))];
        }
        foreach (var timer in due) timer.Fire();
    }

    private sealed class Timer(TestClock clock, Action callback) : ITimer
    {
        private DateTimeOffset? next;
        private TimeSpan period;

        public bool IsDue(DateTimeOffset time) => next <= time;

        public void Fire()
        {
            next = period > TimeSpan.Zero ? clock.GetUtcNow() + period : null;
            callback();
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            next = dueTime < TimeSpan.Zero ? null : clock.GetUtcNow() + dueTime;
            this.period = period;
            return true;
        }

        public void Dispose()
        {
            lock (clock.gate) clock.timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
