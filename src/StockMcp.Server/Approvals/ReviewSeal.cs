using System.Text;
using StockMcp.ResourceServer.Sealing;
using StockMcp.Tools.Connections;
using StockMcp.Tools.OrderApprovals;

namespace StockMcp.Server.Approvals;

/// <summary>The id of a review is the review itself: its terms, sealed and bound to person and agent, for ten minutes. Nothing is kept, and every copy can open it.</summary>
/// <param name="key">The key that all copies have.</param>
/// <param name="time">The clock.</param>
internal sealed class ReviewSeal(byte[] key, TimeProvider time) : IDisposable
{
    private readonly TimedSeal seal = new(key, "stockmcp/server/review-id/v1"u8, time);

    public string Seal(Caller caller, string terms) => seal.Seal(Encoding.UTF8.GetBytes(terms), BoundTo(caller));

    /// <returns><see langword="null"/> if it was not made here for this caller, or too long ago.</returns>
    public string? Open(Caller caller, string reviewId) => seal.Open(reviewId, BoundTo(caller)) is { } terms ? Encoding.UTF8.GetString(terms) : null;

    public void Dispose() => seal.Dispose();

    private static byte[] BoundTo(Caller caller) => BoundSeal.Join(caller.Issuer, caller.Subject, caller.ClientId);
}

/// <summary>The same for the current caller.</summary>
internal sealed class ReviewIds(ReviewSeal seal, Caller caller) : IReviewIds
{
    public string Seal(string terms) => seal.Seal(caller, terms);

    public string? Open(string reviewId) => seal.Open(caller, reviewId);
}
