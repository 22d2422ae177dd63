using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using StockMcp.Authority.SignIn;
using StockMcp.Hosting;

namespace StockMcp.Authority.ApprovalPages;

/// <summary>Forms that decide come from a page of ours, in the browser and the session for which it was made (AP-02).</summary>
internal sealed class FormOrigin(IAntiforgery antiforgery, PublicUrl publicUrl) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
        => !HttpMethods.IsPost(context.HttpContext.Request.Method) || (IsSameOrigin(context.HttpContext.Request) && context.HttpContext.Request.HasFormContentType && await antiforgery.IsRequestValidAsync(context.HttpContext))
            ? await next(context)
            : new RazorComponentResult<ProblemPage>(new { Title = "Nothing was decided", Text = "This did not come from a page that was made for this browser, or you signed in again since. Open the request again." }) { StatusCode = StatusCodes.Status403Forbidden };

    // Browsers of today say where a form comes from. Our pages send no referrer, so that the origin is "null" even at home; then the form's token alone must do.
    private bool IsSameOrigin(HttpRequest request)
        => request.Headers["Sec-Fetch-Site"].ToString() is { Length: > 0 } site ? site == "same-origin" : request.Headers.Origin.ToString() is not { Length: > 0 } origin || origin == "null" || origin == publicUrl.Origin;
}
