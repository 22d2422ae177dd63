using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace StockMcp.Authority.Receipts;

/// <summary>The public half of a key that signed a receipt: published for as long as there are receipts, long after the key signs nothing any more.</summary>
public sealed class ReceiptKey
{
    /// <summary>The key's id, as receipts name it.</summary>
    public required string Kid { get; init; }

    /// <summary>The key as a JSON Web Key (RFC 7517); nothing of it is secret.</summary>
    public required string Jwk { get; init; }

    /// <summary>When it first signed a receipt.</summary>
    public required DateTimeOffset FirstUsedAt { get; init; }
}

internal sealed class ReceiptKeyConfiguration : IEntityTypeConfiguration<ReceiptKey>
{
    public void Configure(EntityTypeBuilder<ReceiptKey> builder) => builder.ToTable("ReceiptKeys").HasKey(key => key.Kid);
}
