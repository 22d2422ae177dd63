using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace StockMcp.Agent.Grants;

/// <summary>What a person gave this agent at the Authority: one row for each person, whatever browsers they use. The latest sign-in takes the place of the one before.</summary>
public sealed class Grant
{
    /// <summary>The person, as the Authority names them.</summary>
    public required string Subject { get; init; }

    /// <summary>What they are called at their broker, for display alone.</summary>
    public string? Name { get; set; }

    /// <summary>The access token, encrypted.</summary>
    public required string AccessToken { get; set; }

    /// <summary>The refresh token, encrypted.</summary>
    public required string RefreshToken { get; set; }

    /// <summary>When the access token ends.</summary>
    public required DateTimeOffset ExpiresAt { get; set; }

    /// <summary>When the Authority said that it is over: the person signed this agent out, or it ran out.</summary>
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>Until when one copy alone refreshes it.</summary>
    public DateTimeOffset? RefreshingUntil { get; set; }

    /// <summary>Grows with each change of the tokens.</summary>
    public int Version { get; set; }

    /// <inheritdoc/>
    public override string ToString() => $"grant of {Subject}";
}

internal sealed class GrantConfiguration : IEntityTypeConfiguration<Grant>
{
    public void Configure(EntityTypeBuilder<Grant> builder)
    {
        builder.ToTable("Grants").HasKey(grant => grant.Subject);
        builder.Property(grant => grant.Subject).HasMaxLength(255);
        builder.Property(grant => grant.Name).HasMaxLength(200);
    }
}
