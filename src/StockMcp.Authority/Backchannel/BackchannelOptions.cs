using System.ComponentModel.DataAnnotations;

namespace StockMcp.Authority.Backchannel;

/// <summary>The setting <c>Backchannel</c>.</summary>
internal sealed record BackchannelOptions
{
    public const string Section = "Backchannel";

    /// <summary>How long a poll is held while the person thinks (CIBA Core, section 7.3: long polling): 0 to 55 seconds; 25 seconds unless set.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:55", ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public TimeSpan HoldPolls { get; init; } = TimeSpan.FromSeconds(25);
}
