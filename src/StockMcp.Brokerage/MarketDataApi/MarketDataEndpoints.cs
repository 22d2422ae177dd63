using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.TradingApi;

namespace StockMcp.Brokerage.MarketDataApi;

/// <summary>The part of Alpaca's Market Data API v2 that is served here, for one share and for several. Open to everybody.</summary>
public static class MarketDataEndpoints
{
    internal const int MostSymbols = 100;

    /// <summary>Latest quotes, trades and bars, and bars of the past.</summary>
    public static void MapMarketDataApi(this IEndpointRouteBuilder routes)
    {
        var stocks = routes.MapAlpacaGroup(Policies.PublicData).MapGroup("/stocks");
        MapLatest(stocks, "quote", (stock, market) => new QuoteAnswer(market.LatestQuote(stock.Symbol), stock));
        MapLatest(stocks, "trade", (stock, market) => new TradeAnswer(market.LatestTrade(stock.Symbol), stock));
        MapLatest(stocks, "bar", (stock, market) => new BarAnswer(LatestBar(market, stock, BarTimeframe.Minute)));
        stocks.MapBars();
    }

    /// <summary>The quotation system that reports a share: C for NASDAQ's, A for New York's.</summary>
    internal static string TapeOf(Stock stock) => stock.Exchange == "NASDAQ" ? "C" : "A";

    /// <summary>The shares that the query asks for. A symbol that does not exist is left out of an answer, as Alpaca does.</summary>
    internal static IEnumerable<Stock> StocksOf(QueryValues query, StockMarket market)
        => (query.Symbols("symbols", MostSymbols) is { Count: > 0 } symbols ? symbols : throw AlpacaException.Parameter("symbols is required: one or more, separated by commas")).Select(market.Find).OfType<Stock>();

    /// <summary>The share of the path.</summary>
    internal static Stock StockOf(string symbol, StockMarket market)
    {
        if (!Stock.IsSymbol(symbol)) throw AlpacaException.Parameter("invalid symbol: symbol must be 1 to 5 capital letters, for example WAYNE");
        return market.Find(symbol) ?? throw AlpacaException.NotFound($"symbol not found: {symbol}");
    }

    /// <summary>What a choice of source or currency may be: there is one source, and it is in USD.</summary>
    internal static void CheckSource(QueryValues query)
    {
        query.OneOf("feed", "sip", "sip", "iex", "otc", "boats", "overnight", "delayed_sip");
        query.OneOf("currency", "USD", "USD");
    }

    private static void MapLatest(RouteGroupBuilder stocks, string kind, Func<Stock, StockMarket, object> answer)
    {
        stocks.MapGet($"/{kind}s/latest", (HttpContext context, StockMarket market) =>
        {
            var query = new QueryValues(context.Request.Query, AlpacaException.Parameter);
            CheckSource(query);
            return AlpacaJson.Result(new Dictionary<string, object> { [kind + "s"] = StocksOf(query, market).ToDictionary(stock => stock.Symbol, stock => answer(stock, market)) });
        });
        stocks.MapGet($"/{{symbol}}/{kind}s/latest", (string symbol, HttpContext context, StockMarket market) =>
        {
            CheckSource(new QueryValues(context.Request.Query, AlpacaException.Parameter));
            var stock = StockOf(symbol, market);
            return AlpacaJson.Result(new Dictionary<string, object> { ["symbol"] = stock.Symbol, [kind] = answer(stock, market) });
        });
    }

    private static Bar LatestBar(StockMarket market, Stock stock, BarTimeframe timeframe)
    {
        var now = market.Clock().Now;
        return market.Bars(stock.Symbol, timeframe, now.AddDays(-7), now, newestFirst: true).First();
    }
}
