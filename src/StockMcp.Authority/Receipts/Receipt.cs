using System.Text.Json;
using System.Text.Json.Serialization;

namespace StockMcp.Authority.Receipts;

/// <summary>What a receipt says: the claims of its JWS. Names are stable.</summary>
internal sealed record Receipt
{
    /// <summary>The header <c>typ</c>: no resource server takes it for an access token (RFC 8725, section 3.11).</summary>
    public const string Type = "stock-receipt+jwt";

    [JsonPropertyName("iss")] public required string Issuer { get; init; }

    [JsonPropertyName("iat")] public required long IssuedAt { get; init; }

    [JsonPropertyName("jti")] public required string Id { get; init; }

    [JsonPropertyName("sub")] public required string Subject { get; init; }

    [JsonPropertyName("client_id")] public required string ClientId { get; init; }

    [JsonPropertyName("allowed_by")] public required ReceiptGround AllowedBy { get; init; }

    [JsonPropertyName("authorization_details")] public required JsonElement AuthorizationDetails { get; init; }

    [JsonPropertyName("order")] public required ReceiptOrder Order { get; init; }

    [JsonPropertyName("audit")] public required ReceiptAudit Audit { get; init; }
}

/// <summary>What the order rests on.</summary>
/// <param name="Kind"><c>approval</c>: the person said yes to this order. <c>mandate</c>: it lies within bounds that they set.</param>
/// <param name="Id">Of the approval, or of the mandate.</param>
/// <param name="RequestedAt">When the agent asked.</param>
/// <param name="At">When the person said yes; within a mandate, when the amount was taken off it.</param>
internal sealed record ReceiptGround(
    [property: JsonPropertyName("type")] string Kind,
    [property: JsonPropertyName("id")] Guid Id,
    [property: JsonPropertyName("requested_at")] DateTimeOffset RequestedAt,
    [property: JsonPropertyName("at")] DateTimeOffset At);

/// <summary>What the broker answered. It is where the order stood then.</summary>
internal sealed record ReceiptOrder
{
    [JsonPropertyName("id")] public required string Id { get; init; }

    [JsonPropertyName("client_order_id")] public required string ClientOrderId { get; init; }

    [JsonPropertyName("status"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Status { get; init; }

    [JsonPropertyName("submitted_at"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public DateTimeOffset? SubmittedAt { get; init; }

    [JsonPropertyName("filled_at"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public DateTimeOffset? FilledAt { get; init; }

    [JsonPropertyName("filled_quantity"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? FilledQuantity { get; init; }

    [JsonPropertyName("filled_price"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? FilledPrice { get; init; }
}

/// <summary>The order's line in the audit log.</summary>
/// <param name="Seq">Its number.</param>
/// <param name="Hash">Its keyed hash, which chains it to all lines before it: base64url. Who keeps the log can tell whether it is still the same.</param>
/// <param name="Time">When it was written: the broker had answered.</param>
internal sealed record ReceiptAudit(
    [property: JsonPropertyName("seq")] long Seq,
    [property: JsonPropertyName("hash")] string Hash,
    [property: JsonPropertyName("time")] DateTimeOffset Time);
