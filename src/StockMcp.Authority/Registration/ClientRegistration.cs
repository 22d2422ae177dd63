using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Consent;
using StockMcp.Authority.Database;
using StockMcp.Authority.Resources;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Registration;

/// <summary>Registers clients that nobody configured (RFC 7591), and changes them (RFC 7592). What they may do is decided by people, on the consent page.</summary>
internal sealed class ClientRegistration(
    AuthorityDbContext database, IOpenIddictApplicationManager clients, ConsentStore consents, ProtectedResources resources, RegistrationLimit limit, IOptions<RegistrationOptions> options, PublicUrl publicUrl, TimeProvider time)
{
    /// <summary>How long the same registration from the same address gets the same client_id, if nobody has used it yet.</summary>
    public static readonly TimeSpan SameClientFor = TimeSpan.FromHours(1);

    private const string SelfRegistered = "self_registered";
    private static readonly TimeSpan s_whenFull = TimeSpan.FromMinutes(10);

    /// <summary>Whether a client registered itself, or else the operator did.</summary>
    public static async Task<bool> IsSelfRegisteredAsync(IOpenIddictApplicationManager clients, object client, CancellationToken cancellationToken)
        => (await clients.GetPropertiesAsync(client, cancellationToken)).ContainsKey(SelfRegistered);

    /// <exception cref="RegistrationException">A member cannot be, or there are too many.</exception>
    public async Task<RegisteredClient> RegisterAsync(ClientMetadata metadata, IPAddress? from, CancellationToken cancellationToken)
    {
        var client = ClientMetadataRules.Check(metadata, options.Value);
        var address = limit.Hash(from);
        await limit.WaitAsync(cancellationToken);
        try
        {
            if (await RegistrationLimit.CountAsync(database, address, options.Value, time, cancellationToken) is { } wait)
                throw new RegistrationException(Errors.SlowDown, "Too many clients registered from this address. Keep the client_id that you got, and register again later.") { Status = StatusCodes.Status429TooManyRequests, RetryAfter = wait };
            var json = JsonSerializer.Serialize(client);
            var fingerprint = client.AuthMethod == ClientAuthenticationMethods.None ? limit.Hash(json, address) : null;
            if (fingerprint is not null && await FindUnusedAsync(fingerprint, cancellationToken) is { } same) return Answer(same, client);
            if (await limit.IsFullAsync(database, options.Value, time, cancellationToken))
                throw new RegistrationException(Errors.TemporarilyUnavailable, "No more clients can register now. Try again later, or ask the operator to register this one.") { Status = StatusCodes.Status503ServiceUnavailable, RetryAfter = s_whenFull };
            return await CreateAsync(client, json, fingerprint, cancellationToken);
        }
        finally
        {
            limit.Release();
        }
    }

    /// <summary>RFC 7592, section 2.2: what is not said is not kept, and the whole is checked as a new registration is (DC-04).</summary>
    /// <returns><see langword="null"/> if another request changed it first, so that the access token is not good any more.</returns>
    /// <exception cref="RegistrationException">A member cannot be.</exception>
    public async Task<RegisteredClient?> UpdateAsync(SelfRegistration registration, object entry, ClientMetadata metadata, CancellationToken cancellationToken)
    {
        if (metadata.ClientId != registration.ClientId) throw new RegistrationException(ClientMetadataRules.InvalidClientMetadata, "client_id must be the client's own.");
        if (metadata.ClientSecret is not null && !await clients.ValidateClientSecretAsync(entry, metadata.ClientSecret, cancellationToken)) throw new RegistrationException(ClientMetadataRules.InvalidClientMetadata, "client_secret must be left out, or be the client's own.");
        var (before, client) = (RegisteredClients.Read(registration), ClientMetadataRules.Check(metadata, options.Value));
        var (token, hash) = NewAccessToken();
        var json = JsonSerializer.Serialize(client);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        var old = registration.AccessTokenHash;
        if (await database.Set<SelfRegistration>().Where(known => known.ClientId == registration.ClientId && known.AccessTokenHash == old).ExecuteUpdateAsync(set => set
            .SetProperty(known => known.Metadata, json).SetProperty(known => known.AccessTokenHash, hash).SetProperty(known => known.Fingerprint, (byte[]?)null), cancellationToken) == 0) return null;

        var descriptor = new OpenIddictApplicationDescriptor();
        await clients.PopulateAsync(descriptor, entry, cancellationToken); // the secret's hash stays, unless the client's type changes
        var secret = client.NeedsSecret && !before.NeedsSecret ? Random(32) : null;
        if (!client.NeedsSecret) descriptor.ClientSecret = null;
        else if (secret is not null) descriptor.ClientSecret = secret;
        client.Describe(descriptor, resources);
        await clients.UpdateAsync(entry, descriptor, cancellationToken);
        // People looked at another client than this one now is.
        if (before.IsAnotherThan(client)) await consents.ForgetAsync(registration.ClientId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Answer(registration, client) with { ClientSecret = secret, ClientSecretExpiresAt = client.NeedsSecret ? 0 : null, RegistrationClientUri = ConfigurationUri(registration.ClientId), RegistrationAccessToken = token };
    }

    /// <summary>RFC 7592, section 3: the registration as it is.</summary>
    public RegisteredClient Read(SelfRegistration registration, string accessToken)
        => Answer(registration, RegisteredClients.Read(registration)) with { RegistrationClientUri = ConfigurationUri(registration.ClientId), RegistrationAccessToken = accessToken };

    private async Task<RegisteredClient> CreateAsync(CheckedClient client, string json, byte[]? fingerprint, CancellationToken cancellationToken)
    {
        var (token, hash) = NewAccessToken();
        var secret = client.NeedsSecret ? Random(32) : null;
        var descriptor = new OpenIddictApplicationDescriptor { ClientId = Random(16), ClientSecret = secret };
        descriptor.Properties[SelfRegistered] = JsonSerializer.SerializeToElement(time.GetUtcNow());
        client.Describe(descriptor, resources);
        var registration = new SelfRegistration { ClientId = descriptor.ClientId, Metadata = json, AccessTokenHash = hash, Fingerprint = fingerprint, RegisteredAt = time.GetUtcNow() };
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        database.Audit(new AuditRecord(AuditEvents.ClientRegistered) { Client = descriptor.ClientId });
        await clients.CreateAsync(descriptor, cancellationToken);
        database.Add(registration);
        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Answer(registration, client) with { ClientSecret = secret, ClientSecretExpiresAt = secret is null ? null : 0, RegistrationClientUri = ConfigurationUri(registration.ClientId), RegistrationAccessToken = token };
    }

    // Several callers get one client_id, so from now on none of them may change or delete it under the others' feet.
    private async Task<SelfRegistration?> FindUnusedAsync(byte[] fingerprint, CancellationToken cancellationToken)
    {
        var since = time.GetUtcNow() - SameClientFor;
        var same = await database.Set<SelfRegistration>().AsNoTracking().FirstOrDefaultAsync(known => known.Fingerprint == fingerprint && known.LastUsedAt == null && known.RegisteredAt > since, cancellationToken);
        return same is not null && await database.Set<SelfRegistration>().Where(known => known.ClientId == same.ClientId && known.Fingerprint == fingerprint && known.LastUsedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(known => known.AccessTokenHash, (byte[]?)null), cancellationToken) == 1 ? same : null;
    }

    private RegisteredClient Answer(SelfRegistration registration, CheckedClient client) => new()
    {
        ClientId = registration.ClientId,
        ClientIdIssuedAt = registration.RegisteredAt.ToUnixTimeSeconds(),
        ClientName = client.Name,
        RedirectUris = client.RedirectUris,
        GrantTypes = client.Refreshes ? [GrantTypes.AuthorizationCode, GrantTypes.RefreshToken] : [GrantTypes.AuthorizationCode],
        ResponseTypes = [ResponseTypes.Code],
        TokenEndpointAuthMethod = client.AuthMethod,
        Jwks = client.Keys is null ? null : JsonSerializer.Deserialize<JsonElement>(client.Keys),
        Scope = string.Join(' ', client.Scope?.Split(' ').Intersect(resources.Scopes) is { } known && known.Any() ? known : resources.Scopes),
    };

    private string ConfigurationUri(string clientId) => publicUrl.At($"{RegistrationExtensions.Endpoint}/{clientId}");

    private static (string Token, byte[] Hash) NewAccessToken()
    {
        var token = Random(32);
        return (token, RegisteredClients.Hash(token));
    }

    private static string Random(int bytes) => Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(bytes));
}
