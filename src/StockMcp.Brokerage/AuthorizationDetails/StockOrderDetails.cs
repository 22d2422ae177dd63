using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.AuthorizationDetails;

/// <summary>Authorization details that name no order. The message says why, and may be shown.</summary>
internal sealed class AuthorizationDetailsException(string message) : Exception(message);

/// <summary>Authorization details of the type <c>stock_order</c>: one order, and what it may cost at most. All values are JSON strings, and each field is there exactly where it means something.</summary>
/// <param name="Account">The account's number, as its owner knows it.</param>
/// <param name="Order">The order's terms.</param>
/// <param name="MaxTotal">In USD: what a purchase may cost at most; what a sale was counted as.</param>
internal sealed partial record StockOrderDetails(string Account, NewOrder Order, decimal MaxTotal)
{
    public const string Type = "stock_order";

    private const string Currency = "USD";
    private const int LongestFigure = 28;
    private static readonly JsonDocumentOptions s_strict = new() { MaxDepth = 3, AllowDuplicateProperties = false };
    private static readonly string[] s_needed = ["type", "account", "symbol", "side", "quantity", "order_type", "time_in_force", "currency", "max_total"];
    private static readonly string[] s_prices = ["limit_price", "stop_price"];

    /// <summary>The one order of a JSON array; behind it may stand the mandate within which it is ordered, which it must keep to.</summary>
    /// <exception cref="AuthorizationDetailsException">It is anything else, or the order lies outside the mandate.</exception>
    public static StockOrderDetails Read(string json, StockMarket market, DateTimeOffset now)
    {
        try
        {
            using var document = JsonDocument.Parse(json, s_strict);
            if (document.RootElement is not { ValueKind: JsonValueKind.Array } array || array.GetArrayLength() is not (1 or 2) || array.EnumerateArray().Any(element => element.ValueKind != JsonValueKind.Object))
                throw new AuthorizationDetailsException($"they must be a JSON array of exactly one object, or of two with a {MandateDetails.Type} as the second");
            var order = Read(array[0], market);
            if (array.GetArrayLength() == 2 && MandateDetails.Read(array[1]).WhyNot(order, now) is { } why) throw new AuthorizationDetailsException($"the order lies outside the mandate: {why}");
            return order;
        }
        catch (JsonException)
        {
            throw new AuthorizationDetailsException("they must be a JSON array of exactly one object that names each field once");
        }
    }

    /// <summary>The types of a JSON array's elements, as far as they say one.</summary>
    public static IReadOnlyList<string> TypesOf(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, s_strict);
            return document.RootElement.ValueKind != JsonValueKind.Array ? [] : [.. document.RootElement.EnumerateArray().Where(element => element.ValueKind == JsonValueKind.Object && element.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String).Select(element => element.GetProperty("type").GetString()!)];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    /// <summary>The first field of the trading API in which an order is another one than this; <see langword="null"/> if it is this order.</summary>
    public string? DifferenceTo(NewOrder order)
    {
        if (Order with { ClientOrderId = order.ClientOrderId } == order) return null;
        (string Field, bool Same)[] fields =
        [
            ("symbol", Order.Symbol == order.Symbol),
            ("side", Order.Side == order.Side),
            ("qty", Order.Quantity == order.Quantity),
            ("type", Order.Type == order.Type),
            ("limit_price", Order.LimitPrice == order.LimitPrice),
            ("stop_price", Order.StopPrice == order.StopPrice),
            ("time_in_force", Order.TimeInForce == order.TimeInForce),
        ];
        return Array.Find(fields, field => !field.Same).Field ?? "order";
    }

    private static StockOrderDetails Read(JsonElement details, StockMarket market)
    {
        foreach (var property in details.EnumerateObject())
        {
            if (!s_needed.Contains(property.Name) && !s_prices.Contains(property.Name)) throw new AuthorizationDetailsException($"a field is unknown: there are {string.Join(", ", s_needed)}, and {string.Join(" and ", s_prices)} where the order type has them");
            if (property.Value.ValueKind != JsonValueKind.String) throw new AuthorizationDetailsException($"{property.Name} must be a string");
        }
        if (Text(details, "type") != Type) throw new AuthorizationDetailsException($"the type must be {Type}");
        if (Text(details, "currency") != Currency) throw new AuthorizationDetailsException($"currency must be {Currency}");
        var order = new NewOrder
        {
            Symbol = Text(details, "symbol"),
            Side = Choice<OrderSide>(details, "side"),
            Quantity = Figure(details, "quantity"),
            Type = Choice<OrderType>(details, "order_type"),
            LimitPrice = details.TryGetProperty("limit_price", out _) ? Figure(details, "limit_price") : null,
            StopPrice = details.TryGetProperty("stop_price", out _) ? Figure(details, "stop_price") : null,
            TimeInForce = Choice<TimeInForce>(details, "time_in_force"),
        };
        try
        {
            NewOrderRules.Check(order, market);
        }
        catch (TradingException refusal)
        {
            throw new AuthorizationDetailsException($"no such order would be accepted: {refusal.Message}");
        }
        var maxTotal = Figure(details, "max_total");
        if (maxTotal <= 0 || maxTotal != decimal.Round(maxTotal, 2)) throw new AuthorizationDetailsException("max_total must be > 0, in whole cents");
        // The limit bounds the total already: another figure beside it would show the person something that does not hold.
        if (order.LimitPrice is { } limit && maxTotal != decimal.Round(order.Quantity * limit, 2, MidpointRounding.ToPositiveInfinity))
            throw new AuthorizationDetailsException("max_total must be quantity times limit_price, rounded up to whole cents");
        return new StockOrderDetails(Text(details, "account"), order, maxTotal);
    }

    internal static string Text(JsonElement details, string name)
        => details.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : throw new AuthorizationDetailsException($"{name} is required");

    private static T Choice<T>(JsonElement details, string name) where T : struct, Enum
    {
        var text = Text(details, name);
        var choices = Enum.GetValues<T>().ToDictionary(value => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()));
        return choices.TryGetValue(text, out var chosen) ? chosen : throw new AuthorizationDetailsException($"{name} must be one of: {string.Join(", ", choices.Keys)}");
    }

    internal static decimal Figure(JsonElement details, string name)
    {
        var text = Text(details, name);
        return text.Length <= LongestFigure && FigurePattern().IsMatch(text) && decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var figure)
            ? figure : throw new AuthorizationDetailsException($"{name} must be a decimal number, for example 71.50");
    }

    [GeneratedRegex(@"\A(0|[1-9][0-9]*)(\.[0-9]+)?\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex FigurePattern();
}
