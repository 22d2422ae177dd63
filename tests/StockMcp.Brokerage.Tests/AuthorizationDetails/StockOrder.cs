using System.Globalization;
using System.Text;
using System.Text.Json;

namespace StockMcp.Brokerage.Tests.AuthorizationDetails;

/// <summary>One order's terms, as authorization details spell them and as the trading API does.</summary>
internal sealed record StockOrder(string Account, Guid Transaction)
{
    public string Symbol { get; init; } = "WAYNE";

    public string Side { get; init; } = "buy";

    public string Quantity { get; init; } = "10";

    public string Type { get; init; } = "limit";

    public string? LimitPrice { get; init; }

    public string? StopPrice { get; init; }

    public string TimeInForce { get; init; } = "gtc";

    public string MaxTotal { get; init; } = "";

    public string Txn => Transaction.ToString("D");

    public string ClientOrderId => $"stockmcp-{Transaction:N}";

    public StockOrder AtLimit(decimal limit) => this with { LimitPrice = Figure(limit), MaxTotal = Figure(decimal.Round(limit * decimal.Parse(Quantity), 2, MidpointRounding.ToPositiveInfinity)) };

    public Dictionary<string, object?> Details() => Given(new()
    {
        ["type"] = "stock_order",
        ["account"] = Account,
        ["symbol"] = Symbol,
        ["side"] = Side,
        ["quantity"] = Quantity,
        ["order_type"] = Type,
        ["limit_price"] = LimitPrice,
        ["stop_price"] = StopPrice,
        ["time_in_force"] = TimeInForce,
        ["currency"] = "USD",
        ["max_total"] = MaxTotal,
    });

    public string AuthorizationDetails() => JsonSerializer.Serialize(new[] { Details() });

    public Dictionary<string, object?> Body() => Given(new()
    {
        ["symbol"] = Symbol,
        ["qty"] = Quantity,
        ["side"] = Side,
        ["type"] = Type,
        ["limit_price"] = LimitPrice,
        ["stop_price"] = StopPrice,
        ["time_in_force"] = TimeInForce,
        ["client_order_id"] = ClientOrderId,
    });

    public static string Figure(decimal value) => value.ToString("0.00##", CultureInfo.InvariantCulture);

    public static StringContent Json(object body) => new(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");

    private static Dictionary<string, object?> Given(Dictionary<string, object?> all) => all.Where(field => field.Value is not null).ToDictionary();
}
