using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.Dashboard;

/// <summary>What the dashboard shows.</summary>
/// <param name="Account">The balance.</param>
/// <param name="Positions">What is held.</param>
/// <param name="Orders">The open orders, then those that ended last.</param>
/// <param name="Worth">What the account was worth over time.</param>
/// <param name="Stock">The share whose chart is shown.</param>
/// <param name="Quote">Its prices of now.</param>
/// <param name="Day">Its prices of the last day.</param>
/// <param name="Clock">Whether the market is open.</param>
public sealed record DashboardView(
    AccountSummary Account, IReadOnlyList<Position> Positions, IReadOnlyList<Order> Orders, IReadOnlyList<(DateTimeOffset Time, decimal Value)> Worth,
    Stock Stock, Quote Quote, IReadOnlyList<(DateTimeOffset Time, decimal Value)> Day, MarketClock Clock);
