using System.Security.Claims;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http.HttpResults;
using OpenIddict.Abstractions;
using OpenIddict.Client.AspNetCore;
using StockMcp.Authority.Connections;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.SignIn;

/// <summary>Federated sign-in: people prove who they are at a connection, and get a session of the Authority's own pages.</summary>
public static class SignInExtensions
{
    /// <summary>Adds the session cookie.</summary>
    public static void AddSignIn(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var https = PublicUrl.From(builder.Configuration, builder.Environment).IsHttps;
        builder.Services.AddScoped<SessionCookie>();
        builder.Services.AddScoped<Callback>();
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(options =>
        {
            options.Cookie.Name = (https ? "__Host-" : "") + "stockmcp-authority";
            options.Cookie.SecurePolicy = https ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.ExpireTimeSpan = SessionCookie.Idle;
            options.SlidingExpiration = true;
            options.LoginPath = "/sign-in";
            options.ReturnUrlParameter = "returnUrl";
            options.EventsType = typeof(SessionCookie);
        });
        builder.Services.AddAuthorization();
        builder.Services.AddAntiforgery(options =>
        {
            options.Cookie.Name = (https ? "__Host-" : "") + "stockmcp-authority-form";
            options.Cookie.SecurePolicy = https ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
        });
    }

    /// <summary><c>/sign-in</c>, <c>/sign-out</c>, and where the connections send the browser back to.</summary>
    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/sign-in", (ConnectionTable connections, string? connection, string? returnUrl)
            => SignIn(connections.Find(connection) ?? connections.All[0], [], LocalUrl.Or(returnUrl, "/account")));
        routes.MapPost("/sign-out", async (HttpContext context, SessionCookie session, IAntiforgery antiforgery) =>
        {
            // AS-10: another site must not sign anybody out. No field of the form is read here, so nothing else would look at its token.
            if (!await antiforgery.IsRequestValidAsync(context))
                return new RazorComponentResult<ProblemPage>(new { Title = "This page is too old", Text = "You are still signed in. Open the page again and sign out there." }) { StatusCode = StatusCodes.Status400BadRequest };
            await session.SignOutAsync(context);
            return Results.LocalRedirect("/");
        });
        routes.MapMethods("/callback/{connection}", [HttpMethods.Get, HttpMethods.Post], (HttpContext context, Callback callback) => callback.HandleAsync(context)).DisableAntiforgery();
    }

    /// <summary>Sends the browser to a connection to sign in, and then to a local URL.</summary>
    /// <param name="connection">Where to sign in.</param>
    /// <param name="upstreamScopes">What to ask for there, beside what each sign-in needs.</param>
    /// <param name="returnUrl">A local URL.</param>
    /// <param name="toConnect">The person who adds the connection to their account; <see langword="null"/> to sign in as whoever the connection says.</param>
    internal static IResult SignIn(Connection connection, IEnumerable<string> upstreamScopes, string returnUrl, Guid? toConnect = null) => Results.Challenge(
        new AuthenticationProperties(new Dictionary<string, string?>
        {
            [OpenIddictClientAspNetCoreConstants.Properties.RegistrationId] = connection.Name,
            [OpenIddictClientAspNetCoreConstants.Properties.Scope] = string.Join(' ', connection.SignInScopes.Concat(upstreamScopes)),
            [Callback.ConnectsFor] = toConnect?.ToString(),
        })
        {
            RedirectUri = returnUrl,
        }, [OpenIddictClientAspNetCoreDefaults.AuthenticationScheme]);

    /// <summary>The person who is signed in. Endpoints that ask for it need a session.</summary>
    internal static Guid PersonId(this ClaimsPrincipal session)
        => Guid.TryParse(session.GetClaim(Claims.Subject), out var id) ? id : throw new InvalidOperationException("Nobody is signed in.");
}
