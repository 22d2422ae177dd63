using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.Database;
using StockMcp.AuthorizationServer.Database;

namespace StockMcp.Authority.ApprovalNotices;

/// <summary>Which approvals are to be told of. It is the table of approvals itself: what was asked is told, also after a crash, and by one copy.</summary>
internal sealed class NoticeQueue(AuthorityDbContext database, TimeProvider time)
{
    /// <summary>How often a notice is tried.</summary>
    public const int MostAttempts = 5;

    private const int MostAtOnce = 20;
    // Longer than any attempt takes: then another copy may try.
    private static readonly TimeSpan s_lease = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_firstPause = TimeSpan.FromSeconds(5);

    /// <summary>Takes approvals that wait for their person for a while, and are to be told of now.</summary>
    /// <param name="channel">Over which channel.</param>
    /// <param name="after">How long they wait at least.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<IReadOnlyList<Approval>> TakeAsync(NoticeChannel channel, TimeSpan after, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var askedBefore = now - after;
        var notices = database.Set<ApprovalNotice>();
        var open = await database.Set<Approval>().AsNoTracking()
            .Where(approval => approval.State == ApprovalState.Pending && approval.ExpiresAt > now && approval.RequestedAt <= askedBefore
                && !notices.Any(notice => notice.ApprovalId == approval.Id && notice.Channel == channel && (notice.DoneAt != null || notice.NextAt > now)))
            .OrderBy(approval => approval.RequestedAt).Take(MostAtOnce).ToListAsync(cancellationToken);
        var taken = new List<Approval>();
        foreach (var approval in open)
        {
            if (await ClaimAsync(approval.Id, channel, now, cancellationToken)) taken.Add(approval);
        }
        return taken;
    }

    /// <summary>It was sent, or cannot be.</summary>
    public Task DoneAsync(Guid approvalId, NoticeChannel channel, CancellationToken cancellationToken)
        => Of(approvalId, channel).ExecuteUpdateAsync(set => set.SetProperty(notice => notice.DoneAt, time.GetUtcNow()), cancellationToken);

    /// <summary>It is tried again after a pause that grows, a few times.</summary>
    public async Task AgainAsync(Guid approvalId, NoticeChannel channel, CancellationToken cancellationToken)
    {
        if (await Of(approvalId, channel).AsNoTracking().FirstOrDefaultAsync(cancellationToken) is not { } notice) return;
        var now = time.GetUtcNow();
        DateTimeOffset? done = notice.Attempts >= MostAttempts ? now : null;
        var next = now + s_firstPause * Math.Pow(2, notice.Attempts - 1);
        await Of(approvalId, channel).ExecuteUpdateAsync(set => set.SetProperty(known => known.NextAt, next).SetProperty(known => known.DoneAt, done), cancellationToken);
    }

    private async Task<bool> ClaimAsync(Guid approvalId, NoticeChannel channel, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var until = now + s_lease;
        if (await Of(approvalId, channel).Where(notice => notice.DoneAt == null && notice.NextAt <= now)
                .ExecuteUpdateAsync(set => set.SetProperty(notice => notice.NextAt, until).SetProperty(notice => notice.Attempts, notice => notice.Attempts + 1), cancellationToken) == 1) return true;
        if (await Of(approvalId, channel).AnyAsync(cancellationToken)) return false;
        try
        {
            database.Add(new ApprovalNotice { ApprovalId = approvalId, Channel = channel, Attempts = 1, NextAt = until });
            await database.SaveChangesAsync(cancellationToken);
            return true;
        }
        catch (DbUpdateException exception) when (!DatabaseOutage.Is(exception))
        {
            return false; // another copy was faster, or the person is gone
        }
        finally
        {
            database.Discard();
        }
    }

    private IQueryable<ApprovalNotice> Of(Guid approvalId, NoticeChannel channel) => database.Set<ApprovalNotice>().Where(notice => notice.ApprovalId == approvalId && notice.Channel == channel);
}
