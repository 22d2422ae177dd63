using System.Security.Claims;
using System.Text.Json;

namespace StockMcp.AuthorizationServer.RichAuthorization;

/// <summary>Rich authorization requests (RFC 9396) and transactions, as both servers spell them and carry them in claims.</summary>
public static class AuthorizationDetailsClaims
{
    /// <summary>The parameter, the member of the answer, and the claim (RFC 9396, sections 6, 7 and 9).</summary>
    public const string AuthorizationDetails = "authorization_details";

    /// <summary>RFC 9396, section 5.</summary>
    public const string InvalidAuthorizationDetails = "invalid_authorization_details";

    /// <summary>The parameter and the claim (RFC 8417, section 2.2: a transaction identifier). Ours is the approval's id.</summary>
    public const string Transaction = "txn";

    /// <summary>The authorization details that a token carries, each as JSON. A token that was read has a claim for each.</summary>
    public static IReadOnlyList<string> Elements(ClaimsPrincipal token)
    {
        ArgumentNullException.ThrowIfNull(token);
        var elements = new List<string>();
        foreach (var claim in token.FindAll(AuthorizationDetails))
        {
            if (!claim.Value.TrimStart().StartsWith('['))
            {
                elements.Add(claim.Value);
                continue;
            }
            using var array = JsonDocument.Parse(claim.Value);
            elements.AddRange(array.RootElement.EnumerateArray().Select(element => element.GetRawText()));
        }
        return elements;
    }
}
