using System.ComponentModel.DataAnnotations;

namespace StockMcp.Agent.Tasks;

/// <summary>The setting <c>Tasks</c>.</summary>
public sealed record TaskOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Tasks";

    /// <summary>How often a task looks at the price: 100 milliseconds to 1 hour; 10 seconds unless set.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00", ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one copy alone works on a task: 1 second to 5 minutes; a minute unless set.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00", ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public TimeSpan Lease { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How many tasks a person may have that are not over: 1 to 1000; 20 unless set.</summary>
    [Range(1, 1000, ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public int MostPerPerson { get; init; } = 20;
}
