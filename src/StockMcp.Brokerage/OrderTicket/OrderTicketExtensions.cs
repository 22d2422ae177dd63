using Microsoft.AspNetCore.Http.HttpResults;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.SignIn;
using StockMcp.Brokerage.Site;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.OrderTicket;

/// <summary>How the account's owner orders: ticket, review, place, cancel.</summary>
public static class OrderTicketExtensions
{
    /// <summary>The pages <c>/trade</c> and <c>/trade/review</c>, and the forms that place and cancel.</summary>
    public static void MapOrderTicket(this IEndpointRouteBuilder routes)
    {
        var pages = routes.MapGroup("").RequireAuthorization();
        pages.MapGet("/trade", (HttpContext context, StockMarket market) => Ticket(TicketForm.Empty(context.Request.Query), market, StatusCodes.Status200OK));
        pages.MapGet("/trade/review", ReviewAsync);
        pages.MapForm("/trade", PlaceAsync);
        pages.MapForm("/orders/{id:guid}/cancel", CancelAsync);
    }

    // Changes nothing, so it is a GET: going back and reloading are harmless.
    private static async Task<IResult> ReviewAsync(HttpContext context, TradingDesk desk, StockMarket market, TimeProvider time, CancellationToken cancellationToken)
    {
        var ticket = TicketForm.Read(context.Request.Query);
        if (ticket.Order is not { } order) return Ticket(ticket, market);
        try
        {
            var review = await desk.ReviewOrderAsync(context.PersonId(), order, cancellationToken);
            // The id is made here, so that sending the form twice places one order.
            return new RazorComponentResult<ReviewPage>(new { Ticket = ticket, Order = order, Review = review, Stock = market.Find(order.Symbol)!, ClientOrderId = Guid.CreateVersion7(time.GetUtcNow()).ToString() });
        }
        catch (TradingException refusal)
        {
            ticket.Refuse(refusal);
            return Ticket(ticket, market);
        }
    }

    private static async Task<IResult> PlaceAsync(HttpContext context, TradingDesk desk, StockMarket market, CancellationToken cancellationToken)
    {
        var ticket = TicketForm.Read(context.Request.Form);
        if (ticket.Order is not { } order) return Ticket(ticket, market);
        try
        {
            return Done(await desk.PlaceOrderAsync(context.PersonId(), order, cancellationToken));
        }
        catch (TradingException refusal) when (refusal.Error == TradingError.DuplicateClientOrderId)
        {
            return Done(await desk.GetOrderAsync(context.PersonId(), order.ClientOrderId!, cancellationToken));
        }
        catch (TradingException refusal)
        {
            ticket.Refuse(refusal);
            return Ticket(ticket, market);
        }
    }

    private static async Task<IResult> CancelAsync(Guid id, HttpContext context, TradingDesk desk, CancellationToken cancellationToken)
    {
        try
        {
            await desk.CancelOrderAsync(context.PersonId(), id, cancellationToken);
        }
        catch (TradingException refusal) when (refusal.Error == TradingError.NotFound)
        {
            return SiteExtensions.NotFound("You have no such order.");
        }
        catch (TradingException refusal) when (refusal.Error == TradingError.NotCancelable)
        {
            // It ended in another way first: the dashboard says how.
        }
        return Results.LocalRedirect($"/dashboard?order={id}");
    }

    private static IResult Done(Order order) => Results.LocalRedirect($"/dashboard?symbol={order.Symbol}&order={order.Id}");

    private static RazorComponentResult<TicketPage> Ticket(TicketForm ticket, StockMarket market, int status = StatusCodes.Status422UnprocessableEntity)
        => new(new { Ticket = ticket, market.Stocks }) { StatusCode = status };
}
