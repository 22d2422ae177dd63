using System.Text.Json.Serialization;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.TradingApi;

/// <summary><c>/v2/orders</c>.</summary>
internal static class OrderEndpoints
{
    public static void MapOrders(this IEndpointRouteBuilder routes)
    {
        var reading = routes.MapAlpacaGroup(Policies.OrdersRead);
        reading.MapGet("/orders", ListAsync);
        reading.MapGet("/orders/{id}", async (string id, HttpContext context, TradingDesk desk, StockMarket market, CancellationToken cancellationToken)
            => Answer(await desk.GetOrderAsync(context.UserId(), OrderId(id), cancellationToken), market));
        reading.MapGet("/orders:by_client_order_id", async (HttpContext context, TradingDesk desk, StockMarket market, CancellationToken cancellationToken) =>
        {
            var clientOrderId = new QueryValues(context.Request.Query, AlpacaException.Field).Text("client_order_id") ?? throw AlpacaException.Field("client_order_id is required");
            return Answer(await desk.GetOrderAsync(context.UserId(), clientOrderId, cancellationToken), market);
        });

        var trading = routes.MapAlpacaGroup(Policies.Trading);
        trading.MapPost("/orders", PlaceAsync);
        trading.MapDelete("/orders/{id}", async (string id, HttpContext context, TradingDesk desk, CancellationToken cancellationToken) =>
        {
            await desk.CancelOrderAsync(context.UserId(), OrderId(id), cancellationToken);
            return Results.NoContent();
        });
        trading.MapDelete("/orders", CancelAllAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext context, TradingDesk desk, StockMarket market, CancellationToken cancellationToken)
    {
        var query = new QueryValues(context.Request.Query, AlpacaException.Field);
        var orders = new OrderQuery
        {
            Status = query.OneOf("status", "open", "open", "closed", "all") switch { "open" => OrderStatusFilter.Open, "closed" => OrderStatusFilter.Closed, _ => OrderStatusFilter.All },
            Symbols = query.Symbols("symbols", 100),
            Side = query.OneOf("side", "", "buy", "sell") switch { "buy" => OrderSide.Buy, "sell" => OrderSide.Sell, _ => null },
            After = query.Time("after"),
            Until = query.Time("until"),
            BeforeOrderId = query.Id("before_order_id"),
            AfterOrderId = query.Id("after_order_id"),
            NewestFirst = query.OneOf("direction", "desc", "asc", "desc") == "desc",
            Limit = query.Number("limit", 50, 1, 500),
        };
        if (query.Text("asset_class") is { } assetClasses && !assetClasses.Split(',').Contains(AssetEndpoints.AssetClass)) return AlpacaJson.Result<IEnumerable<OrderAnswer>>([]);
        return AlpacaJson.Result((await desk.ListOrdersAsync(context.UserId(), orders, cancellationToken)).Select(order => new OrderAnswer(order, market.Find(order.Symbol)!)));
    }

    private static async Task<IResult> PlaceAsync(HttpContext context, TradingDesk desk, StockMarket market, TimeProvider time, CancellationToken cancellationToken)
    {
        var order = await OrderRequest.ReadAsync(context.Request, cancellationToken);
        NewOrderRules.Check(order, market);
        var approval = ThirdPartyOrders.Authorize(context.User, order, await desk.GetAccountNumberAsync(context.UserId(), cancellationToken), market, time.GetUtcNow());
        return Answer(await desk.PlaceOrderAsync(context.UserId(), order, approval, cancellationToken), market);
    }

    private static async Task<IResult> CancelAllAsync(HttpContext context, TradingDesk desk, CancellationToken cancellationToken)
    {
        var answers = new List<object>();
        foreach (var order in await desk.ListOrdersAsync(context.UserId(), new OrderQuery { Status = OrderStatusFilter.Open, Limit = 500 }, cancellationToken))
        {
            try
            {
                await desk.CancelOrderAsync(context.UserId(), order.Id, cancellationToken);
                answers.Add(new { order.Id, Status = StatusCodes.Status200OK });
            }
            catch (TradingException)
            {
                answers.Add(new { order.Id, Status = StatusCodes.Status422UnprocessableEntity });
            }
        }
        return AlpacaJson.Result(answers, StatusCodes.Status207MultiStatus);
    }

    private static IResult Answer(Order order, StockMarket market) => AlpacaJson.Result(new OrderAnswer(order, market.Find(order.Symbol)!));

    private static Guid OrderId(string text) => Guid.TryParseExact(text, "D", out var id) ? id : throw AlpacaException.Field("order_id must be a UUID");

    private sealed class OrderAnswer(Order order, Stock stock)
    {
        public Guid Id => order.Id;
        public string ClientOrderId => order.ClientOrderId;
        public string CreatedAt => AlpacaJson.Time(order.SubmittedAt);
        public string UpdatedAt => AlpacaJson.Time(order.UpdatedAt);
        public string SubmittedAt => CreatedAt;
        public string? FilledAt => EndedAs(OrderStatus.Filled);
        public string? ExpiredAt => EndedAs(OrderStatus.Expired);
        public string? CanceledAt => EndedAs(OrderStatus.Canceled);
        public string? FailedAt => EndedAs(OrderStatus.Rejected);
        public string ExpiresAt => AlpacaJson.Time(order.ExpiresAt);
        public string? ReplacedAt { get; }
        public string? ReplacedBy { get; }
        public string? Replaces { get; }
        public Guid AssetId => stock.Id;
        public string Symbol => order.Symbol;
        public string AssetClass { get; } = AssetEndpoints.AssetClass;
        public string? Notional { get; }
        public string Qty => AlpacaJson.Figure(order.Quantity);
        public string FilledQty => AlpacaJson.Figure(order.FilledQuantity);
        public string? FilledAvgPrice => AlpacaJson.Figure(order.FilledPrice);
        public string OrderClass { get; } = "simple";
        public OrderType OrderType => order.Type;
        public OrderType Type => order.Type;
        public OrderSide Side => order.Side;
        public string PositionIntent => order.Side == OrderSide.Buy ? "buy_to_open" : "sell_to_close";
        public TimeInForce TimeInForce => order.TimeInForce;
        public string? LimitPrice => AlpacaJson.Figure(order.LimitPrice);
        public string? StopPrice => AlpacaJson.Figure(order.StopPrice);
        public OrderStatus Status => order.Status;

        // Not Alpaca's: there, an order's events tell why.
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public RejectReason? RejectReason => order.RejectReason;

        public bool ExtendedHours { get; }
        public IReadOnlyList<object>? Legs { get; }
        public string? TrailPercent { get; }
        public string? TrailPrice { get; }
        public string? Hwm { get; }

        private string? EndedAs(OrderStatus status) => order.Status == status ? AlpacaJson.Time(order.EndedAt!.Value) : null;
    }
}
