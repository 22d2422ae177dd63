namespace StockMcp.Brokerage.Trading;

/// <summary>What the account's owner approved, as far as it outlives the moment: an order of a third party rests on it, and on nothing else ever does another.</summary>
/// <param name="TransactionId">The approval. It gives at most one order.</param>
/// <param name="TokenId">The token that carried the order's terms. It gives at most one order.</param>
/// <param name="MaxTotal">In USD: what a purchase may cost at most. No bound of a sale, which may bring more.</param>
public sealed record OrderApproval(Guid TransactionId, string TokenId, decimal MaxTotal);
