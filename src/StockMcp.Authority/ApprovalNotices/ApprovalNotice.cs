using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StockMcp.Authority.Approvals;

namespace StockMcp.Authority.ApprovalNotices;

/// <summary>How a person is told of an approval while no page of ours is open.</summary>
public enum NoticeChannel
{
    /// <summary>A notification in their browsers.</summary>
    Push,

    /// <summary>Mail.</summary>
    Mail,
}

/// <summary>What was sent of an approval over a channel, or is being sent by one of the copies.</summary>
public sealed class ApprovalNotice
{
    /// <summary>Of which approval.</summary>
    public required Guid ApprovalId { get; init; }

    /// <summary>Over which channel.</summary>
    public required NoticeChannel Channel { get; init; }

    /// <summary>How often it was tried.</summary>
    public required int Attempts { get; set; }

    /// <summary>From when on it may be tried again.</summary>
    public required DateTimeOffset NextAt { get; set; }

    /// <summary>When it was sent, or given up.</summary>
    public DateTimeOffset? DoneAt { get; set; }
}

internal sealed class ApprovalNoticeConfiguration : IEntityTypeConfiguration<ApprovalNotice>
{
    public void Configure(EntityTypeBuilder<ApprovalNotice> builder)
    {
        builder.ToTable("ApprovalNotices").HasKey(notice => new { notice.ApprovalId, notice.Channel });
        builder.HasOne<Approval>().WithMany().HasForeignKey(notice => notice.ApprovalId).OnDelete(DeleteBehavior.Cascade);
    }
}
