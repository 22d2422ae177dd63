using StockMcp.Brokerage.Market;

namespace StockMcp.Brokerage.Trading;

/// <summary>What would become of an order if it were placed now. Amounts are USD.</summary>
/// <param name="Quote">The share's prices of now.</param>
/// <param name="IsOpen">Whether the market is open, so that an order can be filled at once.</param>
/// <param name="FillPrice">At which price it would be filled at once; <see langword="null"/> if it would stay open, or end unfilled.</param>
/// <param name="ReservedCash">What it would hold back while it is open; 0 for a sale.</param>
/// <param name="BuyingPower">What there is for it.</param>
/// <param name="QuantityHeld">How many of the shares are held now.</param>
/// <param name="ExpiresAt">From when it could no longer be filled.</param>
public sealed record OrderReview(Quote Quote, bool IsOpen, decimal? FillPrice, decimal ReservedCash, decimal BuyingPower, decimal QuantityHeld, DateTimeOffset ExpiresAt);
