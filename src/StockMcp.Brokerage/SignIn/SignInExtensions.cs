using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using OpenIddict.Abstractions;
using StockMcp.Brokerage.Users;
using StockMcp.Hosting;

namespace StockMcp.Brokerage.SignIn;

/// <summary>The Brokerage's own session: a cookie, after name and password.</summary>
public static class SignInExtensions
{
    /// <summary>The claim that says when the person last gave their password, in seconds since 1970.</summary>
    public const string AuthenticationTime = OpenIddictConstants.Claims.AuthenticationTime;

    private static readonly TimeSpan LongestSession = TimeSpan.FromHours(12);

    /// <summary>Adds the session cookie (AS-19).</summary>
    public static void AddSignIn(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var https = PublicUrl.From(builder.Configuration, builder.Environment).IsHttps;
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(options =>
        {
            options.Cookie.Name = (https ? "__Host-" : "") + "stockmcp-brokerage";
            options.Cookie.SecurePolicy = https ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.ExpireTimeSpan = TimeSpan.FromMinutes(15);
            options.SlidingExpiration = true;
            options.LoginPath = "/sign-in";
            options.ReturnUrlParameter = "returnUrl";
            options.Events.OnValidatePrincipal = context =>
            {
                var since = DateTimeOffset.FromUnixTimeSeconds(long.Parse(context.Principal!.FindFirstValue(AuthenticationTime) ?? "0", CultureInfo.InvariantCulture));
                if (context.Options.TimeProvider!.GetUtcNow() - since > LongestSession) context.RejectPrincipal();
                return Task.CompletedTask;
            };
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
        routes.MapGet("/sign-in", (DemoUsers demo, string? returnUrl) => Page(demo, Local(returnUrl)));
        routes.MapPost("/sign-in", SignInAsync);
        routes.MapPost("/sign-out", async (HttpContext context, [FromForm] string? returnUrl) =>
        {
            await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
            return Results.LocalRedirect(returnUrl is null ? "/" : Local(returnUrl));
        });
    }

    /// <summary>A path on this site; anything else becomes the dashboard. Browsers read <c>//</c> and <c>/\</c> as another host.</summary>
    public static string Local(string? url)
        => url is ['/'] or ['/', not ('/' or '\\'), ..] && !url.Any(char.IsControl) ? url : "/dashboard";

    private static async Task<Results<RedirectHttpResult, RazorComponentResult<SignInPage>>> SignInAsync(
        HttpContext context, UserStore users, DemoUsers demo, TimeProvider time, [FromForm] string? userName, [FromForm] string? password, [FromForm] string? returnUrl, CancellationToken cancellationToken)
    {
        if (userName is not { Length: > 0 and <= 64 } || password is not { Length: > 0 and <= 256 } || await users.SignInAsync(userName, password, cancellationToken) is not { } user)
            return Page(demo, Local(returnUrl), failed: true);

        var identity = new ClaimsIdentity(
        [
            new(OpenIddictConstants.Claims.Subject, user.Id.ToString()),
            new(OpenIddictConstants.Claims.Name, user.DisplayName),
            new(OpenIddictConstants.Claims.PreferredUsername, user.UserName),
            new(AuthenticationTime, time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)),
        ], CookieAuthenticationDefaults.AuthenticationScheme, OpenIddictConstants.Claims.Name, null);
        await context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, new ClaimsPrincipal(identity));
        return TypedResults.LocalRedirect(Local(returnUrl));
    }

    private static RazorComponentResult<SignInPage> Page(DemoUsers demo, string returnUrl, bool failed = false)
        => new(new { Demo = demo, ReturnUrl = returnUrl, Failed = failed }) { StatusCode = failed ? StatusCodes.Status401Unauthorized : StatusCodes.Status200OK };
}
