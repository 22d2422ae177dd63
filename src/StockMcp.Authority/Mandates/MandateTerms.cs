using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace StockMcp.Authority.Mandates;

/// <summary>
/// Bounds within which an agent orders without a tap: authorization details of the type <c>stock_trading_mandate</c> (RFC 9396), which its schema has found right. Whether an
/// order lies within them is decided here, by the order's own fields and by what limits count it as.
/// </summary>
public sealed record MandateTerms
{
    /// <summary>The type's name.</summary>
    public const string Type = "stock_trading_mandate";

    /// <summary>The type of what is ordered within it.</summary>
    public const string OrderType = "stock_order";

    /// <summary>The member that names a granted mandate in tokens.</summary>
    public const string IdMember = "mandate_id";

    /// <summary>How long a mandate may last.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>The agent's client_id.</summary>
    public required string Agent { get; init; }

    /// <summary>The only accounts; all of the person's if empty.</summary>
    public IReadOnlyList<string> Accounts { get; init; } = [];

    /// <summary>The only symbols; at least one.</summary>
    public required IReadOnlyList<string> Symbols { get; init; }

    /// <summary><c>buy</c>, <c>sell</c> or both.</summary>
    public required IReadOnlyList<string> Sides { get; init; }

    /// <summary>The largest total of one order, in USD.</summary>
    public required decimal LargestOrder { get; init; }

    /// <summary>What all orders of a day may come to, in USD; the day is UTC's.</summary>
    public required decimal DailyBudget { get; init; }

    /// <summary>What all orders may come to, in USD.</summary>
    public required decimal Budget { get; init; }

    /// <summary>The highest price of a share that is bought, in USD; none unless set.</summary>
    public decimal? HighestPrice { get; init; }

    /// <summary>The lowest price of a share that is sold, in USD; there where selling is allowed.</summary>
    public decimal? LowestPrice { get; init; }

    /// <summary>When it ends.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The terms of an element that its schema has found right.</summary>
    public static MandateTerms Read(JsonElement element) => new()
    {
        Agent = element.GetProperty("agent").GetString()!,
        Accounts = List(element, "accounts"),
        Symbols = List(element, "symbols"),
        Sides = List(element, "sides"),
        LargestOrder = Figure(element, "largest_order")!.Value,
        DailyBudget = Figure(element, "daily_budget")!.Value,
        Budget = Figure(element, "budget")!.Value,
        HighestPrice = Figure(element, "highest_price"),
        LowestPrice = Figure(element, "lowest_price"),
        ExpiresAt = DateTimeOffset.TryParseExact(element.GetProperty("expires_at").GetString(), TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end) ? end : DateTimeOffset.MinValue,
    };

    /// <summary>As an element of authorization details.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["type"] = Type, ["agent"] = Agent };
        if (Accounts.Count > 0) json["accounts"] = Array(Accounts);
        json["symbols"] = Array(Symbols);
        json["sides"] = Array(Sides);
        json["largest_order"] = Money(LargestOrder);
        json["daily_budget"] = Money(DailyBudget);
        json["budget"] = Money(Budget);
        if (HighestPrice is { } highest) json["highest_price"] = Price(highest);
        if (LowestPrice is { } lowest) json["lowest_price"] = Price(lowest);
        json["currency"] = "USD";
        json["expires_at"] = ExpiresAt.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
        return json;
    }

    /// <summary>What is wrong with the terms beyond what a schema can say, in words; <see langword="null"/> if nothing is.</summary>
    public string? FindMistake(DateTimeOffset now)
    {
        if (LargestOrder > DailyBudget) return "largest_order must not be more than daily_budget.";
        if (DailyBudget > Budget) return "daily_budget must not be more than budget.";
        return ExpiresAt <= now || ExpiresAt > now + Longest ? $"expires_at must be a time to come, at most {Longest.TotalDays:0} days from now." : null;
    }

    /// <summary>Why an order, an element of the type <c>stock_order</c>, does not lie within the bounds; <see langword="null"/> if it does. Budgets are counted elsewhere.</summary>
    public string? Outside(JsonElement order)
    {
        var (side, total) = (Text(order, "side"), Figure(order, "max_total"));
        if (Accounts.Count > 0 && !Accounts.Contains(Text(order, "account"))) return "account";
        if (!Symbols.Contains(Text(order, "symbol"))) return "symbol";
        if (!Sides.Contains(side)) return "side";
        if (Text(order, "currency") != "USD" || total is null || total > LargestOrder) return "max_total";
        var (limit, quantity) = (Figure(order, "limit_price"), Figure(order, "quantity"));
        // What a purchase may cost is bounded by its total, and so is the price of a share. A sale is counted as whatever its sender says, unless its limit says it.
        return side == "buy"
            ? HighestPrice is { } highest && (limit is { } most ? most > highest : total > highest * quantity) ? "price" : null
            : limit is null || limit < LowestPrice ? "price" : null;
    }

    private static string? Text(JsonElement element, string member) => element.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static decimal? Figure(JsonElement element, string member)
        => Text(element, member) is { } text && decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var figure) ? figure : null;

    private static string[] List(JsonElement element, string member) => element.TryGetProperty(member, out var list) ? [.. list.EnumerateArray().Select(one => one.GetString()!)] : [];

    private static JsonArray Array(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);

    private static string Money(decimal amount) => amount.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Price(decimal price) => price.ToString("0.00##", CultureInfo.InvariantCulture);
}
