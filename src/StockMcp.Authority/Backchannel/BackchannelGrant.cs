using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using StockMcp.Authority.Approvals;
using StockMcp.AuthorizationServer.Hardening;
using StockMcp.AuthorizationServer.RichAuthorization;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Backchannel;

/// <summary>The token endpoint's side of CIBA (Core, section 10.1): waits for the person, and gives one token that carries exactly what they approved.</summary>
internal sealed class BackchannelGrant(ApprovalStore approvals, ApprovalSignals signals, IOptions<BackchannelOptions> options, PublicUrl publicUrl, TimeProvider time)
{
    // Should a change be missed.
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_toLookUp = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(5);

    public async Task<IResult> HandleAsync(OpenIddictRequest request, CancellationToken cancellationToken)
    {
        if ((string?)request[BackchannelExtensions.AuthReqId] is not { Length: > 0 and <= 256 } authReqId) return AuthorizationRequests.Refuse(Errors.InvalidRequest, "The parameter auth_req_id is required.");
        var (id, tooEarly) = await approvals.PollAsync(request.ClientId!, authReqId, cancellationToken);
        if (id is null) return AuthorizationRequests.Refuse(Errors.InvalidGrant, "There is no such auth_req_id of this client, or another one took its place.");
        if (tooEarly) return AuthorizationRequests.Refuse(Errors.SlowDown, "This came too early. Wait 5 seconds more between polls from now on.");

        using var subscription = signals.Subscribe(id.Value);
        for (var until = time.GetUtcNow() + options.Value.HoldPolls; ;)
        {
            switch (await approvals.RedeemAsync(request.ClientId!, authReqId, cancellationToken))
            {
                case RedeemOutcome.Granted(var approval):
                    return Issue(approval);
                case RedeemOutcome.Refused(var error, var description):
                    return AuthorizationRequests.Refuse(error, description);
            }
            var left = until - time.GetUtcNow();
            if (left <= TimeSpan.Zero) return AuthorizationRequests.Refuse(BackchannelErrors.AuthorizationPending, "The person has not decided yet.");
            await subscription.WaitAsync(left < s_lookAgain ? left : s_lookAgain, time, cancellationToken);
        }
    }

    private IResult Issue(Approval approval)
    {
        var identity = new ClaimsIdentity(TokenValidationParameters.DefaultAuthenticationType, Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, approval.PersonId.ToString()).SetClaim(AuthorizationDetailsClaims.Transaction, approval.Id.ToString());
        // RFC 8693, section 4.1: the agent acts.
        identity.AddClaim(new Claim("act", JsonSerializer.Serialize(new Dictionary<string, string> { ["iss"] = publicUrl.Value.AbsoluteUri, ["sub"] = approval.AgentId }), "JSON"));
        identity.AddClaim(new Claim(AuthorizationDetailsClaims.AuthorizationDetails, approval.Details, "JSON_ARRAY"));
        identity.SetScopes(approval.ScopeList).SetResources(approval.Resource);
        identity.SetDestinations(claim => claim.Type is AuthorizationDetailsClaims.Transaction or "act" or AuthorizationDetailsClaims.AuthorizationDetails ? [Destinations.AccessToken] : []);
        // CB-07. Once nothing may be sent any more, it is good for looking up.
        var left = approval.Deadline!.Value - time.GetUtcNow();
        identity.SetAccessTokenLifetime(left > s_shortest ? left : s_toLookUp);
        var properties = new AuthenticationProperties();
        properties.SetParameter<JsonElement>(AuthorizationDetailsClaims.AuthorizationDetails, JsonSerializer.Deserialize<JsonElement>(approval.Details));
        properties.SetParameter("approval_id", approval.Id.ToString());
        return Results.SignIn(new ClaimsPrincipal(identity), properties, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }
}
