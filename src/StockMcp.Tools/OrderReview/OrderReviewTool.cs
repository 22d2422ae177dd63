using System.ComponentModel.DataAnnotations;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using StockMcp.Tools.Connections;
using StockMcp.Tools.MarketData;
using StockMcp.Tools.OrderApprovals;
using StockMcp.Tools.Orders;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.Scopes;
using StockMcp.Tools.TradingApi;

namespace StockMcp.Tools.OrderReview;

/// <summary>What an order would do.</summary>
internal sealed partial class OrderReviewTool(TradingClient trading, Caller caller, IReviewIds reviewIds)
{
    /// <summary>
    /// Shows what an order would cost and change, and warns of what could go wrong. It places nothing and holds nothing back; place_order takes its review_id. With the scope portfolio:read it also shows the effect on
    /// buying power and position. Amounts are decimal strings in USD.
    /// </summary>
    /// <param name="symbol">The share's symbol in capital letters, for example WAYNE. Find it with search_stocks; never guess it.</param>
    /// <param name="side">buy, or sell what is held.</param>
    /// <param name="quantity">How many shares, as a decimal string: more than 0, at most 1000000, up to 9 decimal places.</param>
    /// <param name="order_type">market: the price of the moment. limit: limit_price or better. stop: the price of the moment once stop_price is reached. stop_limit: limit_price or better once stop_price is reached.</param>
    /// <param name="limit_price">The worst price, in USD, as a decimal string. Only for limit and stop_limit, and needed there.</param>
    /// <param name="stop_price">The price that wakes the order, in USD, as a decimal string. Only for stop and stop_limit, and needed there.</param>
    /// <param name="time_in_force">How long the order stays open. day: until the trading day ends. gtc: until it is cancelled. ioc and fok: at once or not at all.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [McpServerTool(Name = "review_order", Title = "Review order", ReadOnly = true, Destructive = false, Idempotent = true, OpenWorld = true, UseStructuredContent = true, OutputSchemaType = typeof(OrderReviewInfo)), RequiresScope(StockScopes.OrdersRead)]
    public async partial Task<CallToolResult> ReviewOrderAsync(
        [RegularExpression(Symbol.Pattern), StringLength(Symbol.Longest, MinimumLength = 1)] string symbol,
        OrderSide side,
        [RegularExpression(ProposedOrder.QuantityPattern), StringLength(17, MinimumLength = 1)] string quantity,
        OrderType order_type = OrderType.Market,
        [RegularExpression(ProposedOrder.PricePattern), StringLength(12, MinimumLength = 1)] string? limit_price = null,
        [RegularExpression(ProposedOrder.PricePattern), StringLength(12, MinimumLength = 1)] string? stop_price = null,
        TimeInForce time_in_force = TimeInForce.Day,
        CancellationToken cancellationToken = default)
    {
        var order = ProposedOrder.From(symbol, side, quantity, order_type, limit_price, stop_price, time_in_force);
        var seesAccount = caller.Scopes.Contains(StockScopes.PortfolioRead);
        var (asset, quote, clock) = (trading.GetAssetAsync(symbol, cancellationToken), trading.GetQuoteAsync(symbol, cancellationToken), trading.GetClockAsync(cancellationToken));
        var open = trading.ListOrdersAsync($"status=open&symbols={symbol}&limit=100", cancellationToken);
        var account = seesAccount ? trading.GetAccountAsync(cancellationToken) : null;
        var positions = seesAccount ? trading.ListPositionsAsync(cancellationToken) : null;
        await Task.WhenAll(new Task?[] { asset, quote, clock, open, account, positions }.OfType<Task>());

        var review = new Review(order, await asset, await quote, await clock, await open)
        {
            Account = account is null ? null : await account,
            Position = positions is null ? null : (await positions).FirstOrDefault(position => position.Symbol == symbol),
        }.ToAnswer(reviewIds.Seal(OrderTotal.Terms(order, OrderTotal.Suggested(order, await quote))));
        return StockToolsExtensions.Result(review, Text(review));
    }

    private static string Text(OrderReviewInfo review)
        => $"{review.Order}: about {ToolJson.Figure(decimal.Round(review.EstimatedTotal, 2))} USD at {ToolJson.Figure(review.EstimatedPrice)}, {(review.Side == OrderSide.Buy ? "at most" : "at least")} {ToolJson.Figure(decimal.Round(review.WorstTotal, 2))} USD, fees {ToolJson.Figure(review.Fees)}; max_total {ToolJson.Figure(review.MaxTotal)}."
            + (review.BuyingPower is { } power ? $" Buying power {ToolJson.Figure(decimal.Round(power.Before, 2))} → {ToolJson.Figure(decimal.Round(power.After, 2))} USD." : "")
            + (review.Position is { } held ? $" Position {ToolJson.Figure(held.Before)} → {ToolJson.Figure(held.After)}." : "")
            + (review.Warnings.Count == 0 ? "" : " Warnings: " + string.Join(" ", review.Warnings.Select(warning => warning.Message)))
            + $" Nothing was placed; review_id {review.ReviewId}";
}
