using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StockMcp.Brokerage.Users;

namespace StockMcp.Brokerage.SignIn;

/// <summary>A person's session in one browser. The cookie alone is none: when its row is gone, a copy of the cookie is worthless (AS-19).</summary>
internal sealed class Session
{
    /// <summary>From a session's first password until its end, at most.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(12);

    public Guid Id { get; init; }

    public Guid UserId { get; init; }

    public DateTimeOffset SignedInAt { get; init; }
}

internal sealed class SessionConfiguration : IEntityTypeConfiguration<Session>
{
    public void Configure(EntityTypeBuilder<Session> builder)
    {
        builder.ToTable("Sessions");
        builder.HasIndex(session => session.SignedInAt);
        builder.HasOne<User>().WithMany().HasForeignKey(session => session.UserId);
    }
}
