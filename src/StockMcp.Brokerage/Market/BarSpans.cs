namespace StockMcp.Brokerage.Market;

/// <summary>Where bars begin and end. Days are New York's.</summary>
internal static class BarSpans
{
    /// <summary>The spans that begin from one moment to another, both included.</summary>
    public static IEnumerable<(DateTimeOffset Start, DateTimeOffset End)> Between(MarketHours hours, BarTimeframe timeframe, DateTimeOffset from, DateTimeOffset to, bool newestFirst)
    {
        DateOnly first = MarketHours.DateInNewYork(from), last = MarketHours.DateInNewYork(to);
        var period = PeriodOf(newestFirst ? last : first, timeframe);
        while (newestFirst ? period.Next > first : period.First <= last)
        {
            foreach (var span in Within(hours, timeframe, period, newestFirst))
            {
                if (span.Start >= from && span.Start <= to) yield return span;
            }
            period = PeriodOf(newestFirst ? period.First.AddDays(-1) : period.Next, timeframe);
        }
    }

    // The first day of the bar that a date belongs to, and the first day after it.
    private static (DateOnly First, DateOnly Next) PeriodOf(DateOnly date, BarTimeframe timeframe)
    {
        switch (timeframe.Unit)
        {
            case BarUnit.Week:
                var monday = date.AddDays(-(((int)date.DayOfWeek + 6) % 7));
                return (monday, monday.AddDays(7));
            case BarUnit.Month:
                var month = new DateOnly(date.Year, date.Month - (date.Month - 1) % timeframe.Count, 1);
                return (month, month.AddMonths(timeframe.Count));
            default:
                return (date, date.AddDays(1));
        }
    }

    private static IEnumerable<(DateTimeOffset Start, DateTimeOffset End)> Within(MarketHours hours, BarTimeframe timeframe, (DateOnly First, DateOnly Next) period, bool newestFirst)
    {
        DateTimeOffset start = MarketHours.Midnight(period.First), end = MarketHours.Midnight(period.Next);
        if (timeframe.Unit is BarUnit.Week or BarUnit.Month) return [(start, end)];
        if (hours.On(period.First) is not { } day) return [];
        if (timeframe.Unit == BarUnit.Day) return [(start, end)];

        var length = timeframe.Unit == BarUnit.Minute ? TimeSpan.FromMinutes(timeframe.Count) : TimeSpan.FromHours(timeframe.Count);
        int first = (int)((day.Open - start) / length), last = (int)((day.Close.AddTicks(-1) - start) / length);
        var numbers = Enumerable.Range(first, last - first + 1);
        return (newestFirst ? numbers.Reverse() : numbers).Select(number => (start + number * length, Earlier(start + (number + 1) * length, end)));
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
