using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using OpenIddict.EntityFrameworkCore.Models;
using StockMcp.AuthorizationServer.Hardening;
using StockMcp.AuthorizationServer.Keys;

namespace StockMcp.AuthorizationServer.Database;

/// <summary>What each of our authorization servers stores: OpenIddict's clients, grants and tokens, its own signing keys, and the keys of its cookies.</summary>
public abstract class AuthorizationServerDbContext(DbContextOptions options) : DbContext(options), IDataProtectionKeyContext
{
    /// <summary>The keys that sign tokens, each encrypted by the <see cref="MasterSecret"/>.</summary>
    public DbSet<SigningKey> SigningKeys => Set<SigningKey>();

    /// <summary>The keys of cookies and forms, each encrypted by the <see cref="MasterSecret"/>.</summary>
    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    /// <summary>Forgets what else is kept of a signing key that was revoked.</summary>
    public virtual Task ForgetKeyAsync(string kid, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        modelBuilder.UseOpenIddict();
        // What ends one person's agent must not look at all who use the same one.
        modelBuilder.Entity<OpenIddictEntityFrameworkCoreAuthorization>().HasIndex(authorization => authorization.Subject);
        modelBuilder.Entity<OpenIddictEntityFrameworkCoreToken>().HasIndex(token => token.Subject);
        modelBuilder.Entity<SigningKey>(SigningKey.Configure);
        modelBuilder.Entity<UsedAssertion>().HasKey(used => used.Id);
        modelBuilder.Entity<UsedAssertion>().HasIndex(used => used.ExpiresAt);
        modelBuilder.ApplyConfigurationsFromAssembly(GetType().Assembly);
    }

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        ArgumentNullException.ThrowIfNull(configurationBuilder);
        configurationBuilder.UseUtcTicks();
    }
}
