using System.Globalization;
using System.Text.Json;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.AuthorizationDetails;

/// <summary>
/// Authorization details of the type <c>stock_trading_mandate</c>: bounds within which an app orders without asking the account's owner for each order. What of its budgets is used
/// up is counted by who keeps the mandate; everything else is looked at here once more.
/// </summary>
internal sealed record MandateDetails(IReadOnlyList<string> Accounts, IReadOnlyList<string> Symbols, IReadOnlyList<string> Sides, decimal LargestOrder, decimal DailyBudget, decimal Budget, decimal? HighestPrice, decimal? LowestPrice, DateTimeOffset ExpiresAt)
{
    public const string Type = "stock_trading_mandate";

    private static readonly string[] s_texts = ["type", "mandate_id", "agent", "largest_order", "daily_budget", "budget", "highest_price", "lowest_price", "currency", "expires_at"];
    private static readonly string[] s_lists = ["accounts", "symbols", "sides"];

    /// <exception cref="AuthorizationDetailsException">A field is missing, unknown, or not as it must be.</exception>
    public static MandateDetails Read(JsonElement element)
    {
        foreach (var property in element.EnumerateObject())
        {
            var isList = s_lists.Contains(property.Name);
            if (!isList && !s_texts.Contains(property.Name)) throw new AuthorizationDetailsException($"a field of the mandate is unknown: there are {string.Join(", ", s_texts.Concat(s_lists))}");
            if (property.Value.ValueKind != (isList ? JsonValueKind.Array : JsonValueKind.String)) throw new AuthorizationDetailsException($"{property.Name} must be a {(isList ? "list" : "string")}");
        }
        if (StockOrderDetails.Text(element, "type") != Type) throw new AuthorizationDetailsException($"the second type must be {Type}");
        if (StockOrderDetails.Text(element, "currency") != "USD") throw new AuthorizationDetailsException("the mandate's currency must be USD");
        if (!Guid.TryParseExact(StockOrderDetails.Text(element, "mandate_id"), "D", out _)) throw new AuthorizationDetailsException("mandate_id must be a GUID");
        _ = StockOrderDetails.Text(element, "agent");
        if (!DateTimeOffset.TryParseExact(StockOrderDetails.Text(element, "expires_at"), "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end))
            throw new AuthorizationDetailsException("expires_at must be a UTC time such as 2027-01-31T23:59:59Z");
        return new MandateDetails(
            element.TryGetProperty("accounts", out _) ? List(element, "accounts") : [], List(element, "symbols"), List(element, "sides"),
            StockOrderDetails.Figure(element, "largest_order"), StockOrderDetails.Figure(element, "daily_budget"), StockOrderDetails.Figure(element, "budget"),
            Optional(element, "highest_price"), Optional(element, "lowest_price"), end);
    }

    /// <summary>Why an order does not lie within the bounds; <see langword="null"/> if it does.</summary>
    public string? WhyNot(StockOrderDetails details, DateTimeOffset now)
    {
        var order = details.Order;
        if (now >= ExpiresAt) return "it is over";
        if (Accounts.Count > 0 && !Accounts.Contains(details.Account)) return "account";
        if (!Symbols.Contains(order.Symbol)) return "symbol";
        if (!Sides.Contains(order.Side == OrderSide.Buy ? "buy" : "sell")) return "side";
        if (details.MaxTotal > LargestOrder || details.MaxTotal > DailyBudget || details.MaxTotal > Budget) return "max_total";
        return order.Side == OrderSide.Buy
            ? HighestPrice is { } highest && (order.LimitPrice is { } most ? most > highest : details.MaxTotal > highest * order.Quantity) ? "price" : null
            : order.LimitPrice is { } least && LowestPrice is { } lowest && least >= lowest ? null : "price";
    }

    private static decimal? Optional(JsonElement element, string name) => element.TryGetProperty(name, out _) ? StockOrderDetails.Figure(element, name) : null;

    private static string[] List(JsonElement element, string name)
        => element.TryGetProperty(name, out var list) && list.GetArrayLength() is > 0 and <= 20 && list.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String)
            ? [.. list.EnumerateArray().Select(one => one.GetString()!)] : throw new AuthorizationDetailsException($"{name} must be a list of 1 to 20 strings");
}
