using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace StockMcp.Agent.SignIn;

/// <summary>A browser in which a person is signed in. The cookie only names it: signed out here, it is out everywhere.</summary>
public sealed class AgentSession
{
    /// <summary>What the cookie says.</summary>
    public Guid Id { get; init; }

    /// <summary>Whose it is: the person's subject at the Authority.</summary>
    public required string Subject { get; init; }

    /// <summary>When the person signed in.</summary>
    public required DateTimeOffset SignedInAt { get; init; }
}

internal sealed class AgentSessionConfiguration : IEntityTypeConfiguration<AgentSession>
{
    public void Configure(EntityTypeBuilder<AgentSession> builder)
    {
        builder.ToTable("Sessions");
        builder.Property(session => session.Subject).HasMaxLength(255);
        builder.HasIndex(session => session.SignedInAt);
    }
}
