namespace StockMcp.Tools.Scopes;

/// <summary>What an agent can be allowed to do, as its access token spells it.</summary>
public static class StockScopes
{
    /// <summary>See balance, positions and how they did.</summary>
    public const string PortfolioRead = "portfolio:read";

    /// <summary>See orders, and what one would cost.</summary>
    public const string OrdersRead = "orders:read";

    /// <summary>Ask the person to approve orders, and cancel orders.</summary>
    public const string OrdersWrite = "orders:write";

    /// <summary>All of them, in the order in which they are published.</summary>
    public static IReadOnlyList<string> All { get; } = [PortfolioRead, OrdersRead, OrdersWrite];

    /// <summary>What an agent is told to ask for first: those that only let it see.</summary>
    public static IReadOnlyList<string> Default { get; } = [PortfolioRead, OrdersRead];
}
