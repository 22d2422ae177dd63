using System.ComponentModel.DataAnnotations;

namespace StockMcp.AuthorizationServer.Keys;

/// <summary>How signing keys come and go. The setting <c>SigningKeys</c>.</summary>
public sealed record SigningKeyOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "SigningKeys";

    /// <summary>How long a key signs before the next one takes its place. 1 to 730 days; 90 days unless set.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "730.00:00:00", ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public TimeSpan RotateAfter { get; init; } = TimeSpan.FromDays(90);

    /// <summary>How long a key is published before it signs: at least as long as anybody keeps the published keys. 5 minutes to 7 days; 24 hours unless set.</summary>
    [Range(typeof(TimeSpan), "00:05:00", "7.00:00:00", ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public TimeSpan AnnounceFor { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long a key is published after it signed last: longer than a token lives. 15 minutes to 30 days; 24 hours unless set.</summary>
    [Range(typeof(TimeSpan), "00:15:00", "30.00:00:00", ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public TimeSpan KeepFor { get; init; } = TimeSpan.FromHours(24);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (AnnounceFor >= RotateAfter) yield return new ValidationResult($"{Section}:{nameof(AnnounceFor)} must be shorter than {nameof(RotateAfter)}.");
    }
}
