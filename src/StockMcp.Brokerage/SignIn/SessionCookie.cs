using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using StockMcp.Brokerage.Database;

namespace StockMcp.Brokerage.SignIn;

/// <summary>Ties the cookie to the session's row: looks for it at each request, and removes it at sign-out.</summary>
internal sealed class SessionCookie : CookieAuthenticationEvents
{
    /// <summary>The claim that names the session.</summary>
    public const string SessionId = "sid";

    /// <summary>What a page asks for by itself, without the person doing anything, begins with this: it does not keep the session alive.</summary>
    public const string LivePath = "/live";

    /// <summary>The public prices, which pages ask for by themselves, too.</summary>
    public const string LivePrices = "/prices.json";

    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        var earliest = context.Options.TimeProvider!.GetUtcNow() - Session.Longest;
        var database = context.HttpContext.RequestServices.GetRequiredService<BrokerageDbContext>();
        if (!Guid.TryParse(context.Principal?.FindFirstValue(SessionId), out var id)
            || !await database.Set<Session>().AnyAsync(session => session.Id == id && session.SignedInAt > earliest, context.HttpContext.RequestAborted))
            context.RejectPrincipal();
    }

    public override Task CheckSlidingExpiration(CookieSlidingExpirationContext context)
    {
        if (context.Request.Path.StartsWithSegments(LivePath, StringComparison.Ordinal) || context.Request.Path == LivePrices) context.ShouldRenew = false;
        return Task.CompletedTask;
    }

    public override async Task SigningOut(CookieSigningOutContext context)
    {
        if (!Guid.TryParse(context.HttpContext.User.FindFirstValue(SessionId), out var id)) return;
        var database = context.HttpContext.RequestServices.GetRequiredService<BrokerageDbContext>();
        await database.Set<Session>().Where(session => session.Id == id).ExecuteDeleteAsync(context.HttpContext.RequestAborted);
    }

    // A form that was sent without a session is not sent again after sign-in: the person sees where they are, and decides anew.
    public override Task RedirectToLogin(Microsoft.AspNetCore.Authentication.RedirectContext<CookieAuthenticationOptions> context)
    {
        if (HttpMethods.IsGet(context.Request.Method)) return base.RedirectToLogin(context);
        context.Response.Redirect(context.Options.LoginPath + QueryString.Create(context.Options.ReturnUrlParameter, "/dashboard"));
        return Task.CompletedTask;
    }
}

/// <summary>Who is signed in.</summary>
internal static class SignedInPerson
{
    public static Guid PersonId(this HttpContext context) => Guid.Parse(context.User.FindFirstValue(OpenIddictConstants.Claims.Subject)!);
}
