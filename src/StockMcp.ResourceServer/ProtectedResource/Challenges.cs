using Duende.IdentityModel;
using StockMcp.ResourceServer.StrictJson;

namespace StockMcp.ResourceServer.ProtectedResource;

/// <summary>
/// The refusals that a client can act on (RFC 6750, section 3; RFC 9728, section 5.1). Several clients look at the body only, so it says the same in a JSON-RPC error.
/// </summary>
public sealed class Challenges(McpResource resource)
{
    private const int Unauthorized = -32001;
    private const int Forbidden = -32003;
    private const int Unavailable = -32004;

    /// <summary>401, without an error: nothing was wrong, a token is needed (RS-05).</summary>
    public Task NoTokenAsync(HttpContext context) => WriteAsync(context, StatusCodes.Status401Unauthorized,
        $"""Bearer resource_metadata="{resource.MetadataUrl}", scope="{string.Join(' ', resource.DefaultScopes)}" """.TrimEnd(),
        new(Unauthorized, "This server needs an access token. Find the authorization server in the metadata, and let the person sign in there.", new { resource_metadata = resource.MetadataUrl }));

    /// <summary>401: there was a token, and it is not accepted. Why is in the log, not in the answer.</summary>
    public Task BadTokenAsync(HttpContext context) => WriteAsync(context, StatusCodes.Status401Unauthorized,
        $"""Bearer error="{OidcConstants.ProtectedResourceErrors.InvalidToken}", resource_metadata="{resource.MetadataUrl}", scope="{string.Join(' ', resource.DefaultScopes)}" """.TrimEnd(),
        new(Unauthorized, "The access token is not valid here. Get a new one, with its refresh token or by letting the person sign in again.", new { error = OidcConstants.ProtectedResourceErrors.InvalidToken, resource_metadata = resource.MetadataUrl }));

    /// <summary>403: the token is good, and does not allow this call. Names every scope that the call needs.</summary>
    public Task InsufficientScopeAsync(HttpContext context, string tool, IReadOnlyList<string> needed, IReadOnlyList<string> missing)
    {
        ArgumentNullException.ThrowIfNull(needed);
        var scope = string.Join(' ', needed);
        return WriteAsync(context, StatusCodes.Status403Forbidden,
            $"""Bearer error="{OidcConstants.ProtectedResourceErrors.InsufficientScope}", scope="{scope}", resource_metadata="{resource.MetadataUrl}" """.TrimEnd(),
            new(Forbidden, $"{tool} needs the scope {string.Join(" and ", missing)}, which this agent was not given. Sign the agent in again and let the person tick it on the consent page. Nothing was done.",
                new { error = OidcConstants.ProtectedResourceErrors.InsufficientScope, scope, resource_metadata = resource.MetadataUrl }));
    }

    /// <summary>503: whether the token is good cannot be known now. A 401 would send every agent's person to sign in again (FD-04).</summary>
    public static Task CannotTellAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Response.Headers.RetryAfter = "2";
        return JsonRpcRefusal.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, new(Unavailable, "The authorization server cannot be reached, and its keys are not known here yet. Retry in a few seconds."));
    }

    private static Task WriteAsync(HttpContext context, int status, string challenge, JsonRpcRefusal refusal)
    {
        context.Response.Headers.WWWAuthenticate = challenge;
        return JsonRpcRefusal.WriteAsync(context, status, refusal);
    }
}
