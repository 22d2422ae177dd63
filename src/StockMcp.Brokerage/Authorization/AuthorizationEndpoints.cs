using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using StockMcp.AuthorizationServer;
using StockMcp.AuthorizationServer.Hardening;
using StockMcp.Brokerage.SignIn;
using StockMcp.Brokerage.Users;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Brokerage.Authorization;

/// <summary>The authorization and token endpoints. OpenIddict has checked client, redirect URI, PKCE and scopes before these run.</summary>
internal static class AuthorizationEndpoints
{
    // Our own parameter, in seconds since 1970: the request wants the person to sign in after this.
    private const string SignInAfter = "sign_in_after";
    private static readonly TimeSpan s_longestWayBack = TimeSpan.FromMinutes(10);

    public static void MapOpenIdProvider(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods(AuthorizationServerExtensions.AuthorizationEndpoint, [HttpMethods.Get, HttpMethods.Post], AuthorizeAsync);
        routes.MapPost(AuthorizationServerExtensions.TokenEndpoint, IssueTokenAsync);
    }

    private static async Task<IResult> AuthorizeAsync(
        HttpContext context, IAntiforgery antiforgery, IOpenIddictApplicationManager clients, IOpenIddictAuthorizationManager authorizations, PublicUrl publicUrl, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = context.GetOpenIddictServerRequest() ?? throw new InvalidOperationException("Not an authorization request.");
        var parameters = AuthorizationRequests.Parameters(context);
        var session = await context.AuthenticateAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        if (!session.Succeeded || MustSignInAgain(request, parameters, session.Principal, time))
        {
            if (request.HasPromptValue(PromptValues.None)) return AuthorizationRequests.Refuse(Errors.LoginRequired, "The person is not signed in.");
            if (session.Succeeded) await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
            // A pushed request keeps its prompt, so the way back says from when on a sign-in is what it asked for.
            var again = parameters.Where(parameter => parameter.Key != SignInAfter).Append(new(SignInAfter, time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)));
            var returnUrl = AuthorizationServerExtensions.AuthorizationEndpoint + QueryString.Create(again!);
            return Results.LocalRedirect("/sign-in" + QueryString.Create("returnUrl", returnUrl));
        }

        var person = session.Principal;
        var subject = person.GetClaim(Claims.Subject)!;
        var client = await clients.FindByClientIdAsync(request.ClientId!, cancellationToken) ?? throw new InvalidOperationException("The client vanished.");
        var clientKey = await clients.GetIdAsync(client, cancellationToken) ?? throw new InvalidOperationException("The client has no id.");
        var wanted = request.GetScopes();

        if (HttpMethods.IsPost(context.Request.Method) && context.Request.Form[AuthorizationRequests.Decision].ToString() is { Length: > 0 } decision)
        {
            if (!await antiforgery.IsRequestValidAsync(context))
                return Results.Text("This page was not made for this browser, or is too old. Go back to the app and start again.", statusCode: StatusCodes.Status403Forbidden);
            if (decision != "allow") return AuthorizationRequests.Refuse(Errors.AccessDenied, "The person did not connect the app.");
            var granted = wanted.Where(scope => scope == Scopes.OpenId || context.Request.Form.ContainsKey(AuthorizationRequests.Tick + scope)).ToArray();
            return await GrantAsync([.. granted]);
        }

        var remembered = await FindAsync(authorizations, subject, clientKey, cancellationToken);
        if (remembered is not null && !request.HasPromptValue(PromptValues.Consent) && (await authorizations.GetScopesAsync(remembered, cancellationToken)).ToHashSet().IsSupersetOf(wanted))
            return await GrantAsync(wanted);
        if (request.HasPromptValue(PromptValues.None)) return AuthorizationRequests.Refuse(Errors.ConsentRequired, "The person has not connected this app yet.");

        return new RazorComponentResult<ConsentPage>(new
        {
            App = await clients.GetDisplayNameAsync(client, cancellationToken) ?? request.ClientId!,
            RedirectHost = new Uri(request.RedirectUri!).Authority,
            Person = person.GetClaim(Claims.Name)!,
            Scopes = (IReadOnlyList<ConsentPage.Scope>)[.. wanted.Select(scope => new ConsentPage.Scope(scope, BrokerageScopes.InWords[scope], scope == Scopes.OpenId))],
            Request = parameters,
        });

        async Task<IResult> GrantAsync(System.Collections.Immutable.ImmutableArray<string> scopes)
        {
            var identity = new ClaimsIdentity(TokenValidationParameters.DefaultAuthenticationType, Claims.Name, Claims.Role);
            identity.SetClaim(Claims.Subject, subject)
                .SetClaim(Claims.Name, person.GetClaim(Claims.Name))
                .SetClaim(Claims.PreferredUsername, person.GetClaim(Claims.PreferredUsername))
                .SetClaim(Claims.AuthenticationTime, long.Parse(person.GetClaim(SignInExtensions.AuthenticationTime)!, CultureInfo.InvariantCulture));
            identity.SetScopes(scopes).SetResources(publicUrl.TradingApi());

            // One authorization per person and app: what is granted later is added to it, so that "disconnect" ends all.
            var existing = await FindAsync(authorizations, subject, clientKey, cancellationToken);
            if (existing is null)
            {
                existing = await authorizations.CreateAsync(identity, subject, clientKey, AuthorizationTypes.Permanent, scopes, cancellationToken);
            }
            else
            {
                var descriptor = new OpenIddictAuthorizationDescriptor();
                await authorizations.PopulateAsync(descriptor, existing, cancellationToken);
                // Nothing new, nothing to write: two browsers of one person at once would be in each other's way.
                if (!descriptor.Scopes.IsSupersetOf(scopes))
                {
                    descriptor.Scopes.UnionWith(scopes);
                    await authorizations.UpdateAsync(existing, descriptor, cancellationToken);
                }
            }
            identity.SetAuthorizationId(await authorizations.GetIdAsync(existing, cancellationToken));
            identity.SetDestinations(Destinations);
            return Results.SignIn(new ClaimsPrincipal(identity), authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        }
    }

    private static async Task<IResult> IssueTokenAsync(HttpContext context, UserStore users, CancellationToken cancellationToken)
    {
        // OpenIddict has checked the code or the refresh token, the client, and the PKCE verifier.
        var result = await context.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        var principal = result.Principal;
        if (principal is null || !Guid.TryParse(principal.GetClaim(Claims.Subject), out var id) || await users.FindAsync(id, cancellationToken) is not { } user)
            return AuthorizationRequests.Refuse(Errors.InvalidGrant, "The person is not a customer any more.");

        var identity = new ClaimsIdentity(principal.Claims, TokenValidationParameters.DefaultAuthenticationType, Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Name, user.DisplayName).SetClaim(Claims.PreferredUsername, user.UserName).SetClaim(Claims.Email, user.Email);
        identity.SetDestinations(Destinations);
        return Results.SignIn(new ClaimsPrincipal(identity), authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    private static IEnumerable<string> Destinations(Claim claim) => claim.Type switch
    {
        Claims.Name or Claims.PreferredUsername when claim.Subject!.HasScope(Scopes.Profile) => [OpenIddictConstants.Destinations.IdentityToken],
        Claims.Email when claim.Subject!.HasScope(Scopes.Email) => [OpenIddictConstants.Destinations.IdentityToken],
        Claims.AuthenticationTime => [OpenIddictConstants.Destinations.IdentityToken],
        _ => [],
    };

    private static async Task<object?> FindAsync(IOpenIddictAuthorizationManager authorizations, string subject, string client, CancellationToken cancellationToken)
    {
        await foreach (var authorization in authorizations.FindAsync(subject, client, Statuses.Valid, AuthorizationTypes.Permanent, scopes: null, cancellationToken)) return authorization;
        return null;
    }

    private static bool MustSignInAgain(OpenIddictRequest request, IReadOnlyList<KeyValuePair<string, string>> parameters, ClaimsPrincipal person, TimeProvider time)
    {
        var signedIn = long.Parse(person.GetClaim(SignInExtensions.AuthenticationTime) ?? "0", CultureInfo.InvariantCulture);
        var asked = long.TryParse(parameters.FirstOrDefault(parameter => parameter.Key == SignInAfter).Value, NumberStyles.None, CultureInfo.InvariantCulture, out var after) ? after : long.MaxValue;
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        // Who was sent to sign in for this request, and did, is not sent again; somebody else's word for it is not taken for long.
        if (signedIn >= asked && asked >= now - (long)s_longestWayBack.TotalSeconds) return false;
        // OpenID Connect Core, section 3.1.2.1: max_age=0 is another way to write prompt=login.
        return request.HasPromptValue(PromptValues.Login) || (request.MaxAge is { } seconds && (seconds == 0 || now - signedIn > seconds));
    }
}
