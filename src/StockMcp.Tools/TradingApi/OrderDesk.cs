using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Mime;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using Polly.RateLimiting;
using StockMcp.Tools.Connections;
using StockMcp.Tools.OrderApprovals;
using StockMcp.Tools.Schemas;

namespace StockMcp.Tools.TradingApi;

/// <summary>
/// Places an order that a person approved, with a token that was got for it, and looks for it where no answer came. A POST is sent once: whoever calls decides whether to send it again,
/// and does so under the same client order id, which the brokerage takes once.
/// </summary>
public sealed partial class OrderDesk(HttpClient http, TimeProvider time, ILogger<OrderDesk> logger)
{
    private const int LargestRefusal = 16 * 1024;

    /// <summary>Sends the order.</summary>
    /// <returns>What is known of it afterwards. It never throws for what the brokerage does.</returns>
    public async Task<PlaceResult> PlaceAsync(StockOrderDetails order, string clientOrderId, UpstreamAccessToken token, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(token);
        var body = new JsonObject { ["symbol"] = order.Symbol, ["qty"] = ToolJson.Figure(order.Quantity), ["side"] = order.Side, ["type"] = order.OrderType, ["time_in_force"] = order.TimeInForce };
        if (order.LimitPrice is { } limit) body["limit_price"] = ToolJson.Figure(limit);
        if (order.StopPrice is { } stop) body["stop_price"] = ToolJson.Figure(stop);
        body["client_order_id"] = clientOrderId;
        using var request = Request(HttpMethod.Post, "v2/orders", token);
        request.Content = JsonContent.Create(body);
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            return await ReadAsync(response, order, clientOrderId, cancellationToken);
        }
        catch (Exception exception) when (exception is BrokenCircuitException or RateLimiterRejectedException
            || exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError })
        {
            LogNotSent(exception.GetType().Name);
            return new PlaceResult(PlaceOutcome.NotSent);
        }
        catch (Exception exception) when (exception is HttpRequestException or ExecutionRejectedException or IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogUnclear(exception.GetType().Name);
            return new PlaceResult(PlaceOutcome.Unclear);
        }
    }

    /// <summary>Looks for the order.</summary>
    /// <returns><see cref="PlaceOutcome.NotSent"/> if the brokerage says that it has none, <see cref="PlaceOutcome.Unclear"/> if it does not say.</returns>
    public async Task<PlaceResult> FindAsync(StockOrderDetails order, string clientOrderId, UpstreamAccessToken token, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(clientOrderId);
        ArgumentNullException.ThrowIfNull(token);
        using var request = Request(HttpMethod.Get, $"v2/orders:by_client_order_id?client_order_id={Uri.EscapeDataString(clientOrderId)}", token);
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            return response.StatusCode switch
            {
                HttpStatusCode.NotFound => new PlaceResult(PlaceOutcome.NotSent),
                HttpStatusCode.OK => await ReadAsync(response, order, clientOrderId, cancellationToken),
                HttpStatusCode.Unauthorized => new PlaceResult(PlaceOutcome.TokenRefused),
                _ => Unclear((int)response.StatusCode),
            };
        }
        catch (Exception exception) when (exception is HttpRequestException or ExecutionRejectedException or IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogUnclear(exception.GetType().Name);
            return new PlaceResult(PlaceOutcome.Unclear);
        }
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, UpstreamAccessToken token)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.Accept.Add(new(MediaTypeNames.Application.Json));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Value);
        return request;
    }

    private async Task<PlaceResult> ReadAsync(HttpResponseMessage response, StockOrderDetails order, string clientOrderId, CancellationToken cancellationToken)
    {
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK or HttpStatusCode.Created:
                break;
            case HttpStatusCode.Unauthorized:
                return new PlaceResult(PlaceOutcome.TokenRefused);
            case HttpStatusCode.TooManyRequests:
                return new PlaceResult(PlaceOutcome.NotSent) { RetryAfter = RateLimit.PauseOf(response, time) };
            case HttpStatusCode.Forbidden or HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest or HttpStatusCode.NotFound:
                LogRefused((int)response.StatusCode);
                return new PlaceResult(PlaceOutcome.Refused) { Reason = await ReasonAsync(response, cancellationToken) };
            default:
                // 409: an order with this id and another content. 5xx, 408: it may be there all the same.
                return Unclear((int)response.StatusCode);
        }
        try
        {
            var answer = response.Content.Headers.ContentType?.MediaType == MediaTypeNames.Application.Json
                ? await JsonSerializer.DeserializeAsync<OrderAnswer>(await response.Content.ReadAsStreamAsync(cancellationToken), AnswerJson.Options, cancellationToken) : null;
            if (answer is null || Difference(answer, order, clientOrderId) is not null)
            {
                LogOther(answer is null ? "nothing to read" : Difference(answer, order, clientOrderId)!);
                return new PlaceResult(answer is null ? PlaceOutcome.Unclear : PlaceOutcome.OtherOrder);
            }
            return new PlaceResult(answer.Status == "rejected" || answer.RejectReason is not null ? PlaceOutcome.Rejected : PlaceOutcome.Placed)
            {
                OrderId = ForeignText.Clean(answer.Id, 64),
                OrderStatus = ForeignText.Clean(answer.Status, 32),
                FilledQuantity = answer.FilledQty,
                FilledPrice = answer.FilledAvgPrice,
                SubmittedAt = answer.SubmittedAt,
                FilledAt = answer.FilledAt,
                Reason = answer.RejectReason is "price_beyond_bound" or "insufficient_buying_power" or "insufficient_quantity" ? answer.RejectReason : answer.Status == "rejected" ? "rejected_by_brokerage" : null,
            };
        }
        catch (Exception exception) when (exception is JsonException or FormatException or OverflowException)
        {
            LogUnclear("its answer cannot be read");
            return new PlaceResult(PlaceOutcome.Unclear);
        }
    }

    private static string? Difference(OrderAnswer answer, StockOrderDetails order, string clientOrderId)
        => answer.ClientOrderId != clientOrderId ? "client_order_id" : answer.Symbol != order.Symbol ? "symbol" : answer.Side != order.Side ? "side" : answer.Qty != order.Quantity ? "qty"
            : answer.Type != order.OrderType ? "type" : answer.LimitPrice != order.LimitPrice ? "limit_price" : answer.StopPrice != order.StopPrice ? "stop_price" : answer.TimeInForce != order.TimeInForce ? "time_in_force" : null;

    // The brokerage's words are looked at and never passed on (RS-13).
    private static async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var invalid = response.StatusCode is HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest;
        try
        {
            if (response.Content.Headers.ContentLength > LargestRefusal) return "order_refused";
            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            var message = document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("message", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : "";
            if (message.Contains("buying power", StringComparison.OrdinalIgnoreCase)) return "insufficient_buying_power";
            if (message.Contains("insufficient qty", StringComparison.OrdinalIgnoreCase) || message.Contains("insufficient quantity", StringComparison.OrdinalIgnoreCase)) return "insufficient_quantity";
            if (message.Contains("day trading", StringComparison.OrdinalIgnoreCase)) return "day_trading_protection";
            if (message.Contains("wash trade", StringComparison.OrdinalIgnoreCase)) return "wash_trade";
        }
        catch (JsonException)
        {
            // The status says enough.
        }
        return invalid ? "order_invalid" : "order_refused";
    }

    private PlaceResult Unclear(int status)
    {
        LogStatus(status);
        return new PlaceResult(PlaceOutcome.Unclear);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An order was not sent: the brokerage cannot be reached ({Reason})")]
    private partial void LogNotSent(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The brokerage did not say whether it has an order: {Reason}")]
    private partial void LogUnclear(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The brokerage did not say whether it has an order: status {Status}")]
    private partial void LogStatus(int status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The brokerage refused an order: status {Status}")]
    private partial void LogRefused(int status);

    [LoggerMessage(Level = LogLevel.Error, Message = "The brokerage answered with another order than was asked about: {Difference}")]
    private partial void LogOther(string difference);
}

/// <summary>What is known of an order.</summary>
public enum PlaceOutcome
{
    /// <summary>The brokerage has it.</summary>
    Placed,

    /// <summary>The brokerage had it, and it ended at once without being filled.</summary>
    Rejected,

    /// <summary>The brokerage did not take it.</summary>
    Refused,

    /// <summary>The brokerage does not have it, from this attempt.</summary>
    NotSent,

    /// <summary>The brokerage does not accept the token.</summary>
    TokenRefused,

    /// <summary>The brokerage may have it.</summary>
    Unclear,

    /// <summary>Under this id the brokerage has another order.</summary>
    OtherOrder,
}

/// <summary>What is known of an order, and what the brokerage said of it.</summary>
/// <param name="Outcome">What is known.</param>
public sealed record PlaceResult(PlaceOutcome Outcome)
{
    /// <summary>Its id at the brokerage.</summary>
    public string? OrderId { get; init; }

    /// <summary>Where it stands, in the brokerage's words.</summary>
    public string? OrderStatus { get; init; }

    /// <summary>How many shares are filled.</summary>
    public decimal? FilledQuantity { get; init; }

    /// <summary>At which price, on average.</summary>
    public decimal? FilledPrice { get; init; }

    /// <summary>How long the brokerage wants to be left in peace before the next attempt.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>When the brokerage took it, as it says.</summary>
    public DateTimeOffset? SubmittedAt { get; init; }

    /// <summary>When it was filled, as the brokerage says.</summary>
    public DateTimeOffset? FilledAt { get; init; }

    /// <summary>Stable code of why it was not taken.</summary>
    public string? Reason { get; init; }
}
