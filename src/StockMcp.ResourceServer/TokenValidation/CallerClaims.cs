using System.Diagnostics.CodeAnalysis;
using System.Security.Claims;
using Duende.IdentityModel;
using StockMcp.Tools.Connections;

namespace StockMcp.ResourceServer.TokenValidation;

/// <summary>Reads person and agent from a validated token.</summary>
internal static class CallerClaims
{
    private const int Longest = 2048; // a client id may be a URL

    /// <returns>False if the token does not say who calls.</returns>
    public static bool TryRead(ClaimsPrincipal principal, string issuer, bool mayBeAnyJwt, [NotNullWhen(true)] out Caller? caller)
    {
        caller = null;
        if (One(principal, JwtClaimTypes.Subject) is not { } subject || (One(principal, JwtClaimTypes.JwtId) ?? One(principal, "uti")) is null) return false; // Entra's name for jti
        // Some issuers call the client azp; one that sends both means the same by them.
        var (client, party) = (One(principal, JwtClaimTypes.ClientId), One(principal, JwtClaimTypes.AuthorizedParty));
        if ((client ?? party) is not { } agent || (client is not null && party is not null && client != party)) return false;
        var scopes = principal.FindAll(JwtClaimTypes.Scope).Concat(principal.FindAll("scp")).SelectMany(claim => claim.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToHashSet(StringComparer.Ordinal);
        if (mayBeAnyJwt && (scopes.Count == 0 || principal.HasClaim(claim => claim.Type is JwtClaimTypes.Nonce or JwtClaimTypes.AccessTokenHash or JwtClaimTypes.AuthorizationCodeHash))) return false; // an ID token
        caller = new Caller(issuer, subject, agent, scopes) { Name = One(principal, JwtClaimTypes.Name) };
        return true;
    }

    private static string? One(ClaimsPrincipal principal, string type)
        => principal.FindAll(type).ToList() is [{ Value: { Length: > 0 and <= Longest } value }] ? value : null;
}
