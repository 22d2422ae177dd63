using OpenIddict.Abstractions;
using StockMcp.Authority.Resources;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Registration;

/// <summary>What a client may that nobody configured: the code flow, for whatever people allow it (DC-01).</summary>
internal static class ClientPermissions
{
    public static IEnumerable<string> For(bool refreshes, ProtectedResources resources) =>
    [
        Permissions.Endpoints.Authorization, Permissions.Endpoints.Token, Permissions.Endpoints.Revocation, Permissions.Endpoints.PushedAuthorization,
        Permissions.GrantTypes.AuthorizationCode, Permissions.ResponseTypes.Code,
        .. refreshes ? [Permissions.GrantTypes.RefreshToken] : Array.Empty<string>(),
        // Every scope may be asked for, whatever the client thought of when it registered: it will want more one day.
        .. resources.Scopes.Select(scope => Permissions.Prefixes.Scope + scope),
        .. resources.All.Select(resource => Permissions.Prefixes.Resource + resource.Uri),
    ];

    /// <summary>RFC 8252, section 7.3: on loopback any port will do, since a native app takes the one that is free. OpenIddict reads an address without a port so.</summary>
    public static void AddRedirectUri(OpenIddictApplicationDescriptor descriptor, Uri uri)
    {
        descriptor.RedirectUris.Add(uri);
        if (uri.Scheme == Uri.UriSchemeHttps) return;
        descriptor.ApplicationType = ApplicationTypes.Native;
        if (uri.Scheme == Uri.UriSchemeHttp && !uri.IsDefaultPort) descriptor.RedirectUris.Add(new Uri($"{uri.Scheme}://{uri.Host}{uri.PathAndQuery}"));
    }
}
