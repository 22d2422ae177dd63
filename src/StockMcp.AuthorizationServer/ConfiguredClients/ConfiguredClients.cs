using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.AuthorizationServer.ConfiguredClients;

/// <summary>A client that the operator registered, instead of the client itself.</summary>
public sealed record ConfiguredClient
{
    /// <summary>Its client_id.</summary>
    [Required] public string ClientId { get; init; } = "";

    /// <summary>Its secret; without one, and without keys, the client is public.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>The file that holds its secret.</summary>
    public string? ClientSecretFile { get; init; }

    /// <summary>Its public keys for <c>private_key_jwt</c>: a JSON Web Key Set.</summary>
    public string? Jwks { get; init; }

    /// <summary>The file that holds its public keys: a JSON Web Key Set, or a public key in PEM.</summary>
    public string? JwksFile { get; init; }

    /// <summary>Its name, as people see it.</summary>
    public string? DisplayName { get; init; }

    /// <summary>Where the code flow may end.</summary>
    public IReadOnlyList<Uri> RedirectUris { get; init; } = [];

    /// <summary>The grants it may use; the code flow with refresh unless set.</summary>
    public IReadOnlyList<string> GrantTypes { get; init; } = [];

    /// <summary>The scopes it may ask for.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>The resources (RFC 8707) it may ask for.</summary>
    public IReadOnlyList<string> Resources { get; init; } = [];

    /// <summary>The audiences (RFC 8693) it may exchange tokens for.</summary>
    public IReadOnlyList<string> Audiences { get; init; } = [];

    /// <summary>The types of authorization details (RFC 9396) it may ask for; of none unless set. For confidential clients alone.</summary>
    public IReadOnlyList<string> AuthorizationDetailsTypes { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => ClientId;
}

/// <summary>The setting <c>Clients</c>.</summary>
public sealed record ConfiguredClientsOptions
{
    /// <summary>The clients the operator registered.</summary>
    public IReadOnlyList<ConfiguredClient> Clients { get; init; } = [];
}

/// <summary>Brings the clients of the settings into the database at each start.</summary>
public static class ConfiguredClientsExtensions
{
    /// <summary>Adds them.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="authorizationDetailsTypes">The types of authorization details that this server knows.</param>
    public static void AddConfiguredClients(this WebApplicationBuilder builder, IReadOnlyList<string>? authorizationDetailsTypes = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton(new KnownAuthorizationDetails(authorizationDetailsTypes ?? []));
        builder.Services.AddOptions<ConfiguredClientsOptions>().Configure<IConfiguration>((options, configuration) => configuration.Bind(options));
        builder.Services.AddHostedService<ConfiguredClientsSync>();
    }

    /// <summary>The permission of a client that may ask for authorization details of a type.</summary>
    public static string AuthorizationDetailsPermission(string type) => "authorization_details:" + type;
}

internal sealed record KnownAuthorizationDetails(IReadOnlyList<string> Types);

internal sealed class ConfiguredClientsSync(IServiceScopeFactory scopes, IOptions<ConfiguredClientsOptions> options, KnownAuthorizationDetails known, IHostEnvironment environment) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await SyncAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is DbUpdateException or OpenIddictExceptions.ConcurrencyException or OpenIddictExceptions.ValidationException)
        {
            // Another copy starts at the same moment and stored one of them first.
            await SyncAsync(cancellationToken);
        }
    }

    private async Task SyncAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var manager = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();
        foreach (var client in options.Value.Clients)
        {
            var descriptor = Describe(client);
            if (await manager.FindByClientIdAsync(client.ClientId, cancellationToken) is not { } stored)
                await manager.CreateAsync(descriptor, cancellationToken);
            else if (descriptor.ClientSecret is null || !await manager.ValidateClientSecretAsync(stored, descriptor.ClientSecret, cancellationToken) || await ChangedAsync(manager, stored, descriptor, cancellationToken))
                await manager.UpdateAsync(stored, descriptor, cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static async Task<bool> ChangedAsync(IOpenIddictApplicationManager manager, object known, OpenIddictApplicationDescriptor wanted, CancellationToken cancellationToken)
    {
        var current = new OpenIddictApplicationDescriptor();
        await manager.PopulateAsync(current, known, cancellationToken);
        return current.ClientType != wanted.ClientType || (current.ClientSecret is null) != (wanted.ClientSecret is null) || Kids(current) != Kids(wanted) || current.DisplayName != wanted.DisplayName || !current.Permissions.SetEquals(wanted.Permissions) || !current.RedirectUris.SetEquals(wanted.RedirectUris);
    }

    private OpenIddictApplicationDescriptor Describe(ConfiguredClient client)
    {
        var secret = client.ClientSecret is { Length: > 0 } set ? set : client.ClientSecretFile is { Length: > 0 } file ? Read(nameof(client.ClientSecretFile), file) : null;
        var keys = ClientKeys.Read(client.ClientId, client.Jwks is { Length: > 0 } jwks ? jwks : client.JwksFile is { Length: > 0 } path ? Read(nameof(client.JwksFile), path) : null);
        var descriptor = new OpenIddictApplicationDescriptor
        {
            ClientId = client.ClientId,
            ClientSecret = secret,
            JsonWebKeySet = keys,
            ClientType = secret is null && keys is null ? ClientTypes.Public : ClientTypes.Confidential,
            ConsentType = ConsentTypes.Explicit,
            DisplayName = client.DisplayName ?? client.ClientId,
        };
        if (environment.IsProduction()) CheckCredentials(client, descriptor, secret);
        if (client.AuthorizationDetailsTypes.FirstOrDefault(type => !known.Types.Contains(type)) is { } unknown)
            throw new StartupException($"AuthorizationDetailsTypes of client {client.ClientId} names {unknown}, which is not known here. {(known.Types.Count == 0 ? "Leave the setting out." : $"Known are: {string.Join(", ", known.Types)}.")}");
        if (client.AuthorizationDetailsTypes.Count > 0 && descriptor.ClientType == ClientTypes.Public)
            throw new StartupException($"Client {client.ClientId} has AuthorizationDetailsTypes, but neither a secret nor keys: anybody could ask in its name. Give it a secret or keys, or leave the setting out.");
        descriptor.RedirectUris.UnionWith(client.RedirectUris);
        descriptor.Permissions.UnionWith([Permissions.Endpoints.Token, Permissions.Endpoints.Revocation, Permissions.Endpoints.Introspection]);
        foreach (var grant in client.GrantTypes.DefaultIfEmpty(GrantTypes.AuthorizationCode).Union(client.GrantTypes.Count == 0 ? [GrantTypes.RefreshToken] : []))
        {
            descriptor.Permissions.Add(Permissions.Prefixes.GrantType + grant);
            if (grant == GrantTypes.AuthorizationCode)
                descriptor.Permissions.UnionWith([Permissions.Endpoints.Authorization, Permissions.Endpoints.PushedAuthorization, Permissions.ResponseTypes.Code]);
        }
        descriptor.Permissions.UnionWith(client.Scopes.Select(scope => Permissions.Prefixes.Scope + scope));
        descriptor.Permissions.UnionWith(client.Resources.Select(resource => Permissions.Prefixes.Resource + resource));
        descriptor.Permissions.UnionWith(client.Audiences.Select(audience => Permissions.Prefixes.Audience + audience));
        descriptor.Permissions.UnionWith(client.AuthorizationDetailsTypes.Select(ConfiguredClientsExtensions.AuthorizationDetailsPermission));
        return descriptor;
    }

    // PX-02
    private static void CheckCredentials(ConfiguredClient client, OpenIddictApplicationDescriptor descriptor, string? secret)
    {
        if (descriptor.ClientType == ClientTypes.Public && client.GrantTypes.Any(grant => grant is not (GrantTypes.AuthorizationCode or GrantTypes.RefreshToken)))
            throw new StartupException($"Client {client.ClientId} has neither a secret nor keys, and may do more than sign people in: anybody could act in its name. Set its ClientSecretFile, or its JwksFile.");
        if (secret is not null) SecretFile.RefuseShort(secret, $"The secret of client {client.ClientId}");
    }

    private static string Kids(OpenIddictApplicationDescriptor descriptor) => string.Join(' ', descriptor.JsonWebKeySet?.Keys.Select(key => Microsoft.IdentityModel.Tokens.Base64UrlEncoder.Encode(key.ComputeJwkThumbprint())) ?? []);

    private static string Read(string setting, string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"A client's {setting} names {file}, which cannot be read: {exception.Message}", exception);
        }
    }
}
