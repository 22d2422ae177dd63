using Microsoft.AspNetCore.Http.HttpResults;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.OrderTicket;
using StockMcp.Brokerage.Prices;
using StockMcp.Brokerage.SignIn;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.Dashboard;

/// <summary>What the account's owner sees of it.</summary>
public static class DashboardExtensions
{
    private const int ShownOrders = 12;

    /// <summary>The page <c>/dashboard</c>, and its parts alone, with which its script keeps it up to date.</summary>
    public static void MapDashboard(this IEndpointRouteBuilder routes)
    {
        var pages = routes.MapGroup("").RequireAuthorization();
        pages.MapGet("/dashboard", async (HttpContext context, string? symbol, string? order, TradingDesk desk, StockMarket market, TimeProvider time, CancellationToken cancellationToken) =>
        {
            var view = await ReadAsync(context.PersonId(), symbol, desk, market, time, cancellationToken);
            var placed = Guid.TryParseExact(order, "D", out var id) ? await FindAsync(desk, context.PersonId(), id, cancellationToken) : null;
            var ticket = TicketForm.Empty([new("symbol", view.Stock.Symbol)]);
            return new RazorComponentResult<DashboardPage>(new { View = view, Ticket = ticket, market.Stocks, Placed = placed });
        });
        pages.MapGet(SessionCookie.LivePath + "/dashboard", async (HttpContext context, string? symbol, TradingDesk desk, StockMarket market, TimeProvider time, CancellationToken cancellationToken)
            => new RazorComponentResult<LiveParts>(new { View = await ReadAsync(context.PersonId(), symbol, desk, market, time, cancellationToken) }));
    }

    private static async Task<DashboardView> ReadAsync(Guid person, string? symbol, TradingDesk desk, StockMarket market, TimeProvider time, CancellationToken cancellationToken)
    {
        var account = await desk.GetAccountAsync(person, cancellationToken);
        var positions = await desk.ListPositionsAsync(person, cancellationToken);
        var open = await desk.ListOrdersAsync(person, new OrderQuery { Status = OrderStatusFilter.Open, Limit = 100 }, cancellationToken);
        var ended = await desk.ListOrdersAsync(person, new OrderQuery { Status = OrderStatusFilter.Closed, Limit = ShownOrders }, cancellationToken);

        var now = time.GetUtcNow();
        var month = now.AddDays(-30);
        var from = account.OpenedAt > month ? account.OpenedAt : month;
        var timeframe = (now - from).TotalDays switch { <= 1.5 => new BarTimeframe(5, BarUnit.Minute), <= 9 => BarTimeframe.Hour, _ => BarTimeframe.Day };
        var history = await desk.PortfolioHistoryAsync(person, timeframe, from, now, cancellationToken);
        // A step's value is that of its end, which is the next one's beginning.
        var values = history.Points.Zip(history.Points.Skip(1), (step, next) => (next.Start, step.Equity));

        var stock = market.Find(symbol?.ToUpperInvariant() ?? "") ?? market.Find(positions.MaxBy(position => position.MarketValue)?.Symbol ?? "WAYNE")!;
        return new DashboardView(
            account, positions, [.. open, .. ended],
            [(from, history.BaseValue), .. values, (now, account.Equity)],
            stock, market.LatestQuote(stock.Symbol), PriceRange.All[0].Points(market, stock.Symbol), market.Clock());
    }

    private static async Task<Order?> FindAsync(TradingDesk desk, Guid person, Guid order, CancellationToken cancellationToken)
    {
        try
        {
            return await desk.GetOrderAsync(person, order, cancellationToken);
        }
        catch (TradingException refusal) when (refusal.Error == TradingError.NotFound)
        {
            return null;
        }
    }
}
