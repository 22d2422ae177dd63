using StockMcp.Brokerage.Authorization;

namespace StockMcp.Brokerage.TradingApi;

/// <summary>What a token must allow. Each policy is named after its scope.</summary>
internal static class Policies
{
    public const string AccountRead = BrokerageScopes.AccountRead;

    public const string OrdersRead = BrokerageScopes.OrdersRead;

    public const string Trading = BrokerageScopes.Trading;

    /// <summary>Open to everybody without a token; but who sends one means it, and is told when it is not valid.</summary>
    public const string PublicData = "public-data";
}
