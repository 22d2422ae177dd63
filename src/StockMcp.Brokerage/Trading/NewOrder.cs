namespace StockMcp.Brokerage.Trading;

/// <summary>Buy or sell.</summary>
public enum OrderSide
{
    /// <summary>Buy.</summary>
    Buy,

    /// <summary>Sell what is held; nothing is sold short here.</summary>
    Sell,
}

/// <summary>What price an order accepts.</summary>
public enum OrderType
{
    /// <summary>The price of the moment.</summary>
    Market,

    /// <summary>The limit price or better.</summary>
    Limit,

    /// <summary>The price of the moment, once the stop price was reached.</summary>
    Stop,

    /// <summary>The limit price or better, once the stop price was reached.</summary>
    StopLimit,
}

/// <summary>How long an order stays open.</summary>
public enum TimeInForce
{
    /// <summary>Until the trading day ends; given while the market is closed, until the next one ends.</summary>
    Day,

    /// <summary>Good till cancelled, for 90 days.</summary>
    Gtc,

    /// <summary>Immediate or cancel. An order is filled as a whole here, so that it is the same as <see cref="Fok"/>.</summary>
    Ioc,

    /// <summary>Fill or kill: all at once or nothing.</summary>
    Fok,
}

/// <summary>What somebody wants to buy or sell.</summary>
public sealed record NewOrder
{
    /// <summary>Which share.</summary>
    public required string Symbol { get; init; }

    /// <summary>Buy or sell.</summary>
    public required OrderSide Side { get; init; }

    /// <summary>Which price it accepts.</summary>
    public required OrderType Type { get; init; }

    /// <summary>How long it stays open.</summary>
    public required TimeInForce TimeInForce { get; init; }

    /// <summary>How many shares: above 0 and at most 1,000,000; with up to 9 decimal places for orders of the day.</summary>
    public required decimal Quantity { get; init; }

    /// <summary>The worst price it may be filled at, in USD: for limit and stop limit orders, and for no others.</summary>
    public decimal? LimitPrice { get; init; }

    /// <summary>The price that wakes it, in USD: for stop and stop limit orders, and for no others.</summary>
    public decimal? StopPrice { get; init; }

    /// <summary>An id of the sender's choice, unique in the account: with it, a lost answer can be looked up. Made up if not given.</summary>
    public string? ClientOrderId { get; init; }
}
