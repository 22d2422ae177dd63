using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using StockMcp.Brokerage.Database;
using StockMcp.Brokerage.Site;
using StockMcp.Brokerage.Users;
using StockMcp.Hosting;

namespace StockMcp.Brokerage.SignIn;

/// <summary>The Brokerage's own session: a cookie, after name and password.</summary>
public static class SignInExtensions
{
    /// <summary>The claim that says when the person last gave their password, in seconds since 1970.</summary>
    public const string AuthenticationTime = OpenIddictConstants.Claims.AuthenticationTime;

    /// <summary>Adds the session cookie (AS-19).</summary>
    public static void AddSignIn(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var https = PublicUrl.From(builder.Configuration, builder.Environment).IsHttps;
        builder.Services.AddSingleton<SessionCookie>();
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(options =>
        {
            options.Cookie.Name = (https ? "__Host-" : "") + "stockmcp-brokerage";
            options.Cookie.SecurePolicy = https ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.ExpireTimeSpan = TimeSpan.FromMinutes(15);
            options.SlidingExpiration = true;
            options.LoginPath = "/sign-in";
            options.ReturnUrlParameter = "returnUrl";
            options.EventsType = typeof(SessionCookie);
        });
        builder.Services.AddAntiforgery(options =>
        {
            options.Cookie.Name = (https ? "__Host-" : "") + "stockmcp-brokerage-form";
            options.Cookie.SecurePolicy = https ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
        });
    }

    /// <summary>The pages <c>/sign-in</c> and <c>/sign-out</c>.</summary>
    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/sign-in", IResult (HttpContext context, DemoUsers demo, string? returnUrl)
            => context.User.Identity is { IsAuthenticated: true } ? TypedResults.LocalRedirect(Local(returnUrl)) : Page(demo, Local(returnUrl)));
        routes.MapForm("/sign-in", SignInAsync);
        routes.MapForm("/sign-out", async (HttpContext context) =>
        {
            await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
            return Results.LocalRedirect("/");
        });
    }

    /// <summary>A path on this site; anything else becomes the dashboard. Browsers read <c>//</c> and <c>/\</c> as another host.</summary>
    public static string Local(string? url)
        => url is ['/'] or ['/', not ('/' or '\\'), ..] && !url.Any(char.IsControl) ? url : "/dashboard";

    private static async Task<Results<RedirectHttpResult, RazorComponentResult<SignInPage>>> SignInAsync(
        HttpContext context, UserStore users, DemoUsers demo, BrokerageDbContext database, TimeProvider time, CancellationToken cancellationToken)
    {
        var form = context.Request.Form;
        string userName = form["userName"].ToString(), password = form["password"].ToString(), returnUrl = Local(form["returnUrl"]);
        if (userName.Length is 0 or > 64 || password.Length is 0 or > 256 || await users.SignInAsync(userName, password, cancellationToken) is not { } user)
            return Page(demo, returnUrl, failed: true);

        var now = time.GetUtcNow();
        var session = new Session { Id = Guid.CreateVersion7(now), UserId = user.Id, SignedInAt = now };
        var earliest = now - Session.Longest;
        await database.Set<Session>().Where(old => old.SignedInAt <= earliest).ExecuteDeleteAsync(cancellationToken);
        database.Add(session);
        await database.SaveChangesAsync(cancellationToken);

        var identity = new ClaimsIdentity(
        [
            new(OpenIddictConstants.Claims.Subject, user.Id.ToString()),
            new(OpenIddictConstants.Claims.Name, user.DisplayName),
            new(OpenIddictConstants.Claims.PreferredUsername, user.UserName),
            new(AuthenticationTime, now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)),
            new(SessionCookie.SessionId, session.Id.ToString()),
        ], CookieAuthenticationDefaults.AuthenticationScheme, OpenIddictConstants.Claims.Name, null);
        await context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, new ClaimsPrincipal(identity));
        return TypedResults.LocalRedirect(returnUrl);
    }

    private static RazorComponentResult<SignInPage> Page(DemoUsers demo, string returnUrl, bool failed = false)
        => new(new { Demo = demo, ReturnUrl = returnUrl, Failed = failed }) { StatusCode = failed ? StatusCodes.Status401Unauthorized : StatusCodes.Status200OK };
}
