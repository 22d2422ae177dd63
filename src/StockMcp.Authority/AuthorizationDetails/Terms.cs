namespace StockMcp.Authority.AuthorizationDetails;

/// <summary>Authorization details as people read them: on the page, in the notification and in the e-mail alike.</summary>
/// <param name="Title">What is asked for, in one line.</param>
/// <param name="Lines">Everything else, each with its label.</param>
public sealed record Terms(string Title, IReadOnlyList<KeyValuePair<string, string>> Lines)
{
    /// <summary>What it moves at most, in the currency of the account; <see langword="null"/> if the type has no total.</summary>
    public decimal? Total { get; init; }

    /// <summary>The share's symbol; <see langword="null"/> if the type has none.</summary>
    public string? Symbol { get; init; }
}
