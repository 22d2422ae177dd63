using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;

namespace StockMcp.Agent;

/// <summary>Forms come from a page of ours, in the browser and the session for which it was made.</summary>
internal sealed class FormCheck(IAntiforgery antiforgery) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var request = context.HttpContext.Request;
        var sameOrigin = request.Headers["Sec-Fetch-Site"].ToString() is "" or "same-origin";
        return sameOrigin && request.HasFormContentType && await antiforgery.IsRequestValidAsync(context.HttpContext)
            ? await next(context)
            : new RazorComponentResult<ProblemPage>(new { Title = "Nothing was done", Text = "This did not come from a page that was made for this browser, or you signed in again since. Reload the page and try again." }) { StatusCode = StatusCodes.Status403Forbidden };
    }
}
