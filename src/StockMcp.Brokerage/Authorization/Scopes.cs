using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Brokerage.Authorization;

/// <summary>What an app can be allowed to do in an account, in the words of the consent page.</summary>
public static class BrokerageScopes
{
    /// <summary>See balance, positions and history.</summary>
    public const string AccountRead = "account:read";

    /// <summary>See orders.</summary>
    public const string OrdersRead = "orders:read";

    /// <summary>Cancel orders, and place those whose exact terms the token carries.</summary>
    public const string Trading = "trading";

    /// <summary>Each scope in words, in the order of the page.</summary>
    public static IReadOnlyDictionary<string, string> InWords { get; } = new Dictionary<string, string>
    {
        [Scopes.OpenId] = "Know that you are you",
        [Scopes.Profile] = "See your name",
        [Scopes.Email] = "See your email address",
        [Scopes.OfflineAccess] = "Stay connected until you disconnect it",
        [AccountRead] = "See your balance, your positions and how they did",
        [OrdersRead] = "See your orders",
        [Trading] = "Cancel orders, and place an order whose exact terms you approved",
    };
}
