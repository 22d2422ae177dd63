using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace StockMcp.Brokerage.Market;

/// <summary>The setting <c>Market</c>.</summary>
public sealed record MarketOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Market";

    /// <summary>Another seed, another history of prices.</summary>
    public int Seed { get; init; } = 1939;

    /// <summary>A demo trades around the clock. Otherwise from 09:30 to 16:00 in New York, Monday to Friday.</summary>
    public bool AlwaysOpen { get; init; } = true;

    /// <summary>The gap between bid and ask, as a part of the price. 0 to 0.05.</summary>
    [Range(0, 0.05, ErrorMessage = "Market:Spread must lie between 0 and 0.05.")]
    public double Spread { get; init; } = 0.0008;
}

/// <summary>Prices of now and of any time before. Needs no login: this is what everybody may know.</summary>
public sealed class StockMarket(IOptions<MarketOptions> options, TimeProvider time)
{
    private const string NewYork = "America/New_York";
    private static readonly TimeSpan OpensAt = new(9, 30, 0);
    private static readonly TimeSpan ClosesAt = new(16, 0, 0);
    private readonly PriceWalk walk = new(options.Value.Seed);

    /// <summary>Every stock that is listed, by symbol.</summary>
    public IReadOnlyList<Stock> Listed => Stocks.All;

    /// <summary>The best offers of this second.</summary>
    public Quote LatestQuote(Stock stock)
    {
        var now = time.GetUtcNow();
        var second = now.ToUnixTimeSeconds();
        var last = walk.PriceAt(stock, second);
        var half = Math.Max(0.01m, decimal.Round(last * (decimal)options.Value.Spread / 2, 2));
        var size = 1 + Math.Round(walk.Fraction(stock, second) * 9);
        return new(stock.Symbol, Math.Max(0.01m, last - half), (decimal)size, last + half, 11 - (decimal)size, last, (decimal)(size * 10), DateTimeOffset.FromUnixTimeSeconds(second));
    }

    /// <summary>The last price at a time that has passed.</summary>
    public decimal PriceAt(Stock stock, DateTimeOffset at) => walk.PriceAt(stock, Math.Min(at.ToUnixTimeSeconds(), time.GetUtcNow().ToUnixTimeSeconds()));

    /// <summary>The bars that start at or after <paramref name="from"/> and before <paramref name="to"/>, oldest first; none of the future.</summary>
    /// <param name="stock">Of which stock.</param>
    /// <param name="length">How long each is.</param>
    /// <param name="from">The first one's earliest start.</param>
    /// <param name="to">All start before this.</param>
    /// <param name="limit">How many at most.</param>
    public IReadOnlyList<Bar> Bars(Stock stock, TimeSpan length, DateTimeOffset from, DateTimeOffset to, int limit)
    {
        var seconds = (long)length.TotalSeconds;
        var start = (from.ToUnixTimeSeconds() + seconds - 1) / seconds * seconds;
        var end = Math.Min(to.ToUnixTimeSeconds(), time.GetUtcNow().ToUnixTimeSeconds());
        var bars = new List<Bar>();
        for (; start < end && bars.Count < limit; start += seconds) bars.Add(MakeBar(stock, start, Math.Min(seconds, end - start)));
        return bars;
    }

    /// <summary>Whether orders are filled now, and what comes next.</summary>
    public MarketClock Clock()
    {
        var now = time.GetUtcNow();
        if (options.Value.AlwaysOpen)
        {
            var midnight = new DateTimeOffset(now.UtcDateTime.Date.AddDays(1), TimeSpan.Zero);
            return new(now, true, midnight, midnight);
        }
        var sessions = Enumerable.Range(0, 8).Select(day => Session(DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, Zone).Date).AddDays(day))).OfType<(DateTimeOffset Open, DateTimeOffset Close)>().ToList();
        return new(now, sessions.Any(session => session.Open <= now && now < session.Close), sessions.First(session => session.Open > now).Open, sessions.First(session => session.Close > now).Close);
    }

    /// <summary>When the market opens and closes on a day in New York; <see langword="null"/> on a day of rest.</summary>
    public (DateTimeOffset Open, DateTimeOffset Close)? Session(DateOnly day)
    {
        if (options.Value.AlwaysOpen)
        {
            var start = new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
            return (start, start.AddDays(1));
        }
        if (day.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday) return null;
        return (In(day, OpensAt), In(day, ClosesAt));
    }

    /// <summary>Where the calendar's hours are: UTC while the market never closes.</summary>
    public TimeZoneInfo CalendarZone => options.Value.AlwaysOpen ? TimeZoneInfo.Utc : Zone;

    private static TimeZoneInfo Zone => TimeZoneInfo.FindSystemTimeZoneById(NewYork);

    private static DateTimeOffset In(DateOnly day, TimeSpan at)
    {
        var local = day.ToDateTime(TimeOnly.FromTimeSpan(at));
        return new DateTimeOffset(local, Zone.GetUtcOffset(local)).ToUniversalTime();
    }

    private Bar MakeBar(Stock stock, long start, long seconds)
    {
        const int Samples = 12;
        var prices = new decimal[Samples + 1];
        for (var i = 0; i <= Samples; i++) prices[i] = walk.PriceAt(stock, start + (seconds * i / Samples));
        var volume = 100 + (long)(walk.Fraction(stock, start) * seconds * 40);
        return new(DateTimeOffset.FromUnixTimeSeconds(start), prices[0], prices.Max(), prices.Min(), prices[^1], volume, 1 + (volume / 25), decimal.Round(prices.Average(), 4));
    }
}

/// <summary>Adds the market.</summary>
public static class MarketExtensions
{
    /// <summary>Adds the market and its settings.</summary>
    public static void AddMarket(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<MarketOptions>().BindConfiguration(MarketOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<StockMarket>();
    }
}
