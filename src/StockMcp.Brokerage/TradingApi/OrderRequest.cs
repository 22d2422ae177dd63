using System.Globalization;
using System.Text.Json;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.TradingApi;

/// <summary>Reads the body of <c>POST /v2/orders</c>. What Alpaca knows and we do not is refused, never left out silently: it would be another order.</summary>
internal static class OrderRequest
{
    private const int LongestFigure = 28;
    private static readonly JsonDocumentOptions s_strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };
    private static readonly string[] s_unsupported = ["notional", "take_profit", "stop_loss", "trail_price", "trail_percent", "legs", "advanced_instructions"];
    private static readonly string[] s_supported = ["symbol", "qty", "side", "type", "time_in_force", "limit_price", "stop_price", "client_order_id", "extended_hours", "order_class", "position_intent"];

    public static async Task<NewOrder> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(request.Body, s_strict, cancellationToken);
            return document.RootElement.ValueKind == JsonValueKind.Object ? Read(document.RootElement) : throw Malformed("it must be a JSON object");
        }
        catch (JsonException)
        {
            throw Malformed("it must be a JSON object that names each field once");
        }
    }

    private static NewOrder Read(JsonElement body)
    {
        foreach (var property in body.EnumerateObject())
        {
            if (s_unsupported.Contains(property.Name) && property.Value.ValueKind != JsonValueKind.Null) throw AlpacaException.Field($"{property.Name} is not supported here");
            if (!s_unsupported.Contains(property.Name) && !s_supported.Contains(property.Name)) throw AlpacaException.Field($"unknown field: the fields of an order are {string.Join(", ", s_supported)}");
        }
        if (body.TryGetProperty("extended_hours", out var extended) && extended.ValueKind is not (JsonValueKind.False or JsonValueKind.Null)) throw AlpacaException.Field("extended_hours must be false");
        if (Text(body, "order_class") is { } orderClass and not ("" or "simple")) throw AlpacaException.Field("order_class must be simple");

        var side = Choice<OrderSide>(body, "side", "buy", "sell");
        var intent = side == OrderSide.Buy ? "buy_to_open" : "sell_to_close";
        if (Text(body, "position_intent") is { } given && given != intent) throw AlpacaException.Field($"position_intent must be {intent} for this side");
        return new NewOrder
        {
            Symbol = Text(body, "symbol") ?? throw AlpacaException.Field("symbol is required"),
            Side = side,
            Type = Choice<OrderType>(body, "type", "market", "limit", "stop", "stop_limit"),
            TimeInForce = Choice<TimeInForce>(body, "time_in_force", "day", "gtc", "ioc", "fok"),
            Quantity = Figure(body, "qty") ?? throw AlpacaException.Field("qty is required"),
            LimitPrice = Figure(body, "limit_price"),
            StopPrice = Figure(body, "stop_price"),
            ClientOrderId = Text(body, "client_order_id"),
        };
    }

    private static string? Text(JsonElement body, string name)
    {
        if (!body.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw AlpacaException.Field($"{name} must be a string");
    }

    // The names stand in the order of the enumeration's values.
    private static T Choice<T>(JsonElement body, string name, params string[] choices) where T : struct, Enum
    {
        var text = Text(body, name) ?? throw AlpacaException.Field($"{name} is required: one of {string.Join(", ", choices)}");
        var index = Array.IndexOf(choices, text);
        return index >= 0 ? Enum.GetValues<T>()[index] : throw AlpacaException.Field($"{name} must be one of: {string.Join(", ", choices)}");
    }

    // A decimal string, or a number as Alpaca takes it, too; no exponents.
    private static decimal? Figure(JsonElement body, string name)
    {
        if (!body.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number => value.GetRawText(),
            _ => "",
        };
        const NumberStyles Plain = NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign;
        return text.Length is > 0 and <= LongestFigure && decimal.TryParse(text, Plain, CultureInfo.InvariantCulture, out var figure)
            ? figure : throw AlpacaException.Field($"{name} must be a decimal number as a string, for example \"71.50\"");
    }

    private static AlpacaException Malformed(string why) => new(StatusCodes.Status400BadRequest, new(AlpacaError.MalformedBody, $"request body format is invalid: {why}"));
}
