using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using StockMcp.Tools.Schemas;

namespace StockMcp.Tools.OrderApprovals;

/// <summary>
/// Authorization details of the type <c>stock_order</c> (RFC 9396): exactly the order that a person is asked about, that their token carries, and that is placed. Figures are compared as figures, never as text.
/// </summary>
public sealed record StockOrderDetails
{
    /// <summary>The type's name.</summary>
    public const string Type = "stock_order";

    /// <summary>The type of the bounds that may stand behind an order: then it lies within them, and nobody was asked.</summary>
    public const string MandateType = "stock_trading_mandate";

    private const int LongestFigure = 28;
    private static readonly Regex s_symbol = new(@"\A[A-Z]{1,5}(\.[A-Z])?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking);
    private static readonly string[] s_members = ["type", "account", "symbol", "side", "quantity", "order_type", "limit_price", "stop_price", "time_in_force", "currency", "max_total"];

    /// <summary>The account's number at the brokerage.</summary>
    public required string Account { get; init; }

    /// <summary>The share's symbol.</summary>
    public required string Symbol { get; init; }

    /// <summary><c>buy</c> or <c>sell</c>.</summary>
    public required string Side { get; init; }

    /// <summary>How many shares, more than 0.</summary>
    public required decimal Quantity { get; init; }

    /// <summary><c>market</c>, <c>limit</c>, <c>stop</c> or <c>stop_limit</c>.</summary>
    public required string OrderType { get; init; }

    /// <summary>The worst price, in <see cref="Currency"/>; for limit and stop_limit, and only there.</summary>
    public decimal? LimitPrice { get; init; }

    /// <summary>The price that wakes it, in <see cref="Currency"/>; for stop and stop_limit, and only there.</summary>
    public decimal? StopPrice { get; init; }

    /// <summary><c>day</c>, <c>gtc</c>, <c>ioc</c> or <c>fok</c>.</summary>
    public required string TimeInForce { get; init; }

    /// <summary>The currency of all amounts: <c>USD</c>.</summary>
    public required string Currency { get; init; }

    /// <summary>What it may cost at most, or what a sale is counted as, with at most 2 decimal places.</summary>
    public required decimal MaxTotal { get; init; }

    /// <summary>The mandate within which it is ordered; none if the person is asked.</summary>
    public Guid? MandateId { get; init; }

    /// <summary>The details as they are sent.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["type"] = Type, ["account"] = Account, ["symbol"] = Symbol, ["side"] = Side, ["quantity"] = ToolJson.Figure(Quantity), ["order_type"] = OrderType };
        if (LimitPrice is { } limit) json["limit_price"] = ToolJson.Figure(limit);
        if (StopPrice is { } stop) json["stop_price"] = ToolJson.Figure(stop);
        json["time_in_force"] = TimeInForce;
        json["currency"] = Currency;
        json["max_total"] = MaxTotal.ToString("0.00", CultureInfo.InvariantCulture);
        return json;
    }

    /// <summary>Reads an array of exactly one of them; behind it may stand the mandate within which it is ordered.</summary>
    /// <returns><see langword="null"/> if it is anything else: a member is missing, unknown, of another type, or does not fit the others.</returns>
    public static StockOrderDetails? ReadSingle(JsonElement array)
    {
        if (array.ValueKind != JsonValueKind.Array || array.GetArrayLength() is not (1 or 2) || Read(array[0]) is not { } order) return null;
        if (array.GetArrayLength() == 1) return order;
        return array[1] is { ValueKind: JsonValueKind.Object } mandate && mandate.TryGetProperty("type", out var type) && type.ValueEquals(MandateType)
            && mandate.TryGetProperty("mandate_id", out var id) && id.ValueKind == JsonValueKind.String && Guid.TryParseExact(id.GetString(), "D", out var mandateId)
            ? order with { MandateId = mandateId } : null;
    }

    /// <summary>The names of the members in which two of them differ, as they stand in the JSON. A mandate counts where both name one: who asks does not know it yet, and not every brokerage is told.</summary>
    public IReadOnlyList<string> DifferencesFrom(StockOrderDetails other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return [.. new (string Name, bool IsSame)[]
        {
            ("account", Account == other.Account), ("symbol", Symbol == other.Symbol), ("side", Side == other.Side), ("quantity", Quantity == other.Quantity), ("order_type", OrderType == other.OrderType),
            ("limit_price", LimitPrice == other.LimitPrice), ("stop_price", StopPrice == other.StopPrice), ("time_in_force", TimeInForce == other.TimeInForce), ("currency", Currency == other.Currency), ("max_total", MaxTotal == other.MaxTotal),
            ("mandate_id", MandateId is null || other.MandateId is null || MandateId == other.MandateId),
        }.Where(member => !member.IsSame).Select(member => member.Name)];
    }

    private static StockOrderDetails? Read(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object) return null;
        var members = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in element.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.String || !s_members.Contains(member.Name) || !members.TryAdd(member.Name, member.Value.GetString()!)) return null;
        }
        if (members.GetValueOrDefault("type") != Type || members.GetValueOrDefault("account") is not { Length: > 0 and <= 64 } account) return null;
        if (members.GetValueOrDefault("symbol") is not { } symbol || !s_symbol.IsMatch(symbol)) return null;
        if (members.GetValueOrDefault("side") is not ("buy" or "sell") || members.GetValueOrDefault("currency") != "USD") return null;
        if (members.GetValueOrDefault("order_type") is not ("market" or "limit" or "stop" or "stop_limit") || members.GetValueOrDefault("time_in_force") is not ("day" or "gtc" or "ioc" or "fok")) return null;
        var type = members["order_type"];
        if (Figure(members, "quantity") is not { } quantity || Figure(members, "max_total") is not { } total || total != decimal.Round(total, 2)) return null;
        var (limit, stop) = (Figure(members, "limit_price"), Figure(members, "stop_price"));
        if (members.ContainsKey("limit_price") != (type is "limit" or "stop_limit") || members.ContainsKey("limit_price") != limit is not null) return null;
        if (members.ContainsKey("stop_price") != (type is "stop" or "stop_limit") || members.ContainsKey("stop_price") != stop is not null) return null;
        return new StockOrderDetails
        {
            Account = account,
            Symbol = symbol,
            Side = members["side"],
            Quantity = quantity,
            OrderType = type,
            LimitPrice = limit,
            StopPrice = stop,
            TimeInForce = members["time_in_force"],
            Currency = members["currency"],
            MaxTotal = total,
        };
    }

    private static decimal? Figure(Dictionary<string, string> members, string name)
        => members.GetValueOrDefault(name) is { Length: <= LongestFigure } text && decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var figure) && figure > 0 ? figure : null;
}
