using System.ComponentModel;
using StockMcp.Tools.Schemas;

namespace StockMcp.Tools.OrderApprovals;

internal sealed record OrderApprovalInfo
{
    [Description("Id of this request. Give it to wait_for_order_approval and get_order_approval.")] public required string ApprovalId { get; init; }
    [Description("Where it stands. approval_pending: the person has not answered. executing: they said yes, and the order is on its way. placed, rejected and not_placed: what became of it. unknown: the brokerage has not said whether it has the order. denied, expired and cancelled: there is no yes.")] public required ApprovalStatus Status { get; init; }
    [Description("Short code that the approval page shows, too. Tell it to the person, so that they know that it is this order.")] public required string Code { get; init; }
    [Description("Page where the person says yes or no. Show it to them; nobody else can.")] public required string ApprovalUrl { get; init; }
    [Description("Until when they can answer, UTC.")] public required DateTimeOffset ExpiresAt { get; init; }
    [Description("What the person is asked about, and what is placed if they say yes: this and nothing else.")] public required OrderTerms Terms { get; init; }
    [Description("The order at the brokerage, once it is there.")] public PlacedOrderInfo? Order { get; init; }
    [Description("Stable code of why it ended as it did.")] public string? Reason { get; init; }
    [Description("The mandate within which it was ordered, so that the person was not asked. Absent if they were.")] public string? MandateId { get; init; }
    [Description("What to do now, in a sentence.")] public required string WhatNext { get; init; }
    [Description("Whether money may have moved. False: nothing was bought or sold.")] public required bool MoneyMayHaveMoved { get; init; }

    public static OrderApprovalInfo From(OrderApproval approval) => new()
    {
        ApprovalId = approval.ApprovalId.ToString("D"),
        Status = approval.Status,
        Code = approval.BindingMessage,
        ApprovalUrl = approval.ApprovalUri,
        ExpiresAt = approval.ExpiresAt,
        Terms = OrderTerms.From(approval.Order),
        Order = approval.OrderId is { } id ? new PlacedOrderInfo
        {
            OrderId = id,
            ClientOrderId = approval.ClientOrderId,
            Status = approval.OrderStatus,
            FilledQuantity = approval.FilledQuantity,
            FilledPrice = approval.FilledPrice,
        } : null,
        Reason = approval.Reason,
        MandateId = approval.MandateId?.ToString("D"),
        WhatNext = ApprovalWords.WhatNext(approval),
        MoneyMayHaveMoved = approval.MoneyMayHaveMoved,
    };
}

internal sealed record OrderTerms
{
    [Description("The order in words.")] public required string Order { get; init; }
    [Description("Number of the account.")] public required string Account { get; init; }
    [Description("Symbol of the share.")] public required string Symbol { get; init; }
    [Description("buy or sell.")] public required string Side { get; init; }
    [Description("How many shares.")] public required decimal Quantity { get; init; }
    [Description("market, limit, stop or stop_limit.")] public required string OrderType { get; init; }
    [Description("Worst price, in USD.")] public decimal? LimitPrice { get; init; }
    [Description("Price that wakes it, in USD.")] public decimal? StopPrice { get; init; }
    [Description("How long it stays open: day, gtc, ioc or fok.")] public required string TimeInForce { get; init; }
    [Description("Currency of all amounts.")] public required string Currency { get; init; }
    [Description("What a purchase may cost at most. What a sale is counted as against the person's limits; it may bring more.")] public required decimal MaxTotal { get; init; }

    public static OrderTerms From(StockOrderDetails order) => new()
    {
        Order = ApprovalWords.Of(order),
        Account = order.Account,
        Symbol = order.Symbol,
        Side = order.Side,
        Quantity = order.Quantity,
        OrderType = order.OrderType,
        LimitPrice = order.LimitPrice,
        StopPrice = order.StopPrice,
        TimeInForce = order.TimeInForce,
        Currency = order.Currency,
        MaxTotal = order.MaxTotal,
    };
}

internal sealed record PlacedOrderInfo
{
    [Description("Id of the order at the brokerage. get_order and cancel_order take it.")] public required string OrderId { get; init; }
    [Description("Id under which it was sent: it follows from the approval, and no second order can have it.")] public required string ClientOrderId { get; init; }
    [Description("Where it stood when it was placed, in the brokerage's words; get_order tells where it stands now.")] public string? Status { get; init; }
    [Description("How many shares were filled when it was placed.")] public decimal? FilledQuantity { get; init; }
    [Description("At which price on average, in USD.")] public decimal? FilledPrice { get; init; }
}

internal sealed record TradingLimitsInfo
{
    [Description("Whether agents may ask for orders at all. False: the person switched it off.")] public required bool Trading { get; init; }
    [Description("What one order may cost at most. Absent if there is no such limit.")] public decimal? LargestOrder { get; init; }
    [Description("What all orders of a day may cost at most. Absent if there is no such limit.")] public decimal? LargestDailyTotal { get; init; }
    [Description("What today's orders count as so far.")] public required decimal UsedToday { get; init; }
    [Description("What is left of today's total. Absent if there is no such limit.")] public decimal? LeftToday { get; init; }
    [Description("The only shares that may be traded. Absent if all may.")] public IReadOnlyList<string>? AllowedSymbols { get; init; }
    [Description("Shares that may not be traded.")] public required IReadOnlyList<string> DeniedSymbols { get; init; }
    [Description("Currency of all amounts.")] public required string Currency { get; init; }
    [Description("Mandates of the person for this agent: an order that lies within one, and what is left of it, is placed without asking. Absent if there are none.")] public IReadOnlyList<TradingMandateInfo>? Mandates { get; init; }
}

internal sealed record TradingMandateInfo
{
    [Description("Its id.")] public required string MandateId { get; init; }
    [Description("The only shares.")] public required IReadOnlyList<string> Symbols { get; init; }
    [Description("buy, sell or both.")] public required IReadOnlyList<string> Sides { get; init; }
    [Description("The only accounts. Absent if all of the person's.")] public IReadOnlyList<string>? Accounts { get; init; }
    [Description("What one order may count as at most: quantity times limit_price, or max_total.")] public required decimal LargestOrder { get; init; }
    [Description("What all orders of a UTC day may come to.")] public required decimal DailyBudget { get; init; }
    [Description("What all orders may come to.")] public required decimal Budget { get; init; }
    [Description("The highest price of a share that is bought: limit_price, or max_total divided by quantity. Absent if there is none.")] public decimal? HighestPrice { get; init; }
    [Description("The lowest limit_price of a share that is sold; a sale without a limit lies outside. Absent if selling does.")] public decimal? LowestPrice { get; init; }
    [Description("What is left of today.")] public required decimal LeftToday { get; init; }
    [Description("What is left in all.")] public required decimal Left { get; init; }
    [Description("When it ends, UTC.")] public required DateTimeOffset ExpiresAt { get; init; }
}

internal sealed record OrderReceiptInfo
{
    [Description("Id of the request.")] public required string ApprovalId { get; init; }
    [Description("The receipt, as a JWS: who asked, through which agent, what allowed it, the exact terms, the brokerage's answer, and the line in the audit log. Save it to a file as it is.")] public required string Receipt { get; init; }
    [Description("Who signed it: the person's authorization server.")] public required string Issuer { get; init; }
    [Description("Where the keys are that verify it.")] public required string JwksUrl { get; init; }
    [Description("How to verify it, in a sentence.")] public required string HowToVerify { get; init; }
}

internal enum CancelStatus
{
    Accepted,
    TooLate,
}

internal sealed record CancelInfo
{
    [Description("Id of the order at the brokerage.")] public required string OrderId { get; init; }
    [Description("accepted: the brokerage cancels it, unless it is filled first; get_order tells how it ended. too_late: it had ended already.")] public required CancelStatus Status { get; init; }
    [Description("How it had ended, in the brokerage's words. Only with too_late.")] public string? OrderStatus { get; init; }
    [Description("What to do now, in a sentence.")] public required string WhatNext { get; init; }
}

/// <summary>Orders and what becomes of them, in words.</summary>
internal static class ApprovalWords
{
    public static string Of(StockOrderDetails order)
    {
        var price = (order.LimitPrice, order.StopPrice) switch
        {
            ({ } limit, { } stop) => $"at {ToolJson.Figure(limit)} {order.Currency} or better, once {ToolJson.Figure(stop)} is reached",
            ({ } limit, null) => $"at {ToolJson.Figure(limit)} {order.Currency} or better",
            (null, { } stop) => $"at the market price, once {ToolJson.Figure(stop)} is reached",
            _ => "at the market price",
        };
        return $"{order.Side} {ToolJson.Figure(order.Quantity)} {order.Symbol} {price}, {order.TimeInForce}{(order.Side == "buy" ? $", at most {Money(order.MaxTotal)} {order.Currency}" : "")}";
    }

    public static string Text(OrderApproval approval)
    {
        var order = Of(approval.Order);
        var id = $" (approval_id {approval.ApprovalId:D})";
        return approval.Status switch
        {
            ApprovalStatus.ApprovalPending => $"Waiting for your approval, code {approval.BindingMessage}: {approval.ApprovalUri} — {order}, until {ToolJson.Time(approval.ExpiresAt)}. {WhatNext(approval)}{id}",
            ApprovalStatus.Executing when approval.MandateId is not null => $"Within the person's mandate, the order is on its way: {order}. {WhatNext(approval)}{id}",
            ApprovalStatus.Placed => $"Placed{(approval.MandateId is null ? "" : " within the person's mandate")}: {order}. {(approval.OrderStatus is null ? "" : $"Order {approval.OrderId} is {approval.OrderStatus}")}{(approval is { FilledQuantity: > 0 and var filled, FilledPrice: { } price } ? $", {ToolJson.Figure(filled)} filled at {ToolJson.Figure(price)}" : "")}. {WhatNext(approval)}{id}",
            _ => $"{Beginning(approval.Status)}: {order}{(approval.Reason is null ? "" : $" ({approval.Reason})")}. {WhatNext(approval)}{id}",
        };
    }

    public static string WhatNext(OrderApproval approval) => approval.Status switch
    {
        ApprovalStatus.ApprovalPending => "Show the person approval_url and the code, and go on with wait_for_order_approval.",
        ApprovalStatus.Denied => "The person said no. Do not ask for the same order again unless they tell you to.",
        ApprovalStatus.Expired => "The person did not answer in time, and nothing was ordered. Ask again only if they want to be asked.",
        ApprovalStatus.Cancelled => "The request was withdrawn, and nothing was ordered.",
        ApprovalStatus.Executing when approval.MandateId is not null => "It lies within a mandate of the person, so nobody is asked. Call wait_for_order_approval to learn what became of the order; do not place it again.",
        ApprovalStatus.Executing => "The person said yes. Call wait_for_order_approval to learn what became of the order; do not place it again.",
        ApprovalStatus.Placed when approval.OrderStatus is "canceled" or "expired" => "The order could not be filled as it was meant, and has ended. Review it anew before asking for another one.",
        ApprovalStatus.Placed => "Follow it with get_order.",
        ApprovalStatus.Unknown when approval.Reason == "not_followed" => "Nobody asks the brokerage again. Look with list_orders for an order with these terms, and place it again only if it is not there.",
        ApprovalStatus.Unknown => "The brokerage has not said whether it has the order, and is asked again. Look with wait_for_order_approval, and do not place it again.",
        _ => WhatNext(approval.Reason, approval.Status),
    };

    private static string WhatNext(string? reason, ApprovalStatus status) => reason switch
    {
        "insufficient_buying_power" => "The account has not enough buying power. Order less, or wait for money.",
        "insufficient_quantity" => "The account does not hold that many shares free to sell. Look with get_portfolio.",
        "price_beyond_bound" => "The price had moved beyond max_total. Review the order anew, and ask again with a higher max_total if the person agrees.",
        "day_trading_protection" => "The brokerage does not let this account trade again today under the rules for pattern day traders.",
        "wash_trade" => "The account has an open order on the other side. Look with list_orders; the person may cancel it first.",
        "order_refused" or "order_invalid" => "The brokerage does not take this order. Review it with review_order before asking for another one.",
        "connection_required" => "The account at the brokerage has to be connected again: whoami names the page.",
        "deadline_passed" => "It could not be sent in time after the person's yes, and is not sent any more. Ask again if it is still wanted.",
        "approval_differs" => "What the authorization server says the person approved is not exactly this order, so that nothing was ordered. Its operator makes it return authorization_details unchanged.",
        "approved_by_another" => "The authorization server did not show that the yes was this person's, so that nothing was ordered. Its operator makes it return an ID token with the sub of its access tokens.",
        _ when status == ApprovalStatus.Rejected => "The brokerage did not take the order. Review it with review_order before asking for another one.",
        _ => "The order did not go out and will not. Ask again if it is still wanted.",
    };

    private static string Beginning(ApprovalStatus status) => status switch
    {
        ApprovalStatus.Denied => "Denied, nothing was ordered",
        ApprovalStatus.Expired => "Expired, nothing was ordered",
        ApprovalStatus.Cancelled => "Cancelled, nothing was ordered",
        ApprovalStatus.Executing => "Approved, the order is on its way",
        ApprovalStatus.Rejected => "Rejected by the brokerage, nothing was bought or sold",
        ApprovalStatus.NotPlaced => "Approved, but not placed",
        _ => "Approved, and it is not known yet whether the brokerage has the order",
    };

    public static string Money(decimal amount) => amount.ToString("0.00", System.Globalization.CultureInfo.InvariantCulture);
}
