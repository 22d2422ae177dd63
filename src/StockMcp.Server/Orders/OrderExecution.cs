using Microsoft.Extensions.Options;
using StockMcp.ResourceServer.Observability;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.ResourceServer.UpstreamTokens;
using StockMcp.Server.Approvals;
using StockMcp.Tools.Connections;
using StockMcp.Tools.Errors;
using StockMcp.Tools.OrderApprovals;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.Scopes;
using StockMcp.Tools.TradingApi;

namespace StockMcp.Server.Orders;

/// <summary>An order that its person approved, and the token that says so.</summary>
/// <param name="ApprovalId">The approval.</param>
/// <param name="ClientOrderId">The id to send it under.</param>
/// <param name="Order">The terms that were approved.</param>
/// <param name="Token">The approval's token.</param>
/// <param name="Deadline">Until when it may be sent.</param>
/// <param name="IsFirst">Whether nobody can have sent it before.</param>
internal sealed record ApprovedOrder(Guid ApprovalId, string ClientOrderId, StockOrderDetails Order, SubjectToken Token, DateTimeOffset Deadline, bool IsFirst)
{
    /// <summary>Enough to find it at the authorization server, and no link to its page (LG-01).</summary>
    public string ShortId { get; } = ApprovalId.ToString("N")[..8];

    public override string ToString() => $"approved order until {Deadline:O}";
}

/// <summary>
/// Brings one approved order to its end: a token for it alone, then the order, then the word of what became of it. Where no clear answer comes, the brokerage is asked whether it has the
/// order before anything is sent again, and nothing is sent past the deadline (OX-04).
/// </summary>
internal sealed partial class OrderExecution(
    TokenExchange exchange, IServiceScopeFactory scopes, IApprovals approvals, IOptions<OrderOptions> options, IOptions<TradingApiOptions> brokerage, Telemetry telemetry, TimeProvider time, ILogger<OrderExecution> logger)
{
    private const int MostSendings = 3;
    private const int MostTokens = 3;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_longestPatience = TimeSpan.FromSeconds(10); // less than the lease of an order
    private static readonly TimeSpan[] s_reports = [TimeSpan.Zero, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(6)];

    /// <summary>Does all of it. If it cannot say how it ended, the approval's lease ends and some copy does it again.</summary>
    public async Task RunAsync(ApprovedOrder approved, CancellationToken stop)
    {
        using var activity = Telemetry.Activities.StartActivity("order");
        if (await DecideAsync(approved, stop) is not { } outcome) return;
        activity?.SetTag("stockmcp.outcome", outcome.Status);
        telemetry.Order(outcome.Status);
        LogOutcome(approved.ShortId, outcome.Status, outcome.Reason ?? "-");
        await ReportAsync(approved, outcome, stop);
    }

    private async Task<OrderOutcome?> DecideAsync(ApprovedOrder approved, CancellationToken stop)
    {
        await using var scope = scopes.CreateAsyncScope();
        var desk = scope.ServiceProvider.GetRequiredService<OrderDesk>();
        var mayBeThere = !approved.IsFirst;
        var (tokens, sendings, pause) = (0, 0, s_pause);
        OneOrderToken? upstream = null;
        while (true)
        {
            if (upstream is null)
            {
                (upstream, var refusal) = await GetTokenAsync(approved, mayBeThere, stop);
                if (upstream is null) return refusal;
                tokens++;
            }
            // After an attempt that nobody heard the end of, what is there is looked for first.
            var result = mayBeThere ? await LookUpAsync(desk, approved, upstream.Token, sendings == 0 ? TimeSpan.Zero : options.Value.LookUpFor, stop) : new PlaceResult(PlaceOutcome.NotSent);
            if (result.Outcome == PlaceOutcome.Unclear) return new OrderOutcome(OrderOutcome.Unknown) { Reason = "no_answer" };
            if (result.Outcome == PlaceOutcome.NotSent)
            {
                if (sendings >= MostSendings) return new OrderOutcome(OrderOutcome.Unknown) { Reason = "no_answer" };
                if (Forbids(approved, upstream, mayBeThere, out var outcome)) return outcome;
                result = await desk.PlaceAsync(approved.Order, approved.ClientOrderId, upstream.Token, stop);
                // A refusal of what may be there already says nothing: some brokerages refuse an id that they know.
                if (result.Outcome == PlaceOutcome.Refused && mayBeThere && await LookUpAsync(desk, approved, upstream.Token, options.Value.LookUpFor, stop) is { Outcome: not PlaceOutcome.NotSent } found) result = found;
            }
            switch (result.Outcome)
            {
                case PlaceOutcome.Placed or PlaceOutcome.Rejected:
                    return Ended(result);
                case PlaceOutcome.Refused:
                    return new OrderOutcome(OrderOutcome.Rejected) { Reason = result.Reason };
                case PlaceOutcome.OtherOrder:
                    return new OrderOutcome(OrderOutcome.Unknown) { Reason = "other_order" };
                case PlaceOutcome.TokenRefused when tokens >= MostTokens:
                    return new OrderOutcome(mayBeThere ? OrderOutcome.Unknown : OrderOutcome.NotPlaced) { Reason = "connection_required" };
                case PlaceOutcome.TokenRefused:
                    upstream = null;
                    break;
                case PlaceOutcome.Unclear:
                    (mayBeThere, sendings) = (true, sendings + 1);
                    break;
                default:
                    // It did not go out. It may, as long as there is time.
                    await Task.Delay(result.RetryAfter is { } asked && asked > pause ? (asked < s_longestPatience ? asked : s_longestPatience) : pause, time, stop);
                    pause = pause < s_longestPause ? pause * 2 : pause;
                    break;
            }
        }
    }

    // The token is good for this order alone; it is held here and nowhere else (RC-03).
    private async Task<(OneOrderToken? Token, OrderOutcome? Refusal)> GetTokenAsync(ApprovedOrder approved, bool mayBeThere, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                using var patience = BackchannelClient.Within(BackchannelClient.Patience, stop);
                var (token, details) = await exchange.ExchangeOnceAsync(approved.Token, brokerage.Value.Connection, StockScopes.OrdersWrite, patience.Token);
                telemetry.Exchange("ok");
                return (new OneOrderToken(token, details is null ? null : StockOrderDetails.ReadSingle(details.Value), details is not null), null);
            }
            catch (Exception exception) when (exception is TradingException { Code: ErrorCode.UpstreamUnavailable or ErrorCode.UpstreamAnswerInvalid } || (exception is OperationCanceledException && !stop.IsCancellationRequested))
            {
                telemetry.Exchange("unavailable");
                if (time.GetUtcNow() >= approved.Deadline) return (null, new OrderOutcome(mayBeThere ? OrderOutcome.Unknown : OrderOutcome.NotPlaced) { Reason = mayBeThere ? "no_answer" : "deadline_passed" });
                await Task.Delay(s_pause, time, stop);
            }
            catch (TradingException exception)
            {
                var reason = exception.Code == ErrorCode.ConnectionRequired ? "connection_required" : "authorization_refused";
                telemetry.Exchange(ToolJson.NameOf(exception.Code));
                return (null, new OrderOutcome(mayBeThere ? OrderOutcome.Unknown : OrderOutcome.NotPlaced) { Reason = reason });
            }
        }
    }

    /// <summary>Whether the order must not be sent, and how it ends then; with no end, some copy looks at it again.</summary>
    private bool Forbids(ApprovedOrder approved, OneOrderToken upstream, bool mayBeThere, out OrderOutcome? outcome)
    {
        outcome = null;
        var now = time.GetUtcNow();
        if (now >= approved.Deadline)
        {
            // A request that was under way at the deadline has its time to arrive before it is said that there is none.
            var isOver = !mayBeThere || now >= approved.Deadline + brokerage.Value.Timeout;
            outcome = isOver ? new OrderOutcome(OrderOutcome.NotPlaced) { Reason = "deadline_passed" } : new OrderOutcome(OrderOutcome.Unknown) { Reason = "no_answer" };
            return true;
        }
        if (!upstream.HasDetails)
        {
            if (!options.Value.UpstreamKnowsAuthorizationDetails) return false;
            LogUnbound(approved.ShortId);
            outcome = new OrderOutcome(mayBeThere ? OrderOutcome.Unknown : OrderOutcome.NotPlaced) { Reason = "one_order_token_missing" };
            return true;
        }
        IReadOnlyList<string> differences = upstream.Order?.DifferencesFrom(approved.Order) ?? ["authorization_details"];
        if (differences.Count == 0) return false;
        var names = string.Join(", ", differences);
        LogDiffers(approved.ShortId, names);
        return true;
    }

    /// <summary>Looks for the order; an attempt that is still under way, or a brokerage that does not say, is given some time.</summary>
    /// <returns><see cref="PlaceOutcome.NotSent"/> if the brokerage said at last that it does not have it.</returns>
    private async Task<PlaceResult> LookUpAsync(OrderDesk desk, ApprovedOrder approved, UpstreamAccessToken token, TimeSpan patience, CancellationToken stop)
    {
        var started = time.GetTimestamp();
        for (var pause = TimeSpan.FromMilliseconds(100); ; pause *= 2)
        {
            var result = await desk.FindAsync(approved.Order, approved.ClientOrderId, token, stop);
            var left = (result.Outcome == PlaceOutcome.Unclear ? options.Value.LookUpFor : patience) - time.GetElapsedTime(started);
            if (result.Outcome is not (PlaceOutcome.NotSent or PlaceOutcome.Unclear) || left < pause) return result;
            await Task.Delay(pause, time, stop);
        }
    }

    private async Task ReportAsync(ApprovedOrder approved, OrderOutcome outcome, CancellationToken stop)
    {
        foreach (var pause in s_reports)
        {
            if (pause > TimeSpan.Zero) await Task.Delay(pause, time, stop);
            try
            {
                if (!await approvals.ReportAsync(approved.ApprovalId, outcome, stop)) LogConflict(approved.ShortId, outcome.Status);
                return;
            }
            catch (TradingException exception)
            {
                LogNotReported(approved.ShortId, exception.Message);
            }
        }
    }

    private static OrderOutcome Ended(PlaceResult result) => new(result.Outcome == PlaceOutcome.Placed ? OrderOutcome.Placed : OrderOutcome.Rejected)
    {
        OrderId = result.OrderId,
        OrderStatus = result.OrderStatus,
        FilledQuantity = result.FilledQuantity is { } quantity ? ToolJson.Figure(quantity) : null,
        SubmittedAt = result.SubmittedAt,
        FilledAt = result.FilledAt,
        FilledPrice = result.FilledPrice is { } price ? ToolJson.Figure(price) : null,
        Reason = result.Reason,
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "The order of approval {Approval} is {Outcome} ({Reason})")]
    private partial void LogOutcome(string approval, string outcome, string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The upstream token for approval {Approval} is for another order, and nothing is sent with it: {Differences}")]
    private partial void LogDiffers(string approval, string differences);

    [LoggerMessage(Level = LogLevel.Error, Message = "The upstream token for approval {Approval} carries no authorization details, and nothing is sent with it. If the brokerage knows none, set Orders:UpstreamKnowsAuthorizationDetails to false")]
    private partial void LogUnbound(string approval);

    [LoggerMessage(Level = LogLevel.Error, Message = "The order of approval {Approval} is {Outcome}, and the authorization server knows another end of it")]
    private partial void LogConflict(string approval, string outcome);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What became of the order of approval {Approval} could not be reported: {Reason}")]
    private partial void LogNotReported(string approval, string reason);

    private sealed class OneOrderToken(UpstreamAccessToken token, StockOrderDetails? order, bool hasDetails)
    {
        public UpstreamAccessToken Token { get; } = token;

        public StockOrderDetails? Order { get; } = order;

        public bool HasDetails { get; } = hasDetails;

        public override string ToString() => "one-order token";
    }
}
