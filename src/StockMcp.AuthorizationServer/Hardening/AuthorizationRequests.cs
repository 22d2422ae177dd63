using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using OpenIddict.Server.AspNetCore;

namespace StockMcp.AuthorizationServer.Hardening;

/// <summary>What the authorization endpoints of both servers do alike.</summary>
public static class AuthorizationRequests
{
    /// <summary>How the names of a consent page's tick boxes begin.</summary>
    public const string Tick = "tick:";

    /// <summary>The name of the consent page's buttons.</summary>
    public const string Decision = "decision";

    /// <summary>The request's own parameters, without what a consent page added: a form sends them again.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Parameters(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var source = HttpMethods.IsPost(context.Request.Method) ? context.Request.Form.AsEnumerable() : context.Request.Query;
        // A form's names are read without regard to case: "TICK:" in a link would tick for the person what they left unticked.
        return [.. source.Where(parameter => !parameter.Key.Equals(Decision, StringComparison.OrdinalIgnoreCase) && !parameter.Key.StartsWith(Tick, StringComparison.OrdinalIgnoreCase) && !parameter.Key.StartsWith("__", StringComparison.Ordinal))
            .Select(parameter => KeyValuePair.Create(parameter.Key, parameter.Value.ToString()))];
    }

    /// <summary>An OAuth error, in the form that the endpoint gives it: a redirect to the verified address, a page, or JSON.</summary>
    /// <param name="error">The code.</param>
    /// <param name="description">What was wrong and what to do, in words.</param>
    public static IResult Refuse(string error, string description) => Results.Forbid(
        new AuthenticationProperties(new Dictionary<string, string?>
        {
            [OpenIddictServerAspNetCoreConstants.Properties.Error] = error,
            [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = description,
        }), [OpenIddictServerAspNetCoreDefaults.AuthenticationScheme]);
}
