using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Backchannel;
using StockMcp.Authority.Database;
using StockMcp.Authority.Mandates;
using StockMcp.Authority.Registration;
using StockMcp.Authority.SignIn;
using StockMcp.Authority.TokenExchange;
using StockMcp.AuthorizationServer;
using StockMcp.AuthorizationServer.Hardening;
using StockMcp.AuthorizationServer.RichAuthorization;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Tokens;

/// <summary>The token endpoint: codes, refresh tokens, and exchanges.</summary>
public static class TokenEndpointExtensions
{
    /// <summary>Adds the answers that are given again, and the notices of sign-ins that ended.</summary>
    public static void AddTokenEndpoint(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddScoped<EndedSignIns>();
        builder.Services.AddScoped<IRefreshAnswers, RefreshAnswers>();
        builder.Services.AddHostedService<RefreshAnswerSweep>();
    }

    /// <summary><c>POST /connect/token</c>.</summary>
    public static void MapTokenEndpoint(this IEndpointRouteBuilder routes) => routes.MapPost(AuthorizationServerExtensions.TokenEndpoint, IssueAsync).DisableAntiforgery();

    private static async Task<IResult> IssueAsync(HttpContext context, AuthorityDbContext database, RegisteredClients registered, TokenExchangeEndpoint exchange, BackchannelGrant backchannel, MandateStore mandates, PublicUrl publicUrl, AuditLog audit, TimeProvider time, CancellationToken cancellationToken)
    {
        // OpenIddict has checked the client, and the code with its PKCE verifier, the refresh token or the subject token.
        var request = context.GetOpenIddictServerRequest() ?? throw new InvalidOperationException("Not a token request.");
        if (request.GrantType == BackchannelExtensions.GrantType) return await backchannel.HandleAsync(request, cancellationToken);
        if (request.IsClientCredentialsGrantType()) return IssueToServer(request, publicUrl);
        var principal = (await context.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme)).Principal;
        if (principal is null || !Guid.TryParse(principal.GetClaim(Claims.Subject), out var personId)) return TokenExchangeEndpoint.Unknown();
        if (request.IsTokenExchangeGrantType()) return await exchange.HandleAsync(context, request, principal, personId);
        if (!await database.Set<Person>().AnyAsync(person => person.Id == personId, cancellationToken)) return TokenExchangeEndpoint.Unknown();

        // RFC 8707, section 2.2: what was not asked for at the authorization endpoint cannot be asked for here.
        if (request.GetResources().Except(principal.GetResources()).Any())
            return AuthorizationRequests.Refuse(Errors.InvalidTarget, "The parameter resource must be the one that the person allowed.");
        // Before the code or the refresh token is used up: if this cannot be written, the client may try again with it.
        await audit.AppendAsync(new AuditRecord(request.IsRefreshTokenGrantType() ? AuditEvents.TokenRefreshed : AuditEvents.TokenIssued) { Person = personId, Client = request.ClientId, Scopes = string.Join(' ', principal.GetScopes()) });
        await registered.UsedAsync(personId, request.ClientId!, cancellationToken);
        var identity = new ClaimsIdentity(principal.Claims, TokenValidationParameters.DefaultAuthenticationType, Claims.Name, Claims.Role);
        identity.SetDestinations(_ => []);
        var properties = new AuthenticationProperties();
        // RFC 9396, section 7: what was granted, as long as it is.
        if (Guid.TryParse(principal.GetClaim(MandateTerms.IdMember), out var mandateId) && await mandates.FindAsync(personId, mandateId, cancellationToken) is { } mandate && mandate.IsGood(time.GetUtcNow()))
            properties.SetParameter<JsonElement>(AuthorizationDetailsClaims.AuthorizationDetails, JsonSerializer.Deserialize<JsonElement>($"[{mandate.Details}]"));
        return Results.SignIn(new ClaimsPrincipal(identity), properties, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    // RFC 6749, section 4.4: an MCP server's own token, for the API that tells it how approvals stand. It says nothing of anybody.
    private static IResult IssueToServer(OpenIddictRequest request, PublicUrl publicUrl)
    {
        var api = publicUrl.At(ApprovalExtensions.Path);
        if (request.GetScopes() is not [ApprovalExtensions.Scope]) return AuthorizationRequests.Refuse(Errors.InvalidScope, $"A client itself gets the scope {ApprovalExtensions.Scope}, and no other.");
        if (request.GetResources().Any(resource => resource != api)) return AuthorizationRequests.Refuse(Errors.InvalidTarget, $"The scope {ApprovalExtensions.Scope} is for {api} alone.");
        var identity = new ClaimsIdentity(TokenValidationParameters.DefaultAuthenticationType, Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, request.ClientId).SetScopes(ApprovalExtensions.Scope).SetResources(api);
        identity.SetDestinations(_ => []);
        return Results.SignIn(new ClaimsPrincipal(identity), authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }
}
