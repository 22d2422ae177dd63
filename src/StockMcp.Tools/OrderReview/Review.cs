using StockMcp.Tools.Orders;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.TradingApi;

namespace StockMcp.Tools.OrderReview;

/// <summary>An order held against the market and the account of now.</summary>
internal sealed record Review(ProposedOrder Order, AssetAnswer Asset, QuoteAnswer Quote, ClockAnswer Clock, IReadOnlyList<OrderAnswer> OpenOrders)
{
    private const decimal FarFromMarket = 0.10m;
    private const decimal SmallestTotal = 1m;

    /// <summary>The account, if the caller may see it.</summary>
    public AccountAnswer? Account { get; init; }

    /// <summary>What the account holds of this share.</summary>
    public PositionAnswer? Position { get; init; }

    private bool Buys => Order.Side == OrderSide.Buy;

    private decimal Market => Buys ? Quote.Ask : Quote.Bid;

    /// <param name="reviewId">What place_order takes as the word that this order was reviewed.</param>
    public OrderReviewInfo ToAnswer(string reviewId = "")
    {
        var price = EstimatedPrice();
        var total = Order.Quantity * price;
        var worst = Order.LimitPrice is { } limit ? Order.Quantity * limit : total * (Buys ? 1 + OrderTotal.Collar : 1 - OrderTotal.Collar);
        var warnings = Warnings(worst).ToList();
        return new OrderReviewInfo
        {
            Order = Order.InWords(),
            Symbol = Order.Symbol,
            Name = ForeignText.Clean(Asset.Name),
            Side = Order.Side,
            Quantity = Order.Quantity,
            OrderType = Order.Type,
            TimeInForce = Order.TimeInForce,
            Bid = Quote.Bid,
            Ask = Quote.Ask,
            QuoteTime = Quote.Time,
            EstimatedPrice = price,
            EstimatedTotal = total,
            WorstTotal = worst,
            MaxTotal = OrderTotal.Suggested(Order, Quote),
            Fees = 0,
            ReviewId = reviewId,
            BuyingPower = Account is null ? null : new Effect { Before = Account.BuyingPower, After = Account.BuyingPower + (Buys ? -worst : worst) },
            Position = Account is null ? null : new Effect { Before = Held, After = Held + (Buys ? Order.Quantity : -Order.Quantity) },
            LikelyAccepted = !warnings.Exists(warning => warning.Code is WarningCode.ExceedsBuyingPower or WarningCode.MoreThanHeld or WarningCode.TotalTooSmall or WarningCode.NotTradable or WarningCode.TradingBlocked),
            Warnings = warnings,
        };
    }

    private decimal Held => Position?.Qty ?? 0;

    private decimal Available => Position is null ? 0 : Position.QtyAvailable ?? Position.Qty;

    private decimal EstimatedPrice()
    {
        // An order that waits for a stop is filled near it, unless the market is beyond it already.
        var market = Order.StopPrice is { } stop ? Buys ? Math.Max(stop, Market) : Math.Min(stop, Market) : Market;
        return Order.LimitPrice is { } limit ? Buys ? Math.Min(limit, market) : Math.Max(limit, market) : market;
    }

    private IEnumerable<Warning> Warnings(decimal worst)
    {
        if (!Asset.Tradable || Asset.Status != "active") yield return new() { Code = WarningCode.NotTradable, Message = $"{Order.Symbol} cannot be traded now." };
        if (!Clock.IsOpen)
        {
            yield return new()
            {
                Code = WarningCode.MarketClosed,
                Message = $"The market is closed until {ToolJson.Time(Clock.NextOpen)}: " + (Order.TimeInForce is TimeInForce.Ioc or TimeInForce.Fok ? "this order would be cancelled at once." : "this order would wait, and the price may differ by then."),
            };
        }
        if (Order.LimitPrice is { } limit && Market > 0)
        {
            var distance = (limit - Market) / Market;
            if (Math.Abs(distance) > FarFromMarket) yield return new() { Code = WarningCode.LimitFarFromMarket, Message = $"limit_price is {Math.Abs(distance) * 100:0} % {(distance > 0 ? "above" : "below")} the market's {ToolJson.Figure(Market)}." };
            if (Order.StopPrice is null && (Buys ? limit >= Market : limit <= Market)) yield return new() { Code = WarningCode.LimitCrossesMarket, Message = "limit_price is reached already: this order would be filled at once." };
        }
        if (Order.StopPrice is { } stop && (Buys ? Quote.Ask >= stop : Quote.Bid <= stop)) yield return new() { Code = WarningCode.StopAlreadyReached, Message = "stop_price is reached already: this order would wake at once." };
        if (Order.Quantity * EstimatedPrice() < SmallestTotal) yield return new() { Code = WarningCode.TotalTooSmall, Message = $"The total is below the smallest one, {SmallestTotal:0} USD." };
        if (OpenOrders.Count(order => order.Side == ToolJson.NameOf(Order.Side)) is > 0 and var similar) yield return new() { Code = WarningCode.SimilarOrderOpen, Message = $"{similar} order{(similar == 1 ? "" : "s")} to {ToolJson.NameOf(Order.Side)} {Order.Symbol} {(similar == 1 ? "is" : "are")} open already." };
        if (Account is null)
        {
            yield return new() { Code = WarningCode.EffectUnknown, Message = "The effect on buying power and position is not known: this agent does not have the scope portfolio:read." };
            yield break;
        }
        if (Account.TradingBlocked || Account.AccountBlocked || Account.TradeSuspendedByUser) yield return new() { Code = WarningCode.TradingBlocked, Message = "Trading is blocked in this account." };
        if (Buys && worst > Account.BuyingPower) yield return new() { Code = WarningCode.ExceedsBuyingPower, Message = $"It may cost {ToolJson.Figure(decimal.Round(worst, 2))} USD, and the buying power is {ToolJson.Figure(decimal.Round(Account.BuyingPower, 2))} USD." };
        if (!Buys && Order.Quantity > Available) yield return new() { Code = WarningCode.MoreThanHeld, Message = $"{ToolJson.Figure(Available)} {Order.Symbol} can be sold, and nothing is sold short." };
    }
}
