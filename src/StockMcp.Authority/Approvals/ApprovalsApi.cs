using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using OpenIddict.Abstractions;
using StockMcp.Authority.Mandates;
using StockMcp.Authority.TradingLimits;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Approvals;

/// <summary>
/// What an MCP server needs beside the backchannel of the standard: how an approval stands, what a worker left unfinished, how it ended, and the person's bounds
/// (docs/decisions/0021). Nothing here can approve.
/// </summary>
internal static class ApprovalsApi
{
    private const int MostLeases = 10;
    private const int LongestWait = 25;
    private const int LongestText = 200;
    // Should a change be missed.
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromSeconds(5);

    /// <summary>An approval of this person with this agent. With <c>known</c> it waits until the status is another one.</summary>
    public static async Task<Results<Ok<ApprovalAnswer>, NotFound<Problem>>> ReadAsync(
        Guid id, string? sub, string? client_id, string? known, int? wait, HttpContext context, ApprovalStore approvals, ApprovalSignals signals, PublicUrl publicUrl, TimeProvider time, CancellationToken cancellationToken)
    {
        using var subscription = signals.Subscribe(id);
        for (var until = time.GetUtcNow() + TimeSpan.FromSeconds(known is null ? 0 : Math.Clamp(wait ?? 0, 0, LongestWait)); ;)
        {
            // Somebody else's answers exactly like one that does not exist.
            if (await approvals.FindAsync(id, cancellationToken) is not { } approval || approval.ClientId != Client(context) || approval.PersonId.ToString() != sub || approval.AgentId != client_id)
                return TypedResults.NotFound(new Problem("not_found", "There is no such approval of this person with this agent."));
            var answer = ApprovalAnswer.From(approval, publicUrl, time);
            if (answer.Status != known || time.GetUtcNow() >= until) return TypedResults.Ok(answer);
            var left = (until < approval.ExpiresAt || approval.State != ApprovalState.Pending ? until : approval.ExpiresAt) - time.GetUtcNow();
            await subscription.WaitAsync(left < s_lookAgain ? left : s_lookAgain, time, cancellationToken);
        }
    }

    /// <summary>Hands out what nobody works on.</summary>
    public static async Task<Ok<LeaseList>> LeaseAsync(HttpContext context, ApprovalStore approvals, PublicUrl publicUrl, TimeProvider time, CancellationToken cancellationToken)
        => TypedResults.Ok(new LeaseList([.. (await approvals.TakeLeasesAsync(Client(context), MostLeases, cancellationToken)).Select(lease => new LeaseAnswer(lease.AuthReqId, ApprovalAnswer.From(lease.Approval, publicUrl, time)))]));

    /// <summary>Takes down how it ended.</summary>
    public static async Task<Results<NoContent, JsonHttpResult<Problem>>> ReportAsync(Guid id, OutcomeBody body, HttpContext context, ApprovalStore approvals, CancellationToken cancellationToken)
    {
        ApprovalState? state = body.Status switch { "placed" => ApprovalState.Placed, "rejected" => ApprovalState.Rejected, "not_placed" => ApprovalState.NotPlaced, "unknown" => ApprovalState.Unknown, _ => null };
        if (state is not { } ended) return Refuse("status must be one of: placed, rejected, not_placed, unknown.");
        if (new[] { body.OrderId, body.OrderStatus, body.FilledQuantity, body.FilledPrice, body.Reason }.Any(text => text?.Length > LongestText)) return Refuse($"No member may be longer than {LongestText} characters.");
        if (ended == ApprovalState.Placed && body.OrderId is not { Length: > 0 }) return Refuse("order_id is required when the order is placed.");
        return await approvals.ReportAsync(Client(context), id, new ReportedOutcome(ended, Clean(body.OrderId), Clean(body.OrderStatus), Clean(body.FilledQuantity), Clean(body.FilledPrice), Clean(body.Reason), body.SubmittedAt, body.FilledAt), cancellationToken)
            ? TypedResults.NoContent()
            : TypedResults.Json(new Problem("conflict", "There is no such approval of this client, it was not used, or it ended otherwise."), statusCode: StatusCodes.Status409Conflict);
    }

    /// <summary>A person's bounds, and what of them is used up today; with an agent, also the mandates within which it may order for them.</summary>
    public static async Task<Results<Ok<LimitsAnswer>, JsonHttpResult<Problem>>> LimitsAsync(string? sub, string? client_id, TradingLimitStore limits, MandateStore mandates, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(sub, out var personId)) return Refuse("sub must be a person's.");
        var limit = await limits.ReadAsync(personId, cancellationToken);
        return TypedResults.Ok(new LimitsAnswer(limit.Trading, Usd(limit.LargestOrder), Usd(limit.LargestDailyTotal), Usd(await limits.UsedTodayAsync(personId, cancellationToken))!, limit.Allowed.Count > 0 ? limit.Allowed : null, limit.Denied, "USD")
        {
            Mandates = client_id is null ? null : [.. (await mandates.ListGoodAsync(personId, client_id, cancellationToken)).Select(mandate => new MandateAnswer(JsonSerializer.Deserialize<JsonElement>(mandate.Details), Usd(mandate.LeftOn(Mandate.DayOf(time.GetUtcNow())))!, Usd(mandate.Left)!))],
        });
    }

    private static string? Usd(decimal? amount) => amount?.ToString("0.00", CultureInfo.InvariantCulture);

    private static string? Clean(string? text) => text is null ? null : VisibleText.Of(text);

    private static string Client(HttpContext context) => context.User.GetClaim(Claims.ClientId)!;

    private static JsonHttpResult<Problem> Refuse(string why) => TypedResults.Json(new Problem(Errors.InvalidRequest, why), statusCode: StatusCodes.Status400BadRequest);

    internal sealed record Problem([property: JsonPropertyName("error")] string Error, [property: JsonPropertyName("error_description")] string Description);

    internal sealed record ReceiptAnswer([property: JsonPropertyName("receipt")] string Receipt, [property: JsonPropertyName("issuer")] string Issuer, [property: JsonPropertyName("jwks_uri")] string JwksUri);

    internal sealed record LeaseList([property: JsonPropertyName("leases")] IReadOnlyList<LeaseAnswer> Leases);

    internal sealed record LeaseAnswer([property: JsonPropertyName("auth_req_id")] string AuthReqId, [property: JsonPropertyName("approval")] ApprovalAnswer Approval)
    {
        public override string ToString() => nameof(LeaseAnswer);
    }

    internal sealed record OutcomeBody(
        [property: JsonPropertyName("status")] string? Status,
        [property: JsonPropertyName("order_id")] string? OrderId,
        [property: JsonPropertyName("order_status")] string? OrderStatus,
        [property: JsonPropertyName("filled_quantity")] string? FilledQuantity,
        [property: JsonPropertyName("filled_price")] string? FilledPrice,
        [property: JsonPropertyName("reason")] string? Reason,
        [property: JsonPropertyName("submitted_at")] DateTimeOffset? SubmittedAt,
        [property: JsonPropertyName("filled_at")] DateTimeOffset? FilledAt);

    internal sealed record LimitsAnswer(
        [property: JsonPropertyName("trading")] bool Trading,
        [property: JsonPropertyName("largest_order")] string? LargestOrder,
        [property: JsonPropertyName("largest_daily_total")] string? LargestDailyTotal,
        [property: JsonPropertyName("used_today")] string UsedToday,
        [property: JsonPropertyName("allowed_symbols")] IReadOnlyList<string>? AllowedSymbols,
        [property: JsonPropertyName("denied_symbols")] IReadOnlyList<string> DeniedSymbols,
        [property: JsonPropertyName("currency")] string Currency)
    {
        [JsonPropertyName("mandates"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public IReadOnlyList<MandateAnswer>? Mandates { get; init; }
    }

    internal sealed record MandateAnswer([property: JsonPropertyName("terms")] JsonElement Terms, [property: JsonPropertyName("left_today")] string LeftToday, [property: JsonPropertyName("left")] string Left);
}

/// <summary>An approval as the API shows it.</summary>
internal sealed record ApprovalAnswer
{
    [JsonPropertyName("approval_id")] public required Guid ApprovalId { get; init; }

    [JsonPropertyName("status")] public required string Status { get; init; }

    [JsonPropertyName("binding_message")] public required string BindingMessage { get; init; }

    [JsonPropertyName("approval_uri")] public required string ApprovalUri { get; init; }

    [JsonPropertyName("requested_at")] public required DateTimeOffset RequestedAt { get; init; }

    [JsonPropertyName("expires_at")] public required DateTimeOffset ExpiresAt { get; init; }

    [JsonPropertyName("decided_at"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public DateTimeOffset? DecidedAt { get; init; }

    [JsonPropertyName("client_order_id")] public required string ClientOrderId { get; init; }

    [JsonPropertyName("authorization_details")] public required JsonElement AuthorizationDetails { get; init; }

    [JsonPropertyName("client_id")] public required string AgentId { get; init; }

    [JsonPropertyName("deadline"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public DateTimeOffset? Deadline { get; init; }

    [JsonPropertyName("order_id"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? OrderId { get; init; }

    [JsonPropertyName("order_status"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? OrderStatus { get; init; }

    [JsonPropertyName("filled_quantity"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? FilledQuantity { get; init; }

    [JsonPropertyName("filled_price"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? FilledPrice { get; init; }

    [JsonPropertyName("reason"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Reason { get; init; }

    public static ApprovalAnswer From(Approval approval, PublicUrl publicUrl, TimeProvider time) => new()
    {
        ApprovalId = approval.Id,
        // Its time is over a moment before that is written down.
        Status = JsonNamingPolicy.SnakeCaseLower.ConvertName((approval.State == ApprovalState.Pending && approval.ExpiresAt <= time.GetUtcNow() ? ApprovalState.Expired : approval.State).ToString()),
        BindingMessage = approval.BindingMessage,
        ApprovalUri = publicUrl.At(ApprovalExtensions.PageOf(approval.Id)),
        RequestedAt = approval.RequestedAt,
        ExpiresAt = approval.ExpiresAt,
        DecidedAt = approval.DecidedAt,
        ClientOrderId = approval.ClientOrderId,
        AuthorizationDetails = JsonSerializer.Deserialize<JsonElement>(approval.Details),
        AgentId = approval.AgentId,
        Deadline = approval.Deadline,
        OrderId = approval.OrderId,
        OrderStatus = approval.OrderStatus,
        FilledQuantity = approval.FilledQuantity,
        FilledPrice = approval.FilledPrice,
        Reason = approval.Reason,
    };
}
