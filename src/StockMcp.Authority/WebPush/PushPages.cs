using System.Security.Claims;
using StockMcp.Authority.ApprovalPages;
using StockMcp.Authority.SignIn;

namespace StockMcp.Authority.WebPush;

/// <summary>Switches notifications on and off, on the page of approvals.</summary>
internal static class PushPages
{
    public static async Task<IResult> SubscribeAsync(ClaimsPrincipal user, HttpContext context, BrowserSubscriptions subscriptions, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        return await subscriptions.AddAsync(user.PersonId(), form["endpoint"].ToString(), form["p256dh"].ToString(), form["auth"].ToString(), BrowserName.Of(context.Request.Headers.UserAgent.ToString()), cancellationToken)
            ? Results.NoContent()
            : Results.BadRequest();
    }

    public static async Task<IResult> RemoveAsync(ClaimsPrincipal user, HttpContext context, BrowserSubscriptions subscriptions, CancellationToken cancellationToken)
    {
        if (Guid.TryParse((await context.Request.ReadFormAsync(cancellationToken))["id"], out var id)) await subscriptions.RemoveAsync(user.PersonId(), id, cancellationToken);
        return Results.LocalRedirect(ApprovalPageExtensions.Page);
    }
}
