using System.Security.Claims;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using StockMcp.Authority.ApprovalPages;
using StockMcp.Authority.Audit;
using StockMcp.Authority.ClientMetadataDocuments;
using StockMcp.Authority.Connections;
using StockMcp.Authority.Mandates;
using StockMcp.Authority.Registration;
using StockMcp.Authority.Resources;
using StockMcp.Authority.SignIn;
using StockMcp.AuthorizationServer;
using StockMcp.AuthorizationServer.Hardening;
using StockMcp.AuthorizationServer.RichAuthorization;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Consent;

/// <summary>OpenIddict has checked client, redirect URI, PKCE, resource and scopes before this runs.</summary>
internal sealed class AuthorizationEndpoint(ConsentStore consents, ProtectedResources resources, ConnectionTable connections, IOpenIddictApplicationManager clients, MandateStore mandates, SessionCookie sessions, ApprovalChoices choices, IAntiforgery antiforgery, AuditLog audit)
{
    public async Task<IResult> HandleAsync(HttpContext context)
    {
        var request = context.GetOpenIddictServerRequest() ?? throw new InvalidOperationException("Not an authorization request.");
        var parameters = AuthorizationRequests.Parameters(context);
        if (resources.Find(request.GetResources().FirstOrDefault()) is not { } resource)
            return AuthorizationRequests.Refuse(Errors.InvalidTarget, "The parameter resource must name the MCP server that the token is for.");
        // RFC 6749, section 3.3: who asks for nothing in particular gets the default.
        string[] wanted = request.GetScopes() is { Length: > 0 } asked ? [.. asked.Where(scope => scope != Scopes.OfflineAccess)] : [.. resource.DefaultScopes];
        if (wanted.FirstOrDefault(scope => scope != Scopes.OpenId && resource.Scopes.All(known => known.Name != scope)) is { } foreign)
            return AuthorizationRequests.Refuse(Errors.InvalidScope, $"{resource.Uri} has no scope {foreign}.");

        var details = (string?)request[AuthorizationDetailsClaims.AuthorizationDetails];
        // CB-04: what a browser brings, anybody may have written. OpenIddict gives what was pushed as if it had come here.
        if (details is not null && parameters.Any(parameter => parameter.Key == AuthorizationDetailsClaims.AuthorizationDetails))
            return AuthorizationRequests.Refuse(Errors.InvalidRequest, "Push authorization_details with the whole request to the pushed authorization endpoint (RFC 9126).");
        MandateTerms? asks = null;
        if (details is not null && (asks = mandates.Read(details, request.ClientId!, out var mistake)) is null) return AuthorizationRequests.Refuse(AuthorizationDetailsClaims.InvalidAuthorizationDetails, mistake!);

        var session = await context.AuthenticateAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        if (!session.Succeeded)
        {
            if (request.HasPromptValue(PromptValues.None)) return AuthorizationRequests.Refuse(Errors.LoginRequired, "The person is not signed in.");
            var connection = connections.All[0];
            return SignInExtensions.SignIn(connection, connection.Translate(wanted), AuthorizationServerExtensions.AuthorizationEndpoint + QueryString.Create(parameters!));
        }

        var person = session.Principal;
        // Money may move on what is said here: by who has just proved that they are it (AP-02).
        if (asks is not null && !await sessions.IsFreshAsync(person, context.RequestAborted))
        {
            return request.HasPromptValue(PromptValues.None) ? AuthorizationRequests.Refuse(Errors.LoginRequired, "The person has to sign in again.")
                : SignInExtensions.SignInAgain(await choices.FindConnectionAsync(person.PersonId(), context.RequestAborted), person.PersonId(), AuthorizationServerExtensions.AuthorizationEndpoint + QueryString.Create(parameters!));
        }
        var redirectUri = new Uri(request.RedirectUri!);
        var stepUp = StepUp.Of(wanted, await consents.FindAsync(person.PersonId(), request.ClientId!, resource.Uri, redirectUri, context.RequestAborted));
        if (HttpMethods.IsPost(context.Request.Method) && context.Request.Form[AuthorizationRequests.Decision].ToString() is { Length: > 0 } decision)
        {
            // AS-09: the form must come from the page that this browser got in this session.
            if (!await antiforgery.IsRequestValidAsync(context))
                return new RazorComponentResult<ProblemPage>(new { Title = "This page is too old", Text = "It was not made for this browser, or you signed in again since. Go back to the app and start again." }) { StatusCode = StatusCodes.Status403Forbidden };
            if (decision != "allow")
            {
                await audit.AppendAsync(new AuditRecord(AuditEvents.Consent, AuditDecisions.Refused) { Person = person.PersonId(), Client = request.ClientId, Scopes = string.Join(' ', wanted), Reason = Errors.AccessDenied });
                return AuthorizationRequests.Refuse(Errors.AccessDenied, "The person did not allow it.");
            }
            string[] allowed = [.. wanted.Where(scope => scope == Scopes.OpenId || stepUp.IsHeld(scope) || context.Request.Form.ContainsKey(AuthorizationRequests.Tick + scope))];
            await consents.GrantAsync(person.PersonId(), request.ClientId!, resource.Uri, redirectUri, allowed.Union(stepUp.Kept), context.RequestAborted);
            var granted = asks is not null && context.Request.Form.ContainsKey(AuthorizationRequests.Tick + AuthorizationDetailsClaims.AuthorizationDetails) ? await mandates.GrantAsync(person.PersonId(), asks, context.RequestAborted) : null;
            return SignIn(person, resource, allowed, granted);
        }

        if (asks is null && stepUp.AsksForNothingNew && !IsCrossSite(context) && !request.HasPromptValue(PromptValues.Consent))
        {
            await audit.AppendAsync(new AuditRecord(AuditEvents.Consent) { Person = person.PersonId(), Client = request.ClientId, Scopes = string.Join(' ', wanted), Reason = "allowed_before" });
            return SignIn(person, resource, wanted);
        }
        if (request.HasPromptValue(PromptValues.None)) return AuthorizationRequests.Refuse(Errors.ConsentRequired, "The person has not allowed this yet.");

        var client = await clients.FindByClientIdAsync(request.ClientId!, context.RequestAborted) ?? throw new InvalidOperationException("The client vanished.");
        return new RazorComponentResult<ConsentPage>(new
        {
            Agent = await clients.GetDisplayNameAsync(client, context.RequestAborted) ?? request.ClientId!,
            SelfRegistered = await ClientRegistration.IsSelfRegisteredAsync(clients, client, context.RequestAborted),
            IdentityHost = MetadataDocuments.IsDocument(request.ClientId!) ? new Uri(request.ClientId!).Authority : null,
            RedirectUri = redirectUri,
            Person = person.GetClaim(Claims.Name)!,
            Resource = resource.DisplayName,
            Scopes = (IReadOnlyList<ResourceScope>)[.. resource.Scopes.Where(scope => wanted.Contains(scope.Name) && !stepUp.IsHeld(scope.Name))],
            Held = (IReadOnlyList<ResourceScope>)[.. resource.Scopes.Where(scope => stepUp.IsHeld(scope.Name))],
            Mandate = asks is null ? null : mandates.Render(asks),
            Request = parameters,
        });
    }

    private static IResult SignIn(ClaimsPrincipal person, ProtectedResource resource, IEnumerable<string> scopes, Mandate? mandate = null)
    {
        var identity = new ClaimsIdentity(TokenValidationParameters.DefaultAuthenticationType, Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, person.GetClaim(Claims.Subject));
        identity.SetScopes(scopes).SetResources(resource.Uri);
        // It stays in the code, and says at the token endpoint what was granted (RFC 9396, section 7).
        if (mandate is not null) identity.SetClaim(MandateTerms.IdMember, mandate.Id.ToString());
        // Each sign-in is an authorization of its own in OpenIddict: one stolen refresh token ends that agent's copy, not its others.
        return Results.SignIn(new ClaimsPrincipal(identity), authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    // AS-08: a page elsewhere could send a signed-in person through without their noticing. Browsers of today say where a request comes from; one that does not is asked, too.
    private static bool IsCrossSite(HttpContext context) => context.Request.Headers["Sec-Fetch-Site"].ToString() is not ("none" or "same-origin");
}
