using System.ComponentModel.DataAnnotations;

namespace StockMcp.Authority.Audit;

/// <summary>How long the audit log is kept, and how often its end is signed.</summary>
internal sealed record AuditOptions
{
    public const string Section = "Audit";

    /// <summary>Entries older than this are deleted, up to a checkpoint that is as old: 30 days to 20 years; 2 years unless set.</summary>
    [Range(typeof(TimeSpan), "30.00:00:00", "7300.00:00:00", ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(730);

    /// <summary>How long after an entry a checkpoint follows at the latest; after 100 entries it follows at once. 1 second to 10 minutes; 1 minute unless set.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00", ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromMinutes(1);
}
