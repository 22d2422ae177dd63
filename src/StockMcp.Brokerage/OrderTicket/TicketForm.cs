using System.Globalization;
using Microsoft.Extensions.Primitives;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.Site;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.OrderTicket;

/// <summary>An order ticket as it was filled in, and what is wrong with it, by field.</summary>
public sealed class TicketForm
{
    internal const string ClientOrderId = "client_order_id";
    private const int LongestFigure = 28;
    private readonly Dictionary<string, string> values = [];
    private readonly Dictionary<string, string> errors = [];

    /// <summary>The fields, spelled as in the trading API.</summary>
    public static IReadOnlyList<string> Fields { get; } = ["symbol", "side", "qty", "type", "limit_price", "stop_price", "time_in_force"];

    /// <summary>The sides, with their names in the trading API and in words.</summary>
    public static IReadOnlyDictionary<string, (OrderSide Value, string Words)> Sides { get; } = new Dictionary<string, (OrderSide, string)> { ["buy"] = (OrderSide.Buy, "Buy"), ["sell"] = (OrderSide.Sell, "Sell") };

    /// <summary>The types.</summary>
    public static IReadOnlyDictionary<string, (OrderType Value, string Words)> Types { get; } = new Dictionary<string, (OrderType, string)>
    {
        ["market"] = (OrderType.Market, "Market: at the price of the moment"),
        ["limit"] = (OrderType.Limit, "Limit: at your price or better"),
        ["stop"] = (OrderType.Stop, "Stop: at market, once a price is reached"),
        ["stop_limit"] = (OrderType.StopLimit, "Stop limit: at your limit, once a price is reached"),
    };

    /// <summary>How long an order may stay open.</summary>
    public static IReadOnlyDictionary<string, (TimeInForce Value, string Words)> TimesInForce { get; } = new Dictionary<string, (TimeInForce, string)>
    {
        ["day"] = (TimeInForce.Day, "Until the trading day ends"),
        ["gtc"] = (TimeInForce.Gtc, "Until cancelled, 90 days at most"),
        ["ioc"] = (TimeInForce.Ioc, "Now or not at all (ioc)"),
        ["fok"] = (TimeInForce.Fok, "All at once or nothing (fok)"),
    };

    /// <summary>What is wrong, by field.</summary>
    public IReadOnlyDictionary<string, string> Errors => errors;

    /// <summary>An order, if each field by itself can be read.</summary>
    public NewOrder? Order { get; private set; }

    /// <summary>What was filled in.</summary>
    public string this[string field] => values.GetValueOrDefault(field, "");

    /// <summary>An empty ticket, with what the link to it said.</summary>
    internal static TicketForm Empty(IEnumerable<KeyValuePair<string, StringValues>> given)
    {
        var ticket = new TicketForm();
        ticket.Take(given);
        return ticket;
    }

    internal static TicketForm Read(IEnumerable<KeyValuePair<string, StringValues>> given)
    {
        var ticket = Empty(given);
        ticket.Parse();
        return ticket;
    }

    /// <summary>Puts a refusal of the desk beside the field that it is about, in words for a person.</summary>
    internal void Refuse(TradingException refusal)
    {
        var figures = refusal.Details.ToDictionary(detail => detail.Key, detail => decimal.TryParse(detail.Value, NumberStyles.Number, CultureInfo.InvariantCulture, out var figure) ? figure : 0);
        var message = refusal.Error switch
        {
            TradingError.InsufficientBuyingPower => $"This takes {Figures.Usd(figures["cost_basis"])}, and your buying power is {Figures.Usd(figures["buying_power"])}.",
            TradingError.InsufficientQuantity when figures.TryGetValue("available", out var available)
                => figures["existing_qty"] == 0 ? $"You hold no {this["symbol"]} that you could sell." : $"You can sell {Figures.Quantity(available)}: you hold {Figures.Quantity(figures["existing_qty"])}, and open orders hold back {Figures.Quantity(figures["held_for_orders"])}.",
            TradingError.InsufficientQuantity => $"An order must be for {Figures.Usd(NewOrderRules.SmallestTotal)} at least.",
            _ => Words(refusal.Message),
        };
        errors[refusal.Field is { } field && (Fields.Contains(field) || field == ClientOrderId) ? field : "qty"] = message;
    }

    private static string Words(string message)
    {
        var words = message.Replace("qty", "quantity", StringComparison.Ordinal).Replace("limit_price", "limit price", StringComparison.Ordinal).Replace("stop_price", "stop price", StringComparison.Ordinal)
            .Replace("time_in_force", "time in force", StringComparison.Ordinal).Replace(" > 0", " above 0", StringComparison.Ordinal).Replace(" <= ", " at most ", StringComparison.Ordinal);
        return char.ToUpperInvariant(words[0]) + words[1..] + ".";
    }

    private void Take(IEnumerable<KeyValuePair<string, StringValues>> given)
    {
        foreach (var (name, value) in given)
        {
            if (value.ToString().Trim() is { Length: > 0 and <= NewOrderRules.LongestClientOrderId } text && (Fields.Contains(name) || name == ClientOrderId)) values[name] = text;
        }
        if (values.TryGetValue("symbol", out var symbol)) values["symbol"] = symbol.ToUpperInvariant();
    }

    private void Parse()
    {
        if (!Stock.IsSymbol(this["symbol"])) errors["symbol"] = "Choose a share.";
        var side = Choose("side", Sides, "Choose buy or sell.");
        var type = Choose("type", Types, "Choose a type of order.");
        var timeInForce = Choose("time_in_force", TimesInForce, "Choose how long the order stays open.");
        var quantity = Figure("qty", "Say how many shares, for example 10.");
        // A price that does not belong to the type is not on the ticket: the page shows its field for these types alone.
        var limit = type is OrderType.Limit or OrderType.StopLimit ? Figure("limit_price", "Say the worst price that you accept, for example 71.50.") : null;
        var stop = type is OrderType.Stop or OrderType.StopLimit ? Figure("stop_price", "Say the price that wakes the order, for example 71.50.") : null;
        if (errors.Count > 0) return;
        Order = new NewOrder { Symbol = this["symbol"], Side = side!.Value, Type = type!.Value, TimeInForce = timeInForce!.Value, Quantity = quantity!.Value, LimitPrice = limit, StopPrice = stop, ClientOrderId = values.GetValueOrDefault(ClientOrderId) };
    }

    private T? Choose<T>(string field, IReadOnlyDictionary<string, (T Value, string Words)> choices, string error) where T : struct
    {
        if (choices.TryGetValue(this[field], out var choice)) return choice.Value;
        errors[field] = error;
        return null;
    }

    private decimal? Figure(string field, string error)
    {
        const NumberStyles Plain = NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign;
        var text = this[field].TrimStart('$');
        if (text.Length is > 0 and <= LongestFigure && decimal.TryParse(text, Plain, CultureInfo.InvariantCulture, out var figure)) return figure;
        errors[field] = text.Length == 0 ? error : "This is not a number. Write it with a point and without commas, for example 1250.50.";
        return null;
    }
}
