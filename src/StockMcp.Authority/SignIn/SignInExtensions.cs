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
        routes.MapPost("/sign-out", SignOutAsync);
        routes.MapMethods("/callback/{connection}", [HttpMethods.Get, HttpMethods.Post], async Task<IResult> (string connection, HttpContext context, Callback callback, ConnectionTable connections)
            => connections.Find(connection) is null ? NoSuchPage() : await callback.HandleAsync(context)).DisableAntiforgery();
    }

    // AS-10: a page elsewhere signs nobody out. Without a session there is nothing to end, and no cookie is touched.
    private static async Task<IResult> SignOutAsync(HttpContext context, SessionCookie session, IAntiforgery antiforgery)
    {
        if (context.User.Identity is not { IsAuthenticated: true }) return Results.LocalRedirect("/");
        if (!context.Request.HasFormContentType || !await antiforgery.IsRequestValidAsync(context))
            return new RazorComponentResult<ProblemPage>(new { Title = "You are still signed in", Text = "This did not come from a page that was made for this browser. Press Sign out on your account page." }) { StatusCode = StatusCodes.Status403Forbidden };
        await session.SignOutAsync(context);
        return Results.LocalRedirect("/");
    }

    private static RazorComponentResult<ProblemPage> NoSuchPage() => new(new { Title = "There is no such page", Text = "Go back to the app and start again." }) { StatusCode = StatusCodes.Status404NotFound };

    /// <summary>Sends the browser to a connection to sign in, and then to a local URL.</summary>
    /// <param name="connection">Where to sign in.</param>
    /// <param name="upstreamScopes">What to ask for there, beside what each sign-in needs.</param>
    /// <param name="returnUrl">A local URL.</param>
    /// <param name="toConnect">The person who adds the connection to their account; <see langword="null"/> to sign in as whoever the connection says.</param>
    /// <param name="askWho">Whether the connection asks who they are, even if they are signed in there: they want another account.</param>
    internal static IResult SignIn(Connection connection, IEnumerable<string> upstreamScopes, string returnUrl, ConnectsFor? toConnect = null, bool askWho = false)
    {
        var properties = new AuthenticationProperties(new Dictionary<string, string?>
        {
            [OpenIddictClientAspNetCoreConstants.Properties.RegistrationId] = connection.Name,
            [OpenIddictClientAspNetCoreConstants.Properties.Scope] = string.Join(' ', connection.SignInScopes.Concat(upstreamScopes)),
        })
        {
            RedirectUri = returnUrl,
        };
        AddParameters(connection, properties);
        toConnect?.WriteTo(properties);
        if (askWho) properties.SetParameter(Parameters.Prompt, PromptValues.Login);
        return Results.Challenge(properties, [OpenIddictClientAspNetCoreDefaults.AuthenticationScheme]);
    }

    /// <summary>Sends the browser of somebody who is signed in to a connection, which asks for their password again, and then back to a local URL (AP-02).</summary>
    internal static IResult SignInAgain(Connection connection, Guid personId, string returnUrl)
    {
        var properties = new AuthenticationProperties(new Dictionary<string, string?>
        {
            [OpenIddictClientAspNetCoreConstants.Properties.RegistrationId] = connection.Name,
            // It is about who they are, and gives no access to anything. Without OpenID Connect there is no such thing: it must then not give less than before.
            [OpenIddictClientAspNetCoreConstants.Properties.Scope] = connection.OAuth is null ? Scopes.OpenId : string.Join(' ', connection.SignInScopes.Union(connection.Translate(connection.AllScopes))),
        })
        {
            RedirectUri = returnUrl,
        };
        AddParameters(connection, properties);
        new Reauthentication(personId).WriteTo(properties);
        if (connection.OAuth is null) AskAgain(properties);
        return Results.Challenge(properties, [OpenIddictClientAspNetCoreDefaults.AuthenticationScheme]);
    }

    // OpenID Connect Core, section 3.1.2.1.
    private static void AskAgain(AuthenticationProperties properties)
    {
        properties.SetParameter(Parameters.Prompt, PromptValues.Login);
        properties.SetParameter(Parameters.MaxAge, Reauthentication.MaxAge.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private static void AddParameters(Connection connection, AuthenticationProperties properties)
    {
        foreach (var (name, value) in connection.OAuth?.Parameters ?? new Dictionary<string, string>()) properties.SetParameter(name, value);
    }

    /// <summary>The person who is signed in. Endpoints that ask for it need a session.</summary>
    internal static Guid PersonId(this ClaimsPrincipal session)
        => Guid.TryParse(session.GetClaim(Claims.Subject), out var id) ? id : throw new InvalidOperationException("Nobody is signed in.");
}
