using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.SignIn;
using StockMcp.Brokerage.Site;

namespace StockMcp.Brokerage.Prices;

/// <summary>The public prices: pages for people, and one answer for scripts. Nobody needs to sign in for them.</summary>
public static class PriceExtensions
{
    /// <summary><c>/prices</c>, <c>/prices/{symbol}</c> and <c>/prices.json</c>.</summary>
    public static void MapPrices(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/prices", (StockMarket market, TimeProvider time) => new RazorComponentResult<PricesPage>(new
        {
            Clock = market.Clock(),
            Rows = (IReadOnlyList<PricesPage.Row>)[.. market.Stocks.Select(stock => new PricesPage.Row(stock, market.LatestQuote(stock.Symbol), DayOf(market, stock.Symbol, time.GetUtcNow())))],
        }));
        routes.MapGet("/prices/{symbol}", IResult (string symbol, string? range, StockMarket market) =>
        {
            if (market.Find(symbol.ToUpperInvariant()) is not { } stock) return SiteExtensions.NotFound("There is no share of this name. All shares are on the price page.");
            var span = PriceRange.Find(range);
            return new RazorComponentResult<PricePage>(new { Stock = stock, Quote = market.LatestQuote(stock.Symbol), Clock = market.Clock(), Range = span, Points = span.Points(market, stock.Symbol) });
        });
        routes.MapGet(SessionCookie.LivePrices, (StockMarket market, TimeProvider time) => TypedResults.Ok(new
        {
            Time = time.GetUtcNow(),
            market.Clock().IsOpen,
            Prices = market.Stocks.Select(stock => Answer(stock, market.LatestQuote(stock.Symbol))),
        }));
    }

    // Decimals as strings, as everywhere; and as text, so that the page shows what it would have shown itself.
    private static object Answer(Stock stock, Quote quote)
    {
        var change = quote.Last - quote.PreviousClose;
        return new
        {
            stock.Symbol,
            stock.Name,
            Price = quote.Last.ToString(CultureInfo.InvariantCulture),
            Bid = quote.Bid.ToString(CultureInfo.InvariantCulture),
            Ask = quote.Ask.ToString(CultureInfo.InvariantCulture),
            PreviousClose = quote.PreviousClose.ToString(CultureInfo.InvariantCulture),
            Change = change.ToString(CultureInfo.InvariantCulture),
            Tone = Figures.Tone(change),
            Text = new
            {
                Price = Figures.Usd(quote.Last),
                Bid = Figures.Usd(quote.Bid),
                Ask = Figures.Usd(quote.Ask),
                Change = Figures.Gain(change),
                Percent = Figures.Percent(change / quote.PreviousClose),
            },
        };
    }

    private static IReadOnlyList<decimal> DayOf(StockMarket market, string symbol, DateTimeOffset now)
        => [.. Enumerable.Range(0, 33).Select(step => market.PriceAt(symbol, now.AddMinutes(-45 * (32 - step))))];
}
