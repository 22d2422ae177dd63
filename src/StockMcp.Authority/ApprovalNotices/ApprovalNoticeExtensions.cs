namespace StockMcp.Authority.ApprovalNotices;

/// <summary>Tells people of approvals where no page of ours is open: the queue; the channels are <c>WebPush</c> and <c>Email</c>.</summary>
public static class ApprovalNoticeExtensions
{
    /// <summary>Adds the queue.</summary>
    public static void AddApprovalNotices(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddScoped<NoticeQueue>();
    }
}
