using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;

namespace StockMcp.Brokerage.Site;

/// <summary>Where the forms of our own pages are sent.</summary>
internal static class FormEndpoints
{
    /// <summary>A form's endpoint. It runs only for a form that this site made for this person (AS-10); others end on a page that says what to do.</summary>
    public static RouteHandlerBuilder MapForm(this IEndpointRouteBuilder routes, string pattern, Delegate handler)
        => routes.MapPost(pattern, handler).AddEndpointFilter(async (invocation, next) =>
        {
            var context = invocation.HttpContext;
            if (context.Request.HasFormContentType && await context.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context)) return await next(invocation);
            return new RazorComponentResult<MessagePage>(new
            {
                Title = "This form was out of date",
                Message = "It was made for another session, or did not come from this site. Nothing was done. Go back, reload the page, and send the form again.",
            })
            { StatusCode = StatusCodes.Status400BadRequest };
        });
}
