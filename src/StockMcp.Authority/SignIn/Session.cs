using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace StockMcp.Authority.SignIn;

/// <summary>A browser in which a person is signed in. The cookie only names it: signed out here, it is out everywhere (AS-19).</summary>
public sealed class Session
{
    /// <summary>What the cookie says.</summary>
    public Guid Id { get; init; }

    /// <summary>Whose it is.</summary>
    public required Guid PersonId { get; init; }

    /// <summary>When the person signed in.</summary>
    public required DateTimeOffset SignedInAt { get; init; }

    /// <summary>When they last proved who they are, as the connection says: it may have known them from before.</summary>
    public DateTimeOffset AuthenticatedAt { get; init; }

    /// <summary>What the browser calls itself, in short: for the person to recognise it, and for nothing else.</summary>
    public string Browser { get; init; } = "";

    /// <summary>When it last asked for a page; within a minute.</summary>
    public DateTimeOffset LastSeenAt { get; set; }

    /// <summary>When it was signed out.</summary>
    public DateTimeOffset? SignedOutAt { get; set; }
}

internal sealed class SessionConfiguration : IEntityTypeConfiguration<Session>
{
    public void Configure(EntityTypeBuilder<Session> builder)
    {
        builder.HasOne<Person>().WithMany().HasForeignKey(session => session.PersonId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(session => session.SignedInAt);
        builder.Property(session => session.Browser).HasMaxLength(60);
    }
}
