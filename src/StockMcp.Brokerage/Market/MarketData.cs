namespace StockMcp.Brokerage.Market;

/// <summary>What a share can be bought and sold for now. Prices are USD.</summary>
/// <param name="Symbol">The share.</param>
/// <param name="Bid">What a seller gets.</param>
/// <param name="BidSize">How many shares are asked for at that price.</param>
/// <param name="Ask">What a buyer pays.</param>
/// <param name="AskSize">How many shares are offered at that price.</param>
/// <param name="Last">The price of the last trade.</param>
/// <param name="PreviousClose">The last price of the trading day before.</param>
/// <param name="Time">Since when it holds.</param>
public sealed record Quote(string Symbol, decimal Bid, int BidSize, decimal Ask, int AskSize, decimal Last, decimal PreviousClose, DateTimeOffset Time);

/// <summary>The last trade in a share.</summary>
/// <param name="Symbol">The share.</param>
/// <param name="Id">Its number.</param>
/// <param name="Price">In USD.</param>
/// <param name="Size">How many shares changed hands.</param>
/// <param name="Time">When.</param>
public sealed record Trade(string Symbol, long Id, decimal Price, int Size, DateTimeOffset Time);

/// <summary>What happened to a share in a span of time. Prices are USD.</summary>
/// <param name="Start">The span's beginning.</param>
/// <param name="Open">The first price.</param>
/// <param name="High">The highest price.</param>
/// <param name="Low">The lowest price.</param>
/// <param name="Close">The last price.</param>
/// <param name="Volume">How many shares changed hands.</param>
/// <param name="TradeCount">In how many trades.</param>
/// <param name="VolumeWeightedPrice">The average price.</param>
public sealed record Bar(DateTimeOffset Start, decimal Open, decimal High, decimal Low, decimal Close, long Volume, long TradeCount, decimal VolumeWeightedPrice);

/// <summary>Whether shares can be traded now, and until when.</summary>
/// <param name="Now">The market's time.</param>
/// <param name="IsOpen">Whether orders fill now.</param>
/// <param name="NextOpen">When the next trading day begins.</param>
/// <param name="NextClose">When this trading day ends, or else the next one: then orders for the day expire.</param>
/// <param name="AlwaysOpen">Whether the market never closes: each trading day begins in the second in which the last one ended.</param>
public sealed record MarketClock(DateTimeOffset Now, bool IsOpen, DateTimeOffset NextOpen, DateTimeOffset NextClose, bool AlwaysOpen);
