namespace StockMcp.Tools.OrderApprovals;

/// <summary>Makes the terms of a reviewed order into an id that the current caller can bring back for ten minutes, and nobody can make up.</summary>
public interface IReviewIds
{
    /// <summary>Such an id: 40 to 400 letters, digits, hyphens and underscores.</summary>
    string Seal(string terms);

    /// <summary>The terms; <see langword="null"/> if the id was not made for this caller, or too long ago.</summary>
    string? Open(string reviewId);
}
