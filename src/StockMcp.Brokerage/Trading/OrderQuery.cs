namespace StockMcp.Brokerage.Trading;

/// <summary>Which orders, by where they stand.</summary>
public enum OrderStatusFilter
{
    /// <summary>Those that may still be filled.</summary>
    Open,

    /// <summary>Those that have ended.</summary>
    Closed,

    /// <summary>All.</summary>
    All,
}

/// <summary>Which of a person's orders, and in which order.</summary>
public sealed record OrderQuery
{
    /// <summary>By where they stand; all unless set.</summary>
    public OrderStatusFilter Status { get; init; } = OrderStatusFilter.All;

    /// <summary>Of these shares only; of all if empty.</summary>
    public IReadOnlyList<string> Symbols { get; init; } = [];

    /// <summary>Only purchases, or only sales.</summary>
    public OrderSide? Side { get; init; }

    /// <summary>Accepted after this.</summary>
    public DateTimeOffset? After { get; init; }

    /// <summary>Accepted before this.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Those older than this order.</summary>
    public Guid? BeforeOrderId { get; init; }

    /// <summary>Those newer than this order.</summary>
    public Guid? AfterOrderId { get; init; }

    /// <summary>Whether the newest comes first, as it does unless set.</summary>
    public bool NewestFirst { get; init; } = true;

    /// <summary>How many at most, 1 to 500; 50 unless set.</summary>
    public int Limit { get; init; } = 50;
}
