using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StockMcp.Authority.SignIn;

namespace StockMcp.Authority.ConnectedAccounts;

/// <summary>
/// An app is about to connect an account of a person. Three secrets take it through: the app keeps the first, the browser carries the second there and the third back.
/// Each is stored as its hash; what the connection granted waits here, sealed, until the app has shown that it got the third.
/// </summary>
public sealed class ConnectRequest
{
    /// <summary>Its id.</summary>
    public Guid Id { get; init; }

    /// <summary>The person whose token the app has.</summary>
    public required Guid PersonId { get; init; }

    /// <summary>The app.</summary>
    public required string ClientId { get; init; }

    /// <summary>The connection's name.</summary>
    public required string Connection { get; init; }

    /// <summary>The connection's scopes to ask for, separated by spaces.</summary>
    public required string Scopes { get; init; }

    /// <summary>Where the browser goes back to: one of the app's registered addresses.</summary>
    public required string RedirectUri { get; init; }

    /// <summary>What the app wants back with it.</summary>
    public string? State { get; init; }

    /// <summary>When it is too late.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The hash of what the app keeps.</summary>
    public required byte[] SessionHash { get; init; }

    /// <summary>The hash of what the browser brings; gone once it did.</summary>
    public byte[]? TicketHash { get; set; }

    /// <summary>The hash of what the browser takes back to the app.</summary>
    public byte[]? CodeHash { get; set; }

    /// <summary>Who the person is at the connection.</summary>
    public string? Subject { get; set; }

    /// <summary>What the connection calls them.</summary>
    public string? AccountName { get; set; }

    /// <summary>What the connection granted, separated by spaces.</summary>
    public string? Granted { get; set; }

    /// <summary>The refresh token, sealed by the person's key.</summary>
    public byte[]? RefreshToken { get; set; }
}

internal sealed class ConnectRequestConfiguration : IEntityTypeConfiguration<ConnectRequest>
{
    public void Configure(EntityTypeBuilder<ConnectRequest> builder)
    {
        builder.HasOne<Person>().WithMany().HasForeignKey(request => request.PersonId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(request => request.SessionHash).IsUnique();
        builder.HasIndex(request => request.TicketHash).IsUnique();
        builder.HasIndex(request => request.ExpiresAt);
        builder.Property(request => request.Connection).HasMaxLength(64);
        builder.Property(request => request.Subject).HasMaxLength(255);
        builder.Property(request => request.AccountName).HasMaxLength(200);
    }
}
