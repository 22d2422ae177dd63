namespace StockMcp.Brokerage.Trading;

/// <summary>Why something was refused.</summary>
public enum TradingError
{
    /// <summary>A field of the request cannot be.</summary>
    Invalid,

    /// <summary>There is no such order, position or account.</summary>
    NotFound,

    /// <summary>The money that is not held back by other orders is not enough.</summary>
    InsufficientBuyingPower,

    /// <summary>The shares that are not held back by other orders are not enough.</summary>
    InsufficientQuantity,

    /// <summary>The account has an order of this client order id already.</summary>
    DuplicateClientOrderId,

    /// <summary>The approval, or the token that carried it, gave another order already.</summary>
    ApprovalUsed,

    /// <summary>The order has ended.</summary>
    NotCancelable,
}

/// <summary>A request was refused, and nothing was changed. The message says why, and may be shown.</summary>
public sealed class TradingException : Exception
{
    /// <inheritdoc/>
    public TradingException() { }

    /// <inheritdoc/>
    public TradingException(string message) : base(message) { }

    /// <inheritdoc/>
    public TradingException(string message, Exception innerException) : base(message, innerException) { }

    internal TradingException(TradingError error, string message, string? field = null) : base(message) => (Error, Field) = (error, field);

    /// <summary>Why, for a program.</summary>
    public TradingError Error { get; }

    /// <summary>The field that was wrong, as the trading API spells it.</summary>
    public string? Field { get; }

    /// <summary>Figures that belong to it, as the trading API spells them.</summary>
    public IReadOnlyDictionary<string, string> Details { get; internal init; } = new Dictionary<string, string>();
}
