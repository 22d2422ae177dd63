using System.Diagnostics.CodeAnalysis;

namespace StockMcp.Doctor.Http;

/// <summary>The addresses that the standards derive from others.</summary>
internal static class Urls
{
    public const string ProtectedResource = "/.well-known/oauth-protected-resource";
    public const string AuthorizationServer = "/.well-known/oauth-authorization-server";
    public const string OpenIdConfiguration = "/.well-known/openid-configuration";

    /// <summary>RFC 9728, section 3.1: between host and path.</summary>
    public static Uri MetadataOf(Uri resource) => new(Origin(resource), ProtectedResource + (resource.PathAndQuery == "/" ? "" : resource.PathAndQuery));

    /// <summary>MCP's fall-back for a resource with a path.</summary>
    public static Uri RootMetadataOf(Uri resource) => new(Origin(resource), ProtectedResource);

    /// <summary>MCP 2025-11-25 and 2026-07-28, "Authorization Server Metadata Discovery": these, in this order.</summary>
    public static IReadOnlyList<Uri> DiscoveryOf(Uri issuer)
    {
        var path = issuer.AbsolutePath.TrimEnd('/');
        return path.Length == 0
            ? [new(issuer, AuthorizationServer), new(issuer, OpenIdConfiguration)]
            : [new(Origin(issuer), AuthorizationServer + path), new(Origin(issuer), OpenIdConfiguration + path), new(Origin(issuer), path + OpenIdConfiguration)];
    }

    public static Uri Origin(Uri url) => new(url.GetLeftPart(UriPartial.Authority));

    public static bool SameOrigin(Uri one, Uri other) => one.GetLeftPart(UriPartial.Authority) == other.GetLeftPart(UriPartial.Authority);

    /// <summary>https, or http that stays on this computer.</summary>
    public static bool IsSafe(Uri url) => (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback)) && url.UserInfo.Length == 0;

    /// <summary>Whether a server elsewhere names an address on this computer: a setting of its developer's, which no client can use, and where nothing is sent.</summary>
    public static bool LeadsHome(Uri url, Uri from) => url.IsLoopback && !from.IsLoopback;

    public static bool TryRead([NotNullWhen(true)] string? text, [NotNullWhen(true)] out Uri? url)
        => Uri.TryCreate(text, UriKind.Absolute, out url) && url.Scheme is "http" or "https" && url.Host.Length > 0;

    public static Uri WithQuery(Uri url, IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var query = string.Join('&', parameters.Select(parameter => $"{Uri.EscapeDataString(parameter.Key)}={Uri.EscapeDataString(parameter.Value)}"));
        return new UriBuilder(url) { Query = url.Query.Length > 1 ? $"{url.Query[1..]}&{query}" : query }.Uri;
    }

    public static IReadOnlyDictionary<string, string> Query(Uri url)
    {
        var parameters = new Dictionary<string, string>();
        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            parameters.TryAdd(Decode(parts[0]), parts.Length > 1 ? Decode(parts[1]) : "");
        }
        return parameters;

        static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
    }
}
