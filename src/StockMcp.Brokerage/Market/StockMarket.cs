using Microsoft.Extensions.Options;

namespace StockMcp.Brokerage.Market;

/// <summary>The market: its shares, their prices at any time, and its hours. Prices move once a second.</summary>
public sealed class StockMarket(TimeProvider clock, IOptions<MarketOptions> options)
{
    /// <summary>Before it there was no trading.</summary>
    public static readonly DateTimeOffset Founded = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Dictionary<string, Stock> stocks = Stock.All.ToDictionary(stock => stock.Symbol);
    private readonly Dictionary<string, PriceWalk> walks = Stock.All.ToDictionary(stock => stock.Symbol, stock => new PriceWalk(options.Value.Seed, stock));

    /// <summary>Every share, by symbol.</summary>
    public IReadOnlyList<Stock> Stocks { get; } = Stock.All;

    internal MarketHours Hours { get; } = new(options.Value.AlwaysOpen);

    /// <summary>A share by its symbol, or <see langword="null"/> if there is none.</summary>
    public Stock? Find(string symbol) => stocks.GetValueOrDefault(symbol);

    /// <summary>The prices of now. While the market is closed, those of its last second.</summary>
    public Quote LatestQuote(string symbol) => QuoteAt(symbol, clock.GetUtcNow());

    /// <summary>The prices of a moment.</summary>
    public Quote QuoteAt(string symbol, DateTimeOffset time)
    {
        var (walk, second) = (walks[symbol], TradingSecond(time));
        var price = walk.PriceAt(second);
        return new Quote(symbol, Bid(price), 100 * (1 + walk.Draw(second, 1, 9)), Ask(price), 100 * (1 + walk.Draw(second, 2, 9)), price, PreviousClose(symbol, time), DateTimeOffset.FromUnixTimeSeconds(second));
    }

    /// <summary>The last trade.</summary>
    public Trade LatestTrade(string symbol)
    {
        var (walk, second) = (walks[symbol], TradingSecond(clock.GetUtcNow()));
        return new Trade(symbol, second, walk.PriceAt(second), 1 + walk.Draw(second, 3, 400), DateTimeOffset.FromUnixTimeSeconds(second));
    }

    /// <summary>The price of the last trade before or at a moment.</summary>
    public decimal PriceAt(string symbol, DateTimeOffset time) => walks[symbol].PriceAt(TradingSecond(time));

    /// <summary>The last price of the trading day before the current one.</summary>
    public decimal PreviousClose(string symbol, DateTimeOffset time) => PriceAt(symbol, PreviousClose(time));

    /// <summary>The last moment of the trading day before the current one.</summary>
    public DateTimeOffset PreviousClose(DateTimeOffset time) => Hours.Before(Hours.Current(time)).Close.AddTicks(-1);

    /// <summary>The bars that begin in a span, oldest first. The last one may still grow.</summary>
    /// <param name="symbol">The share.</param>
    /// <param name="timeframe">Each bar's length.</param>
    /// <param name="from">The first moment at which one may begin.</param>
    /// <param name="to">The last moment at which one may begin.</param>
    /// <param name="limit">How many at most.</param>
    public IReadOnlyList<Bar> Bars(string symbol, BarTimeframe timeframe, DateTimeOffset from, DateTimeOffset to, int limit)
        => [.. Bars(symbol, timeframe, from, to, newestFirst: false).Take(limit)];

    /// <summary>The bars that begin in a span, each made when it is asked for.</summary>
    public IEnumerable<Bar> Bars(string symbol, BarTimeframe timeframe, DateTimeOffset from, DateTimeOffset to, bool newestFirst)
    {
        var now = clock.GetUtcNow();
        foreach (var (start, end) in BarSpans.Between(Hours, timeframe, from > Founded ? from : Founded, to < now ? to : now, newestFirst))
        {
            if (BarOf(symbol, start, end, now) is { } bar) yield return bar;
        }
    }

    /// <summary>Whether the market is open, and until when.</summary>
    public MarketClock Clock() => Hours.Clock(clock.GetUtcNow());

    /// <summary>The first moment of a span in which the market was open and a share's price met a condition, and the quote of that moment; <see langword="null"/> if there was none.</summary>
    /// <param name="symbol">The share.</param>
    /// <param name="from">The span's beginning.</param>
    /// <param name="to">The span's end, which belongs to it.</param>
    /// <param name="falling">Whether each lower price meets the condition, too; otherwise each higher one.</param>
    /// <param name="condition">The condition on the bid and the ask price.</param>
    public Quote? FirstQuoteWhere(string symbol, DateTimeOffset from, DateTimeOffset to, bool falling, Func<decimal, decimal, bool> condition)
    {
        var walk = walks[symbol];
        for (var day = Hours.EndingAfter(from); day.Open <= to; day = Hours.EndingAfter(day.Close))
        {
            // An always open market is one long day.
            var open = day.Open > from ? day.Open : from;
            var close = Hours.AlwaysOpen || day.Close > to ? to : day.Close.AddTicks(-1);
            var second = walk.FirstWhere(open.ToUnixTimeSeconds(), close.ToUnixTimeSeconds(), falling, price => condition(Bid(price), Ask(price)));
            if (second is { } found) return QuoteAt(symbol, DateTimeOffset.FromUnixTimeSeconds(found));
            if (Hours.AlwaysOpen) break;
        }
        return null;
    }

    private Bar? BarOf(string symbol, DateTimeOffset start, DateTimeOffset end, DateTimeOffset now)
    {
        var walk = walks[symbol];
        Bar? bar = null;
        foreach (var (open, close) in OpenSpans(start, end))
        {
            long first = open.ToUnixTimeSeconds(), last = Math.Min(close.ToUnixTimeSeconds() - 1, now.ToUnixTimeSeconds());
            if (first > last) continue;
            var (low, high) = walk.Range(first, last);
            var (volume, trades) = Turnover(walk, first, last);
            bar = bar is null
                ? new Bar(start, walk.PriceAt(first), high, low, walk.PriceAt(last), volume, trades, 0)
                : bar with { High = Math.Max(bar.High, high), Low = Math.Min(bar.Low, low), Close = walk.PriceAt(last), Volume = bar.Volume + volume, TradeCount = bar.TradeCount + trades };
        }
        return bar is null ? null : bar with { VolumeWeightedPrice = decimal.Round((bar.Open + bar.High + bar.Low + bar.Close) / 4, 4) };
    }

    private IEnumerable<(DateTimeOffset Open, DateTimeOffset Close)> OpenSpans(DateTimeOffset start, DateTimeOffset end)
    {
        if (Hours.AlwaysOpen)
        {
            yield return (start, end);
            yield break;
        }
        for (var day = Hours.EndingAfter(start); day.Open < end; day = Hours.EndingAfter(day.Close))
            yield return (day.Open > start ? day.Open : start, day.Close < end ? day.Close : end);
    }

    // Drawn by the minute, so that an hour's volume is the sum of its minutes'.
    private static (long Volume, long Trades) Turnover(PriceWalk walk, long first, long last)
    {
        long volume = 0, trades = 0;
        for (var minute = first / 60; minute <= last / 60; minute++)
        {
            var seconds = Math.Min(last, minute * 60 + 59) - Math.Max(first, minute * 60) + 1;
            volume += (200 + walk.Draw(minute, 4, 3000)) * seconds / 60;
            trades += (4 + walk.Draw(minute, 5, 60)) * seconds / 60;
        }
        return (volume, trades);
    }

    private long TradingSecond(DateTimeOffset time)
    {
        var day = Hours.Current(time);
        return (time < day.Close ? time : day.Close.AddTicks(-1)).ToUnixTimeSeconds();
    }

    // Bid and ask rise and fall with the price, which FirstQuoteWhere relies on.
    private decimal Bid(decimal price) => price - HalfSpread(price);

    private decimal Ask(decimal price) => price + HalfSpread(price);

    private decimal HalfSpread(decimal price) => Math.Max(0.01m, decimal.Round(price * options.Value.Spread / 2, 2, MidpointRounding.AwayFromZero));
}
