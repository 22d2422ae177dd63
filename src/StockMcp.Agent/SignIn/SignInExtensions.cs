using System.Security.Claims;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Client;
using OpenIddict.Client.AspNetCore;
using Polly;
using StockMcp.Agent.Grants;
using StockMcp.Agent.StockTools;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Hosting;
using StockMcp.Tools.Scopes;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Agent.SignIn;

/// <summary>People sign in at the Authority, where this agent is a client like any other: code flow, PKCE, a token for one resource (RFC 8707).</summary>
public static class SignInExtensions
{
    private const string CallbackPath = "/callback";

    /// <summary>Adds the session cookie, and OpenIddict's client.</summary>
    public static void AddSignIn(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        var section = builder.Configuration.GetSection(AuthorityOptions.Section);
        services.AddOptions<AuthorityOptions>().BindConfiguration(AuthorityOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations().ValidateOnStart();
        var https = PublicUrl.From(builder.Configuration, builder.Environment).IsHttps;
        var secure = https ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
        var prefix = https ? "__Host-" : "";
        services.AddRazorComponents();
        services.AddScoped<SessionCookie>();
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(options =>
        {
            options.Cookie.Name = prefix + "stockmcp-agent";
            options.Cookie.SecurePolicy = secure;
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.ExpireTimeSpan = SessionCookie.Idle;
            options.SlidingExpiration = true;
            options.LoginPath = "/sign-in";
            options.ReturnUrlParameter = "returnUrl";
            options.EventsType = typeof(SessionCookie);
        });
        services.AddAuthorization();
        services.AddAntiforgery(options => (options.Cookie.Name, options.Cookie.SecurePolicy) = (prefix + "stockmcp-agent-form", secure));
        services.AddSingleton<IConfigureOptions<OpenIddictClientOptions>, StateKeys>();
        services.AddOpenIddict().AddClient(client =>
        {
            client.AllowAuthorizationCodeFlow().AllowRefreshTokenFlow();
            client.Configure(options => options.DisableTokenStorage = true);
            client.UseAspNetCore().EnableRedirectionEndpointPassthrough().EnableStatusCodePagesIntegration().DisableTransportSecurityRequirement()
                .Configure(options => options.CookieBuilder = new CookieBuilder { Name = prefix + "stockmcp-agent-sign-in", Path = "/", HttpOnly = true, IsEssential = true, SameSite = SameSiteMode.Lax, SecurePolicy = secure });
            client.UseSystemNetHttp()
                // A refresh whose answer was lost may have rotated the token: sent again, it would look like theft.
                .SetHttpResiliencePipeline(ResiliencePipeline<HttpResponseMessage>.Empty)
                .ConfigureHttpClient(http => (http.Timeout, http.MaxResponseContentBufferSize) = (TimeSpan.FromSeconds(10), 64 * 1024))
                .ConfigureHttpClientHandler(handler => handler.AllowAutoRedirect = false);
            var options = section.Get<AuthorityOptions>() ?? new();
            if (options.Issuer is null) return; // said at the start, with the other mistakes
            client.AddRegistration(new OpenIddictClientRegistration
            {
                RegistrationId = AuthorityOptions.Section,
                Issuer = options.Issuer,
                ClientId = options.ClientId,
                ClientSecret = SecretFile.Setting(section, nameof(AuthorityOptions.ClientSecret)),
                RedirectUri = new Uri(CallbackPath, UriKind.Relative),
                ResponseTypes = { ResponseTypes.Code },
                ResponseModes = { ResponseModes.Query },
                GrantTypes = { GrantTypes.AuthorizationCode, GrantTypes.RefreshToken },
            });
        });
    }

    /// <summary>A sign-in that failed at the Authority, or was not ours, ends on a page that says so.</summary>
    internal static void UseSignInErrors(this IApplicationBuilder app) => app.UseStatusCodePages(async status =>
    {
        var context = status.HttpContext;
        if (context.GetOpenIddictClientResponse() is not { Error: { } error }) return;
        var text = error == Errors.AccessDenied ? "You did not allow it, so nothing was allowed. Start again whenever you like." : $"The sign-in did not complete ({VisibleText.Of(error)}). Start again, in one browser that keeps cookies.";
        await new RazorComponentResult<ProblemPage>(new { Title = "You are not signed in", Text = text }) { StatusCode = context.Response.StatusCode }.ExecuteAsync(context);
    });

    /// <summary><c>/sign-in</c>, <c>/sign-out</c>, and where the Authority sends the browser back to.</summary>
    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/sign-in", (IOptions<AgentOptions> agent, PublicUrl publicUrl, string? returnUrl) => SignIn(agent.Value.Resource(publicUrl), returnUrl));
        routes.MapGet(CallbackPath, CompleteAsync);
        routes.MapPost("/sign-out", async (HttpContext context, SessionCookie session) =>
        {
            await session.SignOutAsync(context);
            return Results.LocalRedirect("/");
        }).AddEndpointFilter<FormCheck>().DisableAntiforgery();
    }

    /// <summary>The person who is signed in, as the Authority names them.</summary>
    internal static string Subject(this ClaimsPrincipal session) => session.GetClaim(Claims.Subject) ?? throw new InvalidOperationException("Nobody is signed in.");

    private static IResult SignIn(string resource, string? returnUrl)
    {
        var properties = new AuthenticationProperties(new Dictionary<string, string?>
        {
            [OpenIddictClientAspNetCoreConstants.Properties.RegistrationId] = AuthorityOptions.Section,
            // All that this agent can ever be allowed: fixed here, whatever a model or a tool says.
            [OpenIddictClientAspNetCoreConstants.Properties.Scope] = string.Join(' ', StockScopes.All.Prepend(Scopes.OpenId)),
        })
        {
            RedirectUri = LocalUrl.Or(returnUrl, "/chats"),
        };
        properties.SetParameter(Parameters.Resource, resource);
        return Results.Challenge(properties, [OpenIddictClientAspNetCoreDefaults.AuthenticationScheme]);
    }

    // OpenIddict has checked state, PKCE, issuer, nonce and the identity token before.
    private static async Task<IResult> CompleteAsync(HttpContext context, SessionCookie session, GrantStore grants, Names names, TimeProvider time)
    {
        var result = await context.AuthenticateAsync(OpenIddictClientAspNetCoreDefaults.AuthenticationScheme);
        if (result is not { Succeeded: true, Principal: { } principal, Properties: { } properties } || principal.GetClaim(Claims.Subject) is not { Length: > 0 and <= 255 } subject
            || properties.GetTokenValue(OpenIddictClientAspNetCoreConstants.Tokens.BackchannelAccessToken) is not { } accessToken
            || properties.GetTokenValue(OpenIddictClientAspNetCoreConstants.Tokens.RefreshToken) is not { } refreshToken)
            return new RazorComponentResult<ProblemPage>(new { Title = "The sign-in did not complete", Text = "Start again from the start page." }) { StatusCode = StatusCodes.Status400BadRequest };
        var expiresAt = DateTimeOffset.TryParse(properties.GetTokenValue(OpenIddictClientAspNetCoreConstants.Tokens.BackchannelAccessTokenExpirationDate), System.Globalization.CultureInfo.InvariantCulture, out var said) ? said : time.GetUtcNow().AddMinutes(5);
        await grants.StoreAsync(subject, new GrantedTokens(accessToken, refreshToken, expiresAt), context.RequestAborted);
        await names.LearnAsync(subject, context.RequestAborted);
        await session.SignInAsync(context, subject);
        return Results.LocalRedirect(LocalUrl.Or(properties.RedirectUri, "/chats"));
    }

    private sealed class StateKeys(MasterSecret secret) : IConfigureOptions<OpenIddictClientOptions>
    {
        public void Configure(OpenIddictClientOptions options)
        {
            options.SigningCredentials.Add(new SigningCredentials(new SymmetricSecurityKey(secret.DeriveKey("sign-in-state-integrity")) { KeyId = "state" }, SecurityAlgorithms.HmacSha256));
            options.EncryptionCredentials.Add(new EncryptingCredentials(new SymmetricSecurityKey(secret.DeriveKey("sign-in-state")), SecurityAlgorithms.Aes256KW, SecurityAlgorithms.Aes256CbcHmacSha512));
        }
    }
}

/// <summary>Return URLs lead to this site alone.</summary>
internal static class LocalUrl
{
    /// <summary>The URL if it is a path on this site, or else the other one. Browsers read <c>//</c> and <c>/\</c> as another host.</summary>
    public static string Or(string? url, string other) => url is ['/'] or ['/', not ('/' or '\\'), ..] && !url.Any(char.IsControl) ? url : other;
}
