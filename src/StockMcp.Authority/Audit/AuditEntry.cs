using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace StockMcp.Authority.Audit;

/// <summary>A line of the audit log. It is written once, and never changed.</summary>
public sealed class AuditEntry
{
    /// <summary>Its number: 1 for the first, without gaps.</summary>
    public required long Seq { get; init; }

    /// <summary>When it was written.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What happened: one of <see cref="AuditEvents"/>.</summary>
    public required string Event { get; init; }

    /// <summary>One of <see cref="AuditDecisions"/>.</summary>
    public required string Decision { get; init; }

    /// <summary>Why it was decided so, or how it ended.</summary>
    public string? Reason { get; init; }

    /// <summary>The person: a pseudonymous id.</summary>
    public string? Actor { get; init; }

    /// <summary>The agent's client_id.</summary>
    public string? Client { get; init; }

    /// <summary>The connection that it was about.</summary>
    public string? Connection { get; init; }

    /// <summary>The scopes that it was about.</summary>
    public string? Scopes { get; init; }

    /// <summary>The approval that it was about.</summary>
    public string? Approval { get; init; }

    /// <summary>SHA-256 of the terms that it was about, base64url.</summary>
    public string? Details { get; init; }

    /// <summary>The order that it was about, by the broker's id.</summary>
    public string? Order { get; init; }

    /// <summary>The mandate that it was about, or rested on.</summary>
    public string? Mandate { get; init; }

    /// <summary>The trace in which it happened.</summary>
    public string? Trace { get; init; }

    /// <summary>Chains it to the entry before: <see cref="AuditChain"/>.</summary>
    public required byte[] Mac { get; init; }
}

/// <summary>The end of the log, in one row: who writes next has to have it (AU-02).</summary>
public sealed class AuditHead
{
    /// <summary>The only row's key.</summary>
    public const int Only = 1;

    /// <summary><see cref="Only"/>.</summary>
    public int Id { get; init; } = Only;

    /// <summary>The last entry's number; 0 while there is none.</summary>
    public long Seq { get; set; }

    /// <summary>The last entry's <see cref="AuditEntry.Mac"/>.</summary>
    public required byte[] Mac { get; set; }
}

/// <summary>A signed statement of how far the log went and what its chain was there.</summary>
public sealed class AuditCheckpoint
{
    /// <summary>The entry that it is about.</summary>
    public required long Seq { get; init; }

    /// <summary>When it was signed.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The statement, as it also went to the log: see <see cref="SignedCheckpoint"/>.</summary>
    public required string Statement { get; init; }
}

/// <summary>The key that signs checkpoints, and nothing else: ES256.</summary>
public sealed class AuditKey
{
    /// <summary>Its id in each checkpoint.</summary>
    public required string Kid { get; init; }

    /// <summary>The private key (PKCS #8), encrypted by the master secret and bound to <see cref="Kid"/>.</summary>
    public required byte[] PrivateKey { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

internal sealed class AuditConfiguration : IEntityTypeConfiguration<AuditEntry>, IEntityTypeConfiguration<AuditHead>, IEntityTypeConfiguration<AuditCheckpoint>, IEntityTypeConfiguration<AuditKey>
{
    public void Configure(EntityTypeBuilder<AuditEntry> builder)
    {
        builder.ToTable("AuditEntries").HasKey(entry => entry.Seq);
        builder.Property(entry => entry.Seq).ValueGeneratedNever();
        // No foreign key: an entry outlives the person whom it is about.
        builder.HasIndex(entry => new { entry.Actor, entry.Seq });
    }

    public void Configure(EntityTypeBuilder<AuditHead> builder)
    {
        builder.ToTable("AuditHead").HasKey(head => head.Id);
        builder.Property(head => head.Id).ValueGeneratedNever();
        builder.HasData(new AuditHead { Mac = new byte[AuditChain.MacSize] });
    }

    public void Configure(EntityTypeBuilder<AuditCheckpoint> builder)
    {
        builder.ToTable("AuditCheckpoints").HasKey(checkpoint => checkpoint.Seq);
        builder.Property(checkpoint => checkpoint.Seq).ValueGeneratedNever();
        builder.HasIndex(checkpoint => checkpoint.Time);
    }

    public void Configure(EntityTypeBuilder<AuditKey> builder) => builder.ToTable("AuditKeys").HasKey(key => key.Kid);
}
