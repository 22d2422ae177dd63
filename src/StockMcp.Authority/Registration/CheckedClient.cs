using System.Text.Json.Serialization;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using StockMcp.Authority.Resources;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Registration;

/// <summary>A client that passed the rules.</summary>
internal sealed record CheckedClient(string Name, IReadOnlyList<string> RedirectUris, string AuthMethod, bool Refreshes, string? Scope, string? Keys = null)
{
    /// <summary>Whether it is given a secret.</summary>
    [JsonIgnore]
    public bool NeedsSecret => AuthMethod is ClientAuthenticationMethods.ClientSecretBasic or ClientAuthenticationMethods.ClientSecretPost;

    /// <summary>Whether people who allowed the other one would have to look again.</summary>
    public bool IsAnotherThan(CheckedClient other) => Name != other.Name || Keys != other.Keys || !RedirectUris.SequenceEqual(other.RedirectUris);

    /// <summary>Writes all but client_id and secret into OpenIddict's entry.</summary>
    public void Describe(OpenIddictApplicationDescriptor descriptor, ProtectedResources resources)
    {
        descriptor.ClientType = AuthMethod == ClientAuthenticationMethods.None ? ClientTypes.Public : ClientTypes.Confidential;
        descriptor.ConsentType = ConsentTypes.Explicit;
        descriptor.DisplayName = Name;
        descriptor.ApplicationType = ApplicationTypes.Web;
        descriptor.JsonWebKeySet = Keys is null ? null : new JsonWebKeySet(Keys);
        descriptor.RedirectUris.Clear();
        foreach (var uri in RedirectUris.Select(text => new Uri(text))) AddRedirectUri(descriptor, uri);
        descriptor.Permissions.Clear();
        // DC-01: the code flow, for whatever people allow it.
        descriptor.Permissions.UnionWith([Permissions.Endpoints.Authorization, Permissions.Endpoints.Token, Permissions.Endpoints.Revocation, Permissions.Endpoints.PushedAuthorization, Permissions.GrantTypes.AuthorizationCode, Permissions.ResponseTypes.Code]);
        if (Refreshes) descriptor.Permissions.Add(Permissions.GrantTypes.RefreshToken);
        // Every scope may be asked for, whatever the client thought of when it registered: it will want more one day.
        descriptor.Permissions.UnionWith(resources.Scopes.Select(scope => Permissions.Prefixes.Scope + scope));
        descriptor.Permissions.UnionWith(resources.All.Select(resource => Permissions.Prefixes.Resource + resource.Uri));
    }

    // RFC 8252, section 7.3: on loopback any port will do, since a native app takes the one that is free. OpenIddict reads an address without a port so.
    private static void AddRedirectUri(OpenIddictApplicationDescriptor descriptor, Uri uri)
    {
        descriptor.RedirectUris.Add(uri);
        if (uri.Scheme == Uri.UriSchemeHttps) return;
        descriptor.ApplicationType = ApplicationTypes.Native;
        if (uri.Scheme == Uri.UriSchemeHttp && !uri.IsDefaultPort) descriptor.RedirectUris.Add(new Uri($"{uri.Scheme}://{uri.Host}{uri.PathAndQuery}"));
    }
}
