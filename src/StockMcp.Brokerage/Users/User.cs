using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace StockMcp.Brokerage.Users;

/// <summary>A customer of the Brokerage.</summary>
public sealed class User
{
    /// <summary>The subject of tokens.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>What they sign in with, in lower case.</summary>
    public required string UserName { get; init; }

    /// <summary>What they are called.</summary>
    public required string DisplayName { get; init; }

    /// <summary>Where they get mail, if they said so.</summary>
    public string? Email { get; set; }

    /// <summary>Made by ASP.NET Core's PasswordHasher.</summary>
    public required string PasswordHash { get; set; }

    /// <summary>Wrong passwords since the last right one.</summary>
    public int FailedSignIns { get; set; }

    /// <summary>No password is looked at before.</summary>
    public DateTimeOffset WaitUntil { get; set; }

    /// <inheritdoc/>
    public override string ToString() => UserName;
}

internal sealed class UserConfiguration : IEntityTypeConfiguration<User>
{
    public void Configure(EntityTypeBuilder<User> builder)
    {
        builder.HasIndex(user => user.UserName).IsUnique();
        builder.Property(user => user.UserName).HasMaxLength(64);
        builder.Property(user => user.Email).HasMaxLength(254);
    }
}
