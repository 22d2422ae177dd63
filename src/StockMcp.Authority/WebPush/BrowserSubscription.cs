using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StockMcp.Authority.SignIn;

namespace StockMcp.Authority.WebPush;

/// <summary>A browser in which a person switched notifications on (Push API; RFC 8030, section 4).</summary>
public sealed class BrowserSubscription
{
    /// <summary>Its id.</summary>
    public Guid Id { get; init; }

    /// <summary>Whose notifications it shows: whoever switched them on there last.</summary>
    public required Guid PersonId { get; set; }

    /// <summary>SHA-256 of <see cref="Endpoint"/>, base64url: one row a browser.</summary>
    public required string EndpointHash { get; init; }

    /// <summary>The URL at the browser's push service. Who has it can send there, but nothing that the browser believes.</summary>
    public required string Endpoint { get; init; }

    /// <summary>The browser's public key (RFC 8291, section 3.1), base64url.</summary>
    public required string P256dh { get; set; }

    /// <summary>The browser's authentication secret (RFC 8291, section 3.2), base64url.</summary>
    public required string Auth { get; set; }

    /// <summary>What the browser calls itself, in short.</summary>
    public required string Browser { get; set; }

    /// <summary>When they were switched on.</summary>
    public required DateTimeOffset CreatedAt { get; set; }

    /// <inheritdoc/>
    public override string ToString() => Id.ToString();
}

internal sealed class BrowserSubscriptionConfiguration : IEntityTypeConfiguration<BrowserSubscription>
{
    public void Configure(EntityTypeBuilder<BrowserSubscription> builder)
    {
        builder.ToTable("BrowserSubscriptions");
        builder.HasOne<Person>().WithMany().HasForeignKey(subscription => subscription.PersonId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(subscription => subscription.EndpointHash).IsUnique();
    }
}
