using System.Globalization;
using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.Audit;
using StockMcp.Authority.ConnectedAccounts;
using StockMcp.Authority.Connections;
using StockMcp.Authority.Database;
using StockMcp.Authority.SignIn;
using StockMcp.Authority.Vault;
using StockMcp.AuthorizationServer.Hardening;
using StockMcp.AuthorizationServer.RichAuthorization;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.TokenExchange;

/// <summary>
/// RFC 8693. The parameter <c>audience</c> says what for: a connection, for an upstream token out of the vault; or the Authority's own API, for a token that
/// is issued here. OpenIddict has checked the client, its permission for the audience, and the subject token.
/// </summary>
internal sealed partial class TokenExchangeEndpoint(TokenVault vault, ApprovalStore approvals, ConnectionTable connections, AuthorityDbContext database, PublicUrl publicUrl, AuditLog audit, TimeProvider time, ILogger<TokenExchangeEndpoint> log)
{
    public async Task<IResult> HandleAsync(HttpContext context, OpenIddictRequest request, ClaimsPrincipal subject, Guid personId)
    {
        if (request.GetAudiences() is not [var audience]) return AuthorizationRequests.Refuse(Errors.InvalidRequest, "Exactly one audience must be given.");
        var scopes = request.GetScopes();
        if (scopes.Length == 0) return AuthorizationRequests.Refuse(Errors.InvalidScope, "The parameter scope is required: ask for what the call needs, and no more.");
        if (audience == publicUrl.At(ConnectedAccountsExtensions.Path)) return await IsKnownAsync(personId, context.RequestAborted) ? await IssueOwnTokenAsync(subject, personId, scopes) : Unknown();
        if (connections.Find(audience) is not { } connection) return AuthorizationRequests.Refuse(Errors.InvalidTarget, "There is no such audience.");

        if (scopes.FirstOrDefault(scope => !subject.HasScope(scope) || !connection.Knows(scope)) is { } foreign)
            return AuthorizationRequests.Refuse(Errors.InvalidScope, $"The subject token does not carry the scope {foreign}, or it means nothing at {connection.Name}.");
        var agent = subject.GetClaim(Claims.ClientId);
        OneUse? once = null;
        Approval? approval = null;
        if (Guid.TryParse(subject.GetClaim(AuthorizationDetailsClaims.Transaction), out var transaction))
        {
            // An approval's token: its agent acts, and it gives what was approved, unchanged and for as long as it may be sent; afterwards what it takes to look it up.
            approval = await approvals.FindAsync(transaction, context.RequestAborted);
            if (approval is null || approval.PersonId != personId || approval.State is not (ApprovalState.Executing or ApprovalState.Unknown)) return AuthorizationRequests.Refuse(Errors.InvalidGrant, "What was approved is finished.");
            agent = approval.AgentId;
            if (!await approvals.MayAskAsync(approval, context.RequestAborted)) return AuthorizationRequests.Refuse(Errors.InvalidGrant, "The person signed the agent out.");
            if (time.GetUtcNow() < approval.Deadline && connection.KnownOf(approval.Details) is { } details) once = new OneUse(details, approval.Id);
        }
        UpstreamTokenOutcome outcome;
        try
        {
            outcome = await vault.GetAsync(personId, connection, connection.Translate(scopes), once, context.RequestAborted);
        }
        catch (VaultException exception)
        {
            // TV-01: what does not open is never replaced by something else. Connecting again makes a new secret, but somebody should look first.
            LogVaultFailed(exception, personId, agent, connection.Name);
            await audit.AppendAsync(new AuditRecord(AuditEvents.VaultRefused, AuditDecisions.Refused) { Person = personId, Client = agent, Connection = connection.Name, Scopes = request.Scope, Reason = "does_not_open" });
            return Results.Json(new { error = Errors.ServerError, error_description = "The vault cannot open this account's token. Its operator has to look at it." }, statusCode: StatusCodes.Status500InternalServerError);
        }
        // Whoever has an account that is connected is known: their accounts go with them.
        if (outcome is UpstreamTokenOutcome.InteractionRequired && !await IsKnownAsync(personId, context.RequestAborted)) return Unknown();
        // AU-03: what cannot be written down is not handed out.
        await audit.AppendAsync(new AuditRecord(AuditEvents.Exchange, outcome is UpstreamTokenOutcome.Issued ? AuditDecisions.Allowed : AuditDecisions.Refused)
        {
            Person = personId,
            Client = agent,
            Connection = connection.Name,
            Scopes = request.Scope,
            Approval = approval?.Id,
            Reason = outcome switch { UpstreamTokenOutcome.Issued => null, UpstreamTokenOutcome.InteractionRequired => Errors.InteractionRequired, UpstreamTokenOutcome.DetailsRefused => AuthorizationDetailsClaims.InvalidAuthorizationDetails, _ => Errors.TemporarilyUnavailable },
        });
        LogExchanged(personId, agent, connection.Name, request.Scope, outcome);
        switch (outcome)
        {
            case UpstreamTokenOutcome.Issued issued:
                return Results.Json(new IssuedToken(issued.AccessToken, TokenTypeIdentifiers.AccessToken, TokenTypes.Bearer, (long)(issued.ExpiresAt - time.GetUtcNow()).TotalSeconds, string.Join(' ', issued.Scopes),
                    once is null ? null : JsonSerializer.Deserialize<JsonElement>(once.Details)));
            case UpstreamTokenOutcome.DetailsRefused:
                return Results.Json(new { error = AuthorizationDetailsClaims.InvalidAuthorizationDetails, error_description = $"{connection.DisplayName} does not take these terms." }, statusCode: StatusCodes.Status400BadRequest);
            case UpstreamTokenOutcome.InteractionRequired required:
                return Results.Json(new InteractionRequired(
                    Errors.InteractionRequired, required.Why, connection.Name,
                    publicUrl.At(ConnectedAccountsExtensions.ConnectPath(connection, required.MissingScopes)),
                    required.MissingScopes.Count > 0 ? string.Join(' ', required.MissingScopes) : null), statusCode: StatusCodes.Status400BadRequest);
            case UpstreamTokenOutcome.ChoiceRequired choice:
                return Results.Json(new InteractionRequired(Errors.InteractionRequired, choice.Why, connection.Name, publicUrl.At("/account"), null), statusCode: StatusCodes.Status400BadRequest);
            default:
                context.Response.Headers.RetryAfter = "5";
                return Results.Json(new { error = Errors.TemporarilyUnavailable, error_description = $"{connection.DisplayName} does not answer. Try again in a few seconds." }, statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    private Task<bool> IsKnownAsync(Guid personId, CancellationToken cancellationToken) => database.Set<Person>().AnyAsync(person => person.Id == personId, cancellationToken);

    /// <summary>The answer when the token's person was deleted.</summary>
    public static IResult Unknown() => AuthorizationRequests.Refuse(Errors.InvalidGrant, "The person is not known here any more.");

    private async Task<IResult> IssueOwnTokenAsync(ClaimsPrincipal subject, Guid personId, IReadOnlyCollection<string> scopes)
    {
        // It says nothing that the agent's own token does not: which accounts its person connected.
        if (scopes.Any(scope => scope != ConnectedAccountsExtensions.Read)) return AuthorizationRequests.Refuse(Errors.InvalidScope, $"Only {ConnectedAccountsExtensions.Read} is given by exchange.");
        await audit.AppendAsync(new AuditRecord(AuditEvents.Exchange) { Person = personId, Client = subject.GetClaim(Claims.ClientId), Scopes = string.Join(' ', scopes) });
        var identity = new ClaimsIdentity(TokenValidationParameters.DefaultAuthenticationType, Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, subject.GetClaim(Claims.Subject));
        // RFC 8693, section 4.1: who acts, the agent, as a member of the token of the resource server that it called.
        identity.AddClaim(new Claim("act", JsonSerializer.Serialize(new Dictionary<string, string?> { ["iss"] = publicUrl.Value.AbsoluteUri, ["sub"] = subject.GetClaim(Claims.ClientId) }), "JSON"));
        identity.SetScopes(scopes).SetResources(publicUrl.At(ConnectedAccountsExtensions.Path));
        identity.SetDestinations(claim => claim.Type == "act" ? [Destinations.AccessToken] : []);
        if (long.TryParse(subject.GetClaim(Claims.ExpiresAt), CultureInfo.InvariantCulture, out var expiry))
            identity.SetAccessTokenLifetime(DateTimeOffset.FromUnixTimeSeconds(expiry) - time.GetUtcNow());
        return Results.SignIn(new ClaimsPrincipal(identity), authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    // RFC 8693, section 2.2.1.
    private sealed record IssuedToken(
        [property: JsonPropertyName("access_token")] string AccessToken,
        [property: JsonPropertyName("issued_token_type")] string IssuedTokenType,
        [property: JsonPropertyName("token_type")] string TokenType,
        [property: JsonPropertyName("expires_in")] long ExpiresIn,
        [property: JsonPropertyName("scope")] string Scope,
        [property: JsonPropertyName("authorization_details"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonElement? AuthorizationDetails)
    {
        public override string ToString() => nameof(IssuedToken);
    }

    private sealed record InteractionRequired(
        [property: JsonPropertyName("error")] string Error,
        [property: JsonPropertyName("error_description")] string ErrorDescription,
        [property: JsonPropertyName("connection")] string Connection,
        [property: JsonPropertyName("connect_uri")] string ConnectUri,
        [property: JsonPropertyName("missing_scope"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? MissingScope);

    [LoggerMessage(EventId = 2, Level = LogLevel.Critical, Message = "The vault refused an exchange for {PersonId} and agent {ClientId} at {Connection}")]
    private partial void LogVaultFailed(Exception exception, Guid personId, string? clientId, string connection);

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Exchange for {PersonId} and agent {ClientId}: {Connection}, {Scopes}: {Outcome}")]
    private partial void LogExchanged(Guid personId, string? clientId, string connection, string? scopes, UpstreamTokenOutcome outcome);
}
