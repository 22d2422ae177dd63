namespace StockMcp.Brokerage.Market;

/// <summary>One trading day.</summary>
/// <param name="Date">Its date in New York.</param>
/// <param name="Open">Its first moment.</param>
/// <param name="Close">The first moment after it.</param>
internal sealed record TradingDay(DateOnly Date, DateTimeOffset Open, DateTimeOffset Close);

/// <summary>When shares can be traded.</summary>
internal sealed class MarketHours(bool alwaysOpen)
{
    private static readonly TimeZoneInfo s_newYork = NewYork();

    public bool AlwaysOpen => alwaysOpen;

    public bool IsOpen(DateTimeOffset time) => On(DateInNewYork(time)) is { } day && time >= day.Open && time < day.Close;

    /// <summary>The trading day of a date, or <see langword="null"/> if it has none.</summary>
    public TradingDay? On(DateOnly date)
    {
        if (alwaysOpen) return new TradingDay(date, Midnight(date), Midnight(date.AddDays(1)));
        if (date.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday) return null;
        return new TradingDay(date, At(date, new TimeOnly(9, 30)), At(date, new TimeOnly(16, 0)));
    }

    /// <summary>The last trading day that had begun by then.</summary>
    public TradingDay Current(DateTimeOffset time)
    {
        for (var date = DateInNewYork(time); ; date = date.AddDays(-1))
        {
            if (On(date) is { } day && day.Open <= time) return day;
        }
    }

    /// <summary>The trading day before one.</summary>
    public TradingDay Before(TradingDay day) => Current(day.Open.AddTicks(-1));

    /// <summary>The first trading day that ends after a moment.</summary>
    public TradingDay EndingAfter(DateTimeOffset time)
    {
        for (var date = DateInNewYork(time); ; date = date.AddDays(1))
        {
            if (On(date) is { } day && day.Close > time) return day;
        }
    }

    public MarketClock Clock(DateTimeOffset now)
    {
        var day = EndingAfter(now);
        var isOpen = day.Open <= now;
        return new MarketClock(now, isOpen, isOpen ? EndingAfter(day.Close).Open : day.Open, day.Close, alwaysOpen);
    }

    public static DateOnly DateInNewYork(DateTimeOffset time) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(time, s_newYork).DateTime);

    public static DateTimeOffset InNewYork(DateTimeOffset time) => TimeZoneInfo.ConvertTime(time, s_newYork);

    public static DateTimeOffset Midnight(DateOnly date) => At(date, TimeOnly.MinValue);

    private static DateTimeOffset At(DateOnly date, TimeOnly time)
    {
        var local = date.ToDateTime(time);
        return new DateTimeOffset(local, s_newYork.GetUtcOffset(local)).ToUniversalTime();
    }

    // Written out, because not every machine has a database of time zones: since 2007, summer time lasts from March's second Sunday to November's first.
    private static TimeZoneInfo NewYork()
    {
        var two = new DateTime(1, 1, 1, 2, 0, 0, DateTimeKind.Unspecified);
        var rule = TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(
            DateTime.MinValue.Date, DateTime.MaxValue.Date, TimeSpan.FromHours(1),
            TimeZoneInfo.TransitionTime.CreateFloatingDateRule(two, 3, 2, DayOfWeek.Sunday),
            TimeZoneInfo.TransitionTime.CreateFloatingDateRule(two, 11, 1, DayOfWeek.Sunday));
        return TimeZoneInfo.CreateCustomTimeZone("America/New_York", TimeSpan.FromHours(-5), "New York", "EST", "EDT", [rule]);
    }
}
