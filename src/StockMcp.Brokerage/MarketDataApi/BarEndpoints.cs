using System.Buffers.Text;
using System.Globalization;
using System.Text;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.TradingApi;

namespace StockMcp.Brokerage.MarketDataApi;

/// <summary><c>/v2/stocks/bars</c> and <c>/v2/stocks/{symbol}/bars</c>, a page at a time.</summary>
internal static class BarEndpoints
{
    private const int LargestPage = 10_000;

    public static void MapBars(this RouteGroupBuilder stocks)
    {
        stocks.MapGet("/bars", (HttpContext context, StockMarket market) =>
        {
            var query = new QueryValues(context.Request.Query, AlpacaException.Parameter);
            var (bars, next) = Read(query, [.. MarketDataEndpoints.StocksOf(query, market)], market);
            return AlpacaJson.Result(new { Bars = bars.GroupBy(found => found.Symbol).ToDictionary(group => group.Key, group => group.Select(found => new BarAnswer(found.Bar))), NextPageToken = next });
        });
        stocks.MapGet("/{symbol}/bars", (string symbol, HttpContext context, StockMarket market) =>
        {
            var stock = MarketDataEndpoints.StockOf(symbol, market);
            var (bars, next) = Read(new QueryValues(context.Request.Query, AlpacaException.Parameter), [stock], market);
            return AlpacaJson.Result(new { stock.Symbol, Bars = bars.Select(found => new BarAnswer(found.Bar)), NextPageToken = next });
        });
    }

    private static (List<(string Symbol, Bar Bar)> Bars, string? NextPageToken) Read(QueryValues query, IReadOnlyList<Stock> stocks, StockMarket market)
    {
        MarketDataEndpoints.CheckSource(query);
        query.OneOf("adjustment", "raw", "raw", "split", "dividend", "spin-off", "all");
        if (!BarTimeframe.TryParse(query.Text("timeframe"), out var timeframe))
            throw AlpacaException.Parameter("invalid timeframe: timeframe must be 1Min to 59Min, 1Hour to 23Hour, 1Day, 1Week, or 1, 2, 3, 4, 6 or 12Month");
        var now = market.Clock().Now;
        var start = query.Time("start") ?? MarketHours.Midnight(MarketHours.DateInNewYork(now));
        var end = query.Time("end") ?? now;
        if (end < start) throw AlpacaException.Parameter("end should not be before start");
        var newestFirst = query.OneOf("sort", "asc", "asc", "desc") == "desc";
        var limit = query.Number("limit", 1000, 1, LargestPage);
        var after = query.Text("page_token") is { } token ? PageToken.Parse(token) ?? throw AlpacaException.Parameter("invalid page_token: it must be the next_page_token of the same request") : null;

        var found = stocks.Where(stock => after is null || string.CompareOrdinal(stock.Symbol, after.Symbol) >= 0)
            .SelectMany(stock => Rest(stock.Symbol, start, end).Select(bar => (stock.Symbol, Bar: bar))).Take(limit + 1).ToList();
        if (found.Count <= limit) return (found, null);
        found.RemoveAt(limit);
        return (found, new PageToken(found[^1].Symbol, found[^1].Bar.Start).ToString());

        IEnumerable<Bar> Rest(string symbol, DateTimeOffset from, DateTimeOffset to)
        {
            if (after?.Symbol == symbol && !newestFirst && after.Start >= from) from = after.Start.AddTicks(1);
            if (after?.Symbol == symbol && newestFirst && after.Start <= to) to = after.Start.AddTicks(-1);
            return from <= to ? market.Bars(symbol, timeframe, from, to, newestFirst) : [];
        }
    }

    // Where a page ended. It is no secret and grants nothing, so it is not sealed.
    private sealed record PageToken(string Symbol, DateTimeOffset Start)
    {
        public static PageToken? Parse(string text)
        {
            if (text.Length > 64 || !Base64Url.IsValid(text)) return null;
            var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)).Split('|');
            return parts.Length == 2 && Stock.IsSymbol(parts[0]) && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds < 10_000_000_000
                ? new PageToken(parts[0], DateTimeOffset.FromUnixTimeSeconds(seconds)) : null;
        }

        public override string ToString() => Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{Symbol}|{Start.ToUnixTimeSeconds()}"));
    }
}
