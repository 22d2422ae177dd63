using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using StockMcp.Tools.Connections;
using StockMcp.Tools.Errors;
using StockMcp.Tools.MarketData;
using StockMcp.Tools.OrderCard;
using StockMcp.Tools.OrderReview;
using StockMcp.Tools.Orders;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.Scopes;
using StockMcp.Tools.TradingApi;

namespace StockMcp.Tools.OrderApprovals;

/// <summary>Orders that a person is asked about, each one.</summary>
internal sealed partial class OrderApprovalTools(TradingClient trading, Caller caller, IOrderApprovals approvals, IReviewIds reviewIds, TimeProvider time)
{
    private const string ApprovalIdPattern = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";
    private const string TotalPattern = @"^[0-9]{1,12}(\.[0-9]{1,2})?$";

    /// <summary>How often a call that waits says so.</summary>
    private static readonly TimeSpan s_heartbeat = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Asks the person for their yes to exactly this order, and places it as soon as they say yes on their own page; nothing else can approve it. Waits a little; if they have not answered
    /// by then, the answer is approval_pending with a code and a link for them, and wait_for_order_approval goes on from there. The same order again while it is pending is the same request.
    /// An order within a mandate of the person, which get_trading_limits shows, is placed without asking. Call it once for each order that the person wants; with a review_id, the same call again is never a second order within a mandate.
    /// </summary>
    /// <param name="symbol">The share's symbol in capital letters, for example WAYNE. Find it with search_stocks; never guess it.</param>
    /// <param name="side">buy, or sell what is held.</param>
    /// <param name="quantity">How many shares, as a decimal string: more than 0, at most 1000000, up to 9 decimal places.</param>
    /// <param name="order_type">market: the price of the moment. limit: limit_price or better. stop: the price of the moment once stop_price is reached. stop_limit: limit_price or better once stop_price is reached.</param>
    /// <param name="limit_price">The worst price, in USD, as a decimal string. Only for limit and stop_limit, and needed there.</param>
    /// <param name="stop_price">The price that wakes the order, in USD, as a decimal string. Only for stop and stop_limit, and needed there.</param>
    /// <param name="time_in_force">How long the order stays open. day: until the trading day ends. gtc: until it is cancelled. ioc and fok: at once or not at all.</param>
    /// <param name="max_total">What it may cost at most, in USD, as a decimal string. Needed for purchases of order_type market and stop: the order is not filled beyond it. review_order suggests one.</param>
    /// <param name="review_id">The review_id of review_order: then the order must be just the one that was reviewed, and max_total may be left out.</param>
    /// <param name="request_id">An id of your own for this order, such as a UUID: a call with the same one is the same request, whatever has become of it, and can never be a second order. Without it, that holds while the request is pending.</param>
    /// <param name="wait_seconds">How long to wait for the person, 0 to 60 seconds.</param>
    /// <param name="progress">Told that it still waits.</param>
    /// <param name="cancellationToken">Ends the wait, not the order.</param>
    [McpServerTool(Name = StockToolsExtensions.PlaceOrder, Title = "Place order", ReadOnly = false, Destructive = true, Idempotent = false, OpenWorld = true, UseStructuredContent = true, OutputSchemaType = typeof(OrderApprovalInfo)), RequiresScope(StockScopes.OrdersWrite), OrderCard]
    public async partial Task<CallToolResult> PlaceOrderAsync(
        [RegularExpression(Symbol.Pattern), StringLength(Symbol.Longest, MinimumLength = 1)] string symbol,
        OrderSide side,
        [RegularExpression(ProposedOrder.QuantityPattern), StringLength(17, MinimumLength = 1)] string quantity,
        OrderType order_type = OrderReview.OrderType.Market,
        [RegularExpression(ProposedOrder.PricePattern), StringLength(12, MinimumLength = 1)] string? limit_price = null,
        [RegularExpression(ProposedOrder.PricePattern), StringLength(12, MinimumLength = 1)] string? stop_price = null,
        TimeInForce time_in_force = OrderReview.TimeInForce.Day,
        [RegularExpression(TotalPattern), StringLength(15, MinimumLength = 1)] string? max_total = null,
        [RegularExpression("^[A-Za-z0-9_-]{40,400}$"), StringLength(400, MinimumLength = 40)] string? review_id = null,
        [RegularExpression("^[A-Za-z0-9_-]{8,64}$"), StringLength(64, MinimumLength = 8)] string? request_id = null,
        [Range(0, 60)] int wait_seconds = 25,
        IProgress<ProgressNotificationValue>? progress = null,
        CancellationToken cancellationToken = default)
    {
        var approval = approvals.UnderWay is { } asked
            ? await approvals.GetAsync(asked, cancellationToken)
            : await AskAsync(ProposedOrder.From(symbol, side, quantity, order_type, limit_price, stop_price, time_in_force), max_total, review_id, request_id, cancellationToken);
        return Answer(await WaitAsync(approval, wait_seconds, progress, cancellationToken));
    }

    /// <summary>Where a request of place_order stands: whether the person answered, and what became of the order.</summary>
    /// <param name="approval_id">The approval_id of place_order, a UUID.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [McpServerTool(Name = "get_order_approval", Title = "Get order approval", ReadOnly = true, Destructive = false, Idempotent = true, OpenWorld = true, UseStructuredContent = true, OutputSchemaType = typeof(OrderApprovalInfo)), RequiresScope(StockScopes.OrdersWrite)]
    public async partial Task<CallToolResult> GetOrderApprovalAsync([RegularExpression(ApprovalIdPattern), StringLength(36, MinimumLength = 36)] string approval_id, CancellationToken cancellationToken = default)
        => Answer(await approvals.GetAsync(Guid.Parse(approval_id), cancellationToken));

    /// <summary>Waits until the person answered a request of place_order and the order came to its end, or the time is over. Call it again while the answer is approval_pending or executing.</summary>
    /// <param name="approval_id">The approval_id of place_order, a UUID.</param>
    /// <param name="wait_seconds">How long to wait, 0 to 60 seconds.</param>
    /// <param name="progress">Told that it still waits.</param>
    /// <param name="cancellationToken">Ends the wait, not the order.</param>
    [McpServerTool(Name = "wait_for_order_approval", Title = "Wait for order approval", ReadOnly = true, Destructive = false, Idempotent = true, OpenWorld = true, UseStructuredContent = true, OutputSchemaType = typeof(OrderApprovalInfo)), RequiresScope(StockScopes.OrdersWrite), OrderCard]
    public async partial Task<CallToolResult> WaitForOrderApprovalAsync(
        [RegularExpression(ApprovalIdPattern), StringLength(36, MinimumLength = 36)] string approval_id,
        [Range(0, 60)] int wait_seconds = 25,
        IProgress<ProgressNotificationValue>? progress = null,
        CancellationToken cancellationToken = default)
        => Answer(await WaitAsync(await approvals.GetAsync(Guid.Parse(approval_id), cancellationToken), wait_seconds, progress, cancellationToken));

    private static CallToolResult Answer(OrderApproval approval) => StockToolsExtensions.Result(OrderApprovalInfo.From(approval), ApprovalWords.Text(approval));

    private async Task<OrderApproval> AskAsync(ProposedOrder order, string? maxTotal, string? reviewId, string? requestId, CancellationToken cancellationToken)
    {
        var reviewed = reviewId is null ? null : ReadReview(order, reviewId);
        var (asset, quote, account) = (trading.GetAssetAsync(order.Symbol, cancellationToken), trading.GetQuoteAsync(order.Symbol, cancellationToken), AccountAsync(cancellationToken));
        var positions = caller.Scopes.Contains(StockScopes.PortfolioRead) ? trading.ListPositionsAsync(cancellationToken) : null;
        await Task.WhenAll(new Task?[] { asset, quote, account, positions }.OfType<Task>());

        var total = Total(order, maxTotal is null ? null : decimal.Parse(maxTotal, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture), reviewed, await quote);
        var owner = await account;
        var details = new StockOrderDetails
        {
            Account = owner.AccountNumber,
            Symbol = order.Symbol,
            Side = ToolJson.NameOf(order.Side),
            Quantity = order.Quantity,
            OrderType = ToolJson.NameOf(order.Type),
            LimitPrice = order.LimitPrice,
            StopPrice = order.StopPrice,
            TimeInForce = ToolJson.NameOf(order.TimeInForce),
            Currency = "USD",
            MaxTotal = total,
        };
        var held = positions is null ? (decimal?)null : (await positions).FirstOrDefault(position => position.Symbol == order.Symbol)?.Qty ?? 0;
        return await approvals.AskAsync(details, new OrderContext(ForeignText.Clean((await asset).Name), [.. Effects(order, total, owner, held, await quote)]) { CallId = reviewId is null ? null : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(reviewId))) }, requestId, cancellationToken);
    }

    private decimal? ReadReview(ProposedOrder order, string reviewId)
    {
        var terms = reviewIds.Open(reviewId) ?? throw TradingException.InvalidArgument("review_id", "review_id is not one that review_order gave this agent in the last ten minutes. Review the order again, or leave review_id out.");
        var (reviewed, total) = OrderTotal.Read(terms);
        if (reviewed != OrderTotal.Read(OrderTotal.Terms(order, total)).Order) throw TradingException.InvalidArgument("review_id", "review_id is of another order than this one. Give the same symbol, side, quantity, order_type, prices and time_in_force as were reviewed, or review this one.");
        return total;
    }

    private static decimal Total(ProposedOrder order, decimal? given, decimal? reviewed, QuoteAnswer quote)
    {
        if (OrderTotal.Exact(order) is { } exact)
            return given is null || given == exact ? exact : throw TradingException.InvalidArgument("max_total", $"max_total is quantity × limit_price for this order_type: {ApprovalWords.Money(exact)}. Leave it out.");
        if (given == 0) throw TradingException.InvalidArgument("max_total", "max_total must be more than 0.");
        var suggested = OrderTotal.Suggested(order, quote);
        if (order.Side == OrderSide.Sell) return given ?? reviewed ?? suggested;
        if ((given ?? reviewed) is not { } total)
            throw TradingException.InvalidArgument("max_total", $"max_total is needed for a purchase of order_type {ToolJson.NameOf(order.Type)}: what it may cost at most. At today's price and a collar of 3 % it would be {ApprovalWords.Money(suggested)}.");
        return total >= OrderTotal.AtMarket(order, quote)
            ? total : throw TradingException.InvalidArgument("max_total", $"max_total is less than the order would cost: {ApprovalWords.Money(OrderTotal.AtMarket(order, quote))} USD now. With a collar of 3 % it would be {ApprovalWords.Money(suggested)}.");
    }

    // With what the order will need: a connection that does not allow it is found out before the person is asked, not after their yes.
    private async Task<AccountAnswer> AccountAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await trading.GetAccountToTradeAsync(cancellationToken);
        }
        catch (TradingException exception) when (exception.Code == ErrorCode.UpstreamRefused)
        {
            if (caller.Scopes.Contains(StockScopes.PortfolioRead)) return await trading.GetAccountAsync(cancellationToken);
            throw new TradingException(ErrorCode.AuthorizationRefused, $"An order names its account, and the brokerage does not show the account to an agent without {StockScopes.PortfolioRead}. The person signs this agent in again and ticks it, too.", exception);
        }
    }

    private static IEnumerable<OrderEffect> Effects(ProposedOrder order, decimal total, AccountAnswer account, decimal? held, QuoteAnswer quote)
    {
        var buys = order.Side == OrderSide.Buy;
        var change = buys ? -total : order.Quantity * (order.LimitPrice ?? Math.Min(order.StopPrice ?? quote.Bid, quote.Bid));
        yield return new OrderEffect("Buying power", $"{ApprovalWords.Money(account.BuyingPower)} USD", $"{(buys ? "at least" : "about")} {ApprovalWords.Money(account.BuyingPower + change)} USD");
        if (held is { } now) yield return new OrderEffect(order.Symbol, ToolJson.Figure(now), ToolJson.Figure(now + (buys ? order.Quantity : -order.Quantity)));
    }

    private async Task<OrderApproval> WaitAsync(OrderApproval approval, int seconds, IProgress<ProgressNotificationValue>? progress, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        for (var waited = TimeSpan.Zero; !approval.IsFinal && waited < TimeSpan.FromSeconds(seconds); waited = time.GetElapsedTime(started))
        {
            progress?.Report(new ProgressNotificationValue { Progress = (float)waited.TotalSeconds, Total = seconds, Message = Waiting(approval) });
            var left = TimeSpan.FromSeconds(seconds) - waited;
            try
            {
                approval = await approvals.WaitAsync(approval, left < s_heartbeat ? left : s_heartbeat, cancellationToken);
            }
            catch (TradingException)
            {
                return approval; // how it stood a moment ago is a better answer than none: the order goes on
            }
        }
        return approval;
    }

    private static string Waiting(OrderApproval approval) => approval.Status == ApprovalStatus.ApprovalPending
        ? $"Waiting for your approval, code {approval.BindingMessage}: {approval.ApprovalUri}" : "Approved. Waiting for the brokerage.";
}
