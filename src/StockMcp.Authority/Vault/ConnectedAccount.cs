using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StockMcp.Authority.SignIn;

namespace StockMcp.Authority.Vault;

/// <summary>Whether the vault can get tokens for an account.</summary>
public enum ConnectionState
{
    /// <summary>It can.</summary>
    Connected,

    /// <summary>The connection does not honour the refresh token any more: the person has to connect again.</summary>
    ReconnectNeeded,

    /// <summary>The person disconnected it.</summary>
    Disconnected,
}

/// <summary>A person's account at a connection, and the refresh token for it.</summary>
public sealed class ConnectedAccount
{
    /// <summary>Its id in the connected accounts API.</summary>
    public Guid Id { get; init; }

    /// <summary>Whose it is.</summary>
    public required Guid PersonId { get; init; }

    /// <summary>The connection's name.</summary>
    public required string Connection { get; init; }

    /// <summary>Who the person is there: the provider's subject.</summary>
    public required string Subject { get; init; }

    /// <summary>What the provider calls them.</summary>
    public required string AccountName { get; set; }

    /// <summary>The granted scopes, separated by spaces.</summary>
    public string Scopes { get; set; } = "";

    /// <summary>Whether tokens can be got.</summary>
    public ConnectionState State { get; set; }

    /// <summary>Whether agents get this one: of a person's accounts at a connection at most one is. Who it is never changes by itself.</summary>
    public bool InUse { get; set; }

    /// <summary>When the person last connected it.</summary>
    public DateTimeOffset ConnectedAt { get; set; }

    /// <summary>The refresh token, sealed by the person's key; gone when the account is not connected.</summary>
    public byte[]? RefreshToken { get; set; }

    /// <summary>Until when one copy alone may refresh. A token that two copies refresh at once looks stolen to the provider.</summary>
    public DateTimeOffset? RefreshLease { get; set; }

    /// <summary>The granted scopes.</summary>
    public IReadOnlyList<string> GrantedScopes => Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>An access token of the connection, kept while it lives: those who ask for the same in one moment share it, and later it stands in while the provider is away.</summary>
public sealed class UpstreamAccessToken
{
    /// <summary>The account it is for.</summary>
    public required Guid AccountId { get; init; }

    /// <summary>The connection's scopes that it carries, in a stable order, separated by spaces.</summary>
    public required string Scopes { get; init; }

    /// <summary>The token, sealed by the person's key.</summary>
    public required byte[] Token { get; set; }

    /// <summary>When the provider gave it.</summary>
    public required DateTimeOffset ObtainedAt { get; set; }

    /// <summary>When it expires.</summary>
    public required DateTimeOffset ExpiresAt { get; set; }
}

internal sealed class VaultConfiguration : IEntityTypeConfiguration<ConnectedAccount>, IEntityTypeConfiguration<UpstreamAccessToken>, IEntityTypeConfiguration<PersonKey>
{
    public void Configure(EntityTypeBuilder<ConnectedAccount> builder)
    {
        builder.HasOne<Person>().WithMany().HasForeignKey(account => account.PersonId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(account => new { account.Connection, account.Subject }).IsUnique();
        builder.Property(account => account.Connection).HasMaxLength(64);
        builder.Property(account => account.Subject).HasMaxLength(255);
        builder.Property(account => account.AccountName).HasMaxLength(200);
        builder.Ignore(account => account.GrantedScopes);
    }

    public void Configure(EntityTypeBuilder<UpstreamAccessToken> builder)
    {
        builder.HasKey(token => new { token.AccountId, token.Scopes });
        builder.HasOne<ConnectedAccount>().WithMany().HasForeignKey(token => token.AccountId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<PersonKey> builder)
    {
        builder.HasKey(key => new { key.PersonId, key.Version });
        builder.HasOne<Person>().WithMany().HasForeignKey(key => key.PersonId).OnDelete(DeleteBehavior.Cascade);
    }
}
