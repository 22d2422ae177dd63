using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OpenIddict.Abstractions;
using OpenIddict.EntityFrameworkCore.Models;
using StockMcp.Authority.Consent;
using StockMcp.Authority.Database;
using StockMcp.Authority.Revocations;

namespace StockMcp.Authority.Registration;

/// <summary>What is kept of a registration beside OpenIddict's own entry of the client.</summary>
public sealed class SelfRegistration
{
    /// <summary>The client_id.</summary>
    public required string ClientId { get; init; }

    /// <summary>The metadata as they were accepted, in JSON.</summary>
    public required string Metadata { get; set; }

    /// <summary>The hash of the registration access token (RFC 7592); <see langword="null"/> when nobody may change the registration.</summary>
    public byte[]? AccessTokenHash { get; set; }

    /// <summary>What a registration must equal to get this client_id again: a keyed hash of metadata and address; of clients without a secret alone.</summary>
    public byte[]? Fingerprint { get; set; }

    /// <summary>Of a client that a document describes: until when what was read of it is used.</summary>
    public DateTimeOffset? DocumentExpiresAt { get; set; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset RegisteredAt { get; init; }

    /// <summary>When the client last got a token, to the hour; <see langword="null"/> if it never did.</summary>
    public DateTimeOffset? LastUsedAt { get; set; }
}

internal sealed class RegistrationConfiguration : IEntityTypeConfiguration<SelfRegistration>, IEntityTypeConfiguration<RegistrationAttempt>, IEntityTypeConfiguration<OpenIddictEntityFrameworkCoreApplication>
{
    private const int LongestClientId = ClientMetadataDocuments.ClientIdUrl.Longest;

    // OpenIddict has 100 characters: too few for URLs.
    public void Configure(EntityTypeBuilder<OpenIddictEntityFrameworkCoreApplication> builder) => builder.Property(client => client.ClientId).HasMaxLength(LongestClientId);

    public void Configure(EntityTypeBuilder<SelfRegistration> builder)
    {
        builder.HasKey(registration => registration.ClientId);
        builder.Property(registration => registration.ClientId).HasMaxLength(LongestClientId);
        builder.HasIndex(registration => registration.Fingerprint);
        builder.HasIndex(registration => new { registration.LastUsedAt, registration.RegisteredAt });
    }

    public void Configure(EntityTypeBuilder<RegistrationAttempt> builder) => builder.HasIndex(attempt => new { attempt.Address, attempt.At });
}

/// <summary>The registered clients: which may still change, which are used, and how they end.</summary>
internal sealed class RegisteredClients(AuthorityDbContext database, IOpenIddictApplicationManager clients, ConsentStore consents, RevocationNotices notices, TimeProvider time)
{
    public static readonly TimeSpan UnusedLifetime = TimeSpan.FromHours(24);
    public static readonly TimeSpan IdleLifetime = TimeSpan.FromDays(90);
    private static readonly TimeSpan s_precision = TimeSpan.FromHours(1);

    public static byte[] Hash(string token) => SHA256.HashData(Encoding.ASCII.GetBytes(token));

    /// <summary>The registration that a registration access token belongs to, with OpenIddict's entry.</summary>
    public async Task<(SelfRegistration Registration, object Client)?> FindAsync(string clientId, string accessToken, CancellationToken cancellationToken)
    {
        var hash = Hash(accessToken);
        return await database.Set<SelfRegistration>().AsNoTracking().FirstOrDefaultAsync(registration => registration.ClientId == clientId, cancellationToken) is { AccessTokenHash: { } expected } registration
            && CryptographicOperations.FixedTimeEquals(hash, expected) && await clients.FindByClientIdAsync(clientId, cancellationToken) is { } client ? (registration, client) : null;
    }

    /// <summary>A client got a token: its person reads on their page when, and it stays.</summary>
    public Task UsedAsync(Guid personId, string clientId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return database.Database.ExecuteSqlAsync(
            $"""
            UPDATE "AgentConsent" SET "LastUsedAt" = {now.UtcTicks} WHERE "PersonId" = {personId} AND "ClientId" = {clientId};
            UPDATE "SelfRegistration" SET "LastUsedAt" = {now.UtcTicks} WHERE "ClientId" = {clientId} AND ("LastUsedAt" IS NULL OR "LastUsedAt" < {(now - s_precision).UtcTicks})
            """,
            cancellationToken);
    }

    /// <summary>Ends a client, its tokens, its authorizations, and what people allowed it (DC-05).</summary>
    public async Task DeleteAsync(string clientId, CancellationToken cancellationToken)
    {
        var people = await consents.PeopleOfAsync(clientId, cancellationToken);
        if (await clients.FindByClientIdAsync(clientId, cancellationToken) is { } client) await clients.DeleteAsync(client, cancellationToken); // with its authorizations and tokens
        await consents.ForgetAsync(clientId, cancellationToken);
        await database.Set<SelfRegistration>().Where(registration => registration.ClientId == clientId).ExecuteDeleteAsync(cancellationToken);
        foreach (var person in people) notices.Agent(person, clientId);
    }

    /// <summary>Ends the clients that nobody used within a day, or for 90 days.</summary>
    public async Task<int> DeleteExpiredAsync(CancellationToken cancellationToken)
    {
        var (unused, idle) = (time.GetUtcNow() - UnusedLifetime, time.GetUtcNow() - IdleLifetime);
        var expired = await database.Set<SelfRegistration>().Where(registration => (registration.LastUsedAt == null && registration.RegisteredAt < unused) || registration.LastUsedAt < idle)
            .Select(registration => registration.ClientId).Take(1000).ToListAsync(cancellationToken);
        foreach (var clientId in expired) await DeleteAsync(clientId, cancellationToken);
        return expired.Count;
    }

    public static CheckedClient Read(SelfRegistration registration) => JsonSerializer.Deserialize<CheckedClient>(registration.Metadata) ?? throw new InvalidOperationException("A registration without metadata.");
}
