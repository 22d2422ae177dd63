using System.Globalization;
using CsCheck;
using StockMcp.Brokerage.Market;

namespace StockMcp.Brokerage.Tests.Market;

public class MarketHoursTests
{
    private static readonly MarketHours s_weekdays = new(alwaysOpen: false);
    private static readonly MarketHours s_always = new(alwaysOpen: true);

    private static DateTimeOffset Utc(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    [Theory]
    [InlineData("2026-03-06", "2026-03-06 14:30", "2026-03-06 21:00")] // the last Friday of winter time
    [InlineData("2026-03-09", "2026-03-09 13:30", "2026-03-09 20:00")] // the first Monday of summer time
    [InlineData("2026-10-30", "2026-10-30 13:30", "2026-10-30 20:00")]
    [InlineData("2026-11-02", "2026-11-02 14:30", "2026-11-02 21:00")]
    public void A_trading_day_keeps_New_Yorks_time_of_day(string date, string open, string close)
        => s_weekdays.On(DateOnly.Parse(date)).Should().Be(new TradingDay(DateOnly.Parse(date), Utc(open), Utc(close)));

    [Theory]
    [InlineData("2026-03-07", 24)]
    [InlineData("2026-03-08", 23)]
    [InlineData("2026-11-01", 25)]
    public void A_market_that_is_always_open_has_days_as_long_as_New_Yorks(string date, int hours)
    {
        var day = s_always.On(DateOnly.Parse(date))!;
        (day.Close - day.Open).Should().Be(TimeSpan.FromHours(hours));
        s_always.EndingAfter(day.Close).Open.Should().Be(day.Close, "the next one begins in the moment in which it ends");
        BarSpans.Between(s_always, BarTimeframe.Hour, day.Open, day.Close.AddTicks(-1), newestFirst: false).Should().HaveCount(hours);
    }

    [Theory]
    [InlineData("2026-11-24 14:29:59", false)]
    [InlineData("2026-11-24 14:30:00", true)]
    [InlineData("2026-11-24 20:59:59", true)]
    [InlineData("2026-11-24 21:00:00", false)]
    [InlineData("2026-11-28 16:00:00", false)]
    public void It_is_open_from_half_past_nine_to_four_on_weekdays(string time, bool open) => s_weekdays.IsOpen(Utc(time)).Should().Be(open);

    [Fact]
    public void The_clock_tells_the_next_opening_over_a_weekend()
    {
        s_weekdays.Clock(Utc("2026-10-30 21:00")).Should().Be(new MarketClock(Utc("2026-10-30 21:00"), false, Utc("2026-11-02 14:30"), Utc("2026-11-02 21:00"), false));
        s_weekdays.Clock(Utc("2026-10-30 19:00")).Should().Be(new MarketClock(Utc("2026-10-30 19:00"), true, Utc("2026-11-02 14:30"), Utc("2026-10-30 20:00"), false));
    }

    [Fact]
    public void Each_moment_belongs_to_one_day_and_days_do_not_overlap() => Gen.Select(Gen.Bool, Gen.Long[1_577_836_800, 2_524_608_000]).Sample((always, seconds) =>
    {
        var (hours, time) = (always ? s_always : s_weekdays, DateTimeOffset.FromUnixTimeSeconds(seconds));
        TradingDay current = hours.Current(time), before = hours.Before(current), ending = hours.EndingAfter(time);
        current.Open.Should().BeOnOrBefore(time);
        before.Close.Should().BeOnOrBefore(current.Open);
        ending.Close.Should().BeAfter(time);
        hours.IsOpen(time).Should().Be(current == ending);
        if (!hours.IsOpen(time)) ending.Should().Be(hours.EndingAfter(current.Close), "between two days the next one is the one that ends next");
        (ending.Close - ending.Open).TotalHours.Should().Be(always ? (ending.Close - ending.Open).TotalHours : 6.5);
    }, iter: 2000, threads: 1);
}
