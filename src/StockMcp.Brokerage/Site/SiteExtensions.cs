using Microsoft.AspNetCore.Http.HttpResults;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.Users;

namespace StockMcp.Brokerage.Site;

/// <summary>The start page, and what all pages share.</summary>
public static class SiteExtensions
{
    /// <summary>The start page <c>/</c>, and a page for every path that is none.</summary>
    public static void MapSite(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", (DemoUsers demo, StockMarket market) => new RazorComponentResult<StartPage>(new { Demo = demo, Quotes = (IReadOnlyList<Quote>)[.. market.Stocks.Select(stock => market.LatestQuote(stock.Symbol))] }));
        routes.MapFallback(() => NotFound("There is nothing at this address."));
    }

    /// <summary>A page for what is not there.</summary>
    internal static RazorComponentResult<MessagePage> NotFound(string message)
        => new(new { Title = "Not found", Message = message }) { StatusCode = StatusCodes.Status404NotFound };
}
