using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Database;
using StockMcp.Authority.Resources;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Registration;

/// <summary>Registers clients that nobody configured (RFC 7591). What they may do is decided by people, on the consent page.</summary>
internal sealed class ClientRegistration(IOpenIddictApplicationManager clients, ProtectedResources resources, IOptions<RegistrationOptions> options, AuthorityDbContext database, TimeProvider time)
{
    private const string SelfRegistered = "self_registered";

    /// <summary>Whether a client registered itself, or else the operator did.</summary>
    public static async Task<bool> IsSelfRegisteredAsync(IOpenIddictApplicationManager clients, object client, CancellationToken cancellationToken)
        => (await clients.GetPropertiesAsync(client, cancellationToken)).ContainsKey(SelfRegistered);

    /// <exception cref="RegistrationException">A member cannot be.</exception>
    public async Task<RegisteredClient> RegisterAsync(ClientMetadata metadata, CancellationToken cancellationToken)
    {
        var client = ClientMetadataRules.Check(metadata, options.Value);
        var now = time.GetUtcNow();
        var secret = client.AuthMethod == ClientAuthenticationMethods.None ? null : Random(32);
        var descriptor = new OpenIddictApplicationDescriptor
        {
            ClientId = Random(16),
            ClientSecret = secret,
            ClientType = secret is null ? ClientTypes.Public : ClientTypes.Confidential,
            ConsentType = ConsentTypes.Explicit,
            DisplayName = client.Name,
            Properties = { [SelfRegistered] = JsonSerializer.SerializeToElement(now) },
        };
        foreach (var uri in client.RedirectUris.Select(text => new Uri(text))) AddRedirectUri(descriptor, uri);
        descriptor.Permissions.UnionWith([Permissions.Endpoints.Authorization, Permissions.Endpoints.Token, Permissions.Endpoints.Revocation, Permissions.Endpoints.PushedAuthorization, Permissions.GrantTypes.AuthorizationCode, Permissions.ResponseTypes.Code]);
        if (client.Refreshes) descriptor.Permissions.Add(Permissions.GrantTypes.RefreshToken);
        // Every scope may be asked for, whatever the client thought of when it registered: it will want more one day.
        descriptor.Permissions.UnionWith(resources.Scopes.Select(scope => Permissions.Prefixes.Scope + scope));
        descriptor.Permissions.UnionWith(resources.All.Select(resource => Permissions.Prefixes.Resource + resource.Uri));
        database.Audit(new AuditRecord(AuditEvents.ClientRegistered) { Client = descriptor.ClientId });
        await clients.CreateAsync(descriptor, cancellationToken);

        return new RegisteredClient
        {
            ClientId = descriptor.ClientId,
            ClientIdIssuedAt = now.ToUnixTimeSeconds(),
            ClientSecret = secret,
            ClientSecretExpiresAt = secret is null ? null : 0,
            ClientName = client.Name,
            RedirectUris = client.RedirectUris,
            GrantTypes = client.Refreshes ? [GrantTypes.AuthorizationCode, GrantTypes.RefreshToken] : [GrantTypes.AuthorizationCode],
            ResponseTypes = [ResponseTypes.Code],
            TokenEndpointAuthMethod = client.AuthMethod,
            Scope = string.Join(' ', client.Scope?.Split(' ').Intersect(resources.Scopes) is { } known && known.Any() ? known : resources.Scopes),
        };
    }

    // RFC 8252, section 7.3: on loopback any port will do, since a native app takes the one that is free. OpenIddict reads an address without a port so.
    private static void AddRedirectUri(OpenIddictApplicationDescriptor descriptor, Uri uri)
    {
        descriptor.RedirectUris.Add(uri);
        if (uri.Scheme == Uri.UriSchemeHttps) return;
        descriptor.ApplicationType = ApplicationTypes.Native;
        if (uri.Scheme == Uri.UriSchemeHttp && !uri.IsDefaultPort) descriptor.RedirectUris.Add(new Uri($"{uri.Scheme}://{uri.Host}{uri.PathAndQuery}"));
    }

    private static string Random(int bytes) => Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(bytes));
}
