using System.Globalization;
using System.Text.Json;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.Tools.Errors;
using StockMcp.Tools.OrderApprovals;
using StockMcp.Tools.Schemas;

namespace StockMcp.Server.Approvals;

/// <summary>A person was asked. The id to poll with never prints itself.</summary>
internal sealed class AskedApproval
{
    public required Guid ApprovalId { get; init; }

    /// <summary><see langword="null"/> if it was asked for before, and is waited for already.</summary>
    public required string? AuthReqId { get; init; }

    public required string BindingMessage { get; init; }

    public required string ApprovalUri { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public required TimeSpan Interval { get; init; }

    /// <summary>The mandate within which it is ordered: nobody is asked.</summary>
    public Guid? MandateId { get; init; }

    public override string ToString() => $"approval until {ExpiresAt:O}";
}

/// <summary>How a poll ended.</summary>
internal enum PollOutcome
{
    /// <summary>The person said yes: the token is here.</summary>
    Approved,

    /// <summary>They have not answered.</summary>
    Pending,

    /// <summary>The same, and this server asks too often.</summary>
    SlowDown,

    /// <summary>There is no yes, or another one redeemed it.</summary>
    Ended,

    /// <summary>The authorization server did not say.</summary>
    Unavailable,
}

/// <summary>What a poll gave.</summary>
internal sealed class PollAnswer(PollOutcome outcome)
{
    public PollOutcome Outcome { get; } = outcome;

    public SubjectToken? Token { get; init; }

    /// <summary>When the token, and with it the time to send the order, ends.</summary>
    public DateTimeOffset TokenEnds { get; init; }

    public Guid? ApprovalId { get; init; }

    public StockOrderDetails? Order { get; init; }

    /// <summary>Who said yes (OpenID Connect Core, section 2), where the scope openid was asked for.</summary>
    public string? IdToken { get; init; }

    /// <summary>The error's code, if it is one.</summary>
    public string? Error { get; init; }

    public override string ToString() => Outcome.ToString();
}

/// <summary>An approved order that nobody finishes: it is this copy's for 15 seconds.</summary>
internal sealed class LeasedApproval(string authReqId, ApprovalJson approval)
{
    public string AuthReqId { get; } = authReqId;

    public ApprovalJson Approval { get; } = approval;

    public override string ToString() => "lease";
}

/// <summary>What became of an approved order.</summary>
/// <param name="Status">placed, rejected, not_placed or unknown.</param>
internal sealed record OrderOutcome(string Status)
{
    public const string Placed = "placed";
    public const string Rejected = "rejected";
    public const string NotPlaced = "not_placed";
    public const string Unknown = "unknown";

    public string? OrderId { get; init; }

    public string? OrderStatus { get; init; }

    public string? FilledQuantity { get; init; }

    public string? FilledPrice { get; init; }

    public DateTimeOffset? SubmittedAt { get; init; }

    public DateTimeOffset? FilledAt { get; init; }

    public string? Reason { get; init; }
}

/// <summary>An approval as the authorization server tells of it.</summary>
internal sealed record ApprovalJson(Guid ApprovalId, string Status, string BindingMessage, string ApprovalUri, DateTimeOffset ExpiresAt, string ClientOrderId, JsonElement AuthorizationDetails)
{
    private const int LongestUri = 2048;

    public DateTimeOffset? Deadline { get; init; }

    public string? OrderId { get; init; }

    public string? OrderStatus { get; init; }

    public string? FilledQuantity { get; init; }

    public string? FilledPrice { get; init; }

    public string? Reason { get; init; }

    /// <exception cref="TradingException">It makes no sense.</exception>
    public OrderApproval Read() => new()
    {
        ApprovalId = ApprovalId,
        Status = Status switch
        {
            "pending" => ApprovalStatus.ApprovalPending,
            "approved" or "executing" => ApprovalStatus.Executing,
            "denied" => ApprovalStatus.Denied,
            "expired" => ApprovalStatus.Expired,
            "cancelled" => ApprovalStatus.Cancelled,
            OrderOutcome.Placed => ApprovalStatus.Placed,
            OrderOutcome.Rejected => ApprovalStatus.Rejected,
            OrderOutcome.NotPlaced => ApprovalStatus.NotPlaced,
            OrderOutcome.Unknown => ApprovalStatus.Unknown,
            _ => throw Invalid("its status is not known"),
        },
        BindingMessage = ForeignText.Clean(BindingMessage, 40),
        ApprovalUri = Page(ApprovalUri),
        ExpiresAt = ExpiresAt,
        ClientOrderId = ForeignText.Clean(ClientOrderId, 128),
        Order = StockOrderDetails.ReadSingle(AuthorizationDetails) ?? throw Invalid("it is of no order"),
        OrderId = OrderId is null ? null : ForeignText.Clean(OrderId, 64),
        OrderStatus = OrderStatus is null ? null : ForeignText.Clean(OrderStatus, 32),
        FilledQuantity = Figure(FilledQuantity),
        FilledPrice = Figure(FilledPrice),
        Reason = Reason is null ? null : ForeignText.Clean(Reason, 60),
    };

    /// <exception cref="TradingException">It is no page that a person may be sent to.</exception>
    public static string Page(string? uri)
        => uri is { Length: <= LongestUri } && Uri.TryCreate(uri, UriKind.Absolute, out var url) && url is { Scheme: "https" } or { Scheme: "http", IsLoopback: true } ? url.AbsoluteUri : throw Invalid("it names no page");

    public static TradingException Invalid(string why, Exception? cause = null)
        => new(ErrorCode.UpstreamAnswerInvalid, $"The authorization server's answer about the approval cannot be used: {why}.", cause);

    /// <exception cref="TradingException">It is no decimal string.</exception>
    public static decimal? Figure(string? text)
        => text is null ? null : decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var figure) ? figure : throw Invalid("a figure is none");
}

internal sealed record LeasesJson(IReadOnlyList<LeaseJson> Leases);

internal sealed record LeaseJson(string AuthReqId, ApprovalJson Approval)
{
    public override string ToString() => "lease";
}

internal sealed record LimitsJson(bool Trading, string UsedToday, string Currency)
{
    public string? LargestOrder { get; init; }

    public string? LargestDailyTotal { get; init; }

    public IReadOnlyList<string>? AllowedSymbols { get; init; }

    public IReadOnlyList<string>? DeniedSymbols { get; init; }

    public IReadOnlyList<MandateJson>? Mandates { get; init; }

    public TradingLimits Read() => new()
    {
        Trading = Trading,
        LargestOrder = ApprovalJson.Figure(LargestOrder),
        LargestDailyTotal = ApprovalJson.Figure(LargestDailyTotal),
        UsedToday = ApprovalJson.Figure(UsedToday) ?? 0,
        AllowedSymbols = AllowedSymbols is null ? null : [.. AllowedSymbols.Select(symbol => ForeignText.Clean(symbol, 12))],
        DeniedSymbols = [.. (DeniedSymbols ?? []).Select(symbol => ForeignText.Clean(symbol, 12))],
        Currency = ForeignText.Clean(Currency, 8),
        Mandates = [.. (Mandates ?? []).Select(mandate => mandate.Read())],
    };
}

internal sealed record ReceiptJson(string Receipt, string Issuer, string JwksUri)
{
    private const int LongestReceipt = 64 * 1024;

    public OrderReceipt Read()
        => Receipt.Length is > 0 and <= LongestReceipt && Receipt.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.')
            ? new(Receipt, ApprovalJson.Page(Issuer), ApprovalJson.Page(JwksUri)) : throw ApprovalJson.Invalid("it is no receipt");
}

internal sealed record MandateJson(MandateTermsJson Terms, string LeftToday, string Left)
{
    public TradingMandate Read() => new()
    {
        MandateId = ForeignText.Clean(Terms.MandateId, 36),
        Symbols = [.. Terms.Symbols.Select(symbol => ForeignText.Clean(symbol, 12))],
        Sides = [.. Terms.Sides.Select(side => ForeignText.Clean(side, 4))],
        Accounts = Terms.Accounts is null ? null : [.. Terms.Accounts.Select(account => ForeignText.Clean(account, 64))],
        LargestOrder = ApprovalJson.Figure(Terms.LargestOrder) ?? 0,
        DailyBudget = ApprovalJson.Figure(Terms.DailyBudget) ?? 0,
        Budget = ApprovalJson.Figure(Terms.Budget) ?? 0,
        HighestPrice = ApprovalJson.Figure(Terms.HighestPrice),
        LowestPrice = ApprovalJson.Figure(Terms.LowestPrice),
        LeftToday = ApprovalJson.Figure(LeftToday) ?? 0,
        Left = ApprovalJson.Figure(Left) ?? 0,
        ExpiresAt = Terms.ExpiresAt,
    };
}

internal sealed record MandateTermsJson(string MandateId, IReadOnlyList<string> Symbols, IReadOnlyList<string> Sides, string LargestOrder, string DailyBudget, string Budget, DateTimeOffset ExpiresAt)
{
    public IReadOnlyList<string>? Accounts { get; init; }

    public string? HighestPrice { get; init; }

    public string? LowestPrice { get; init; }
}

internal static class ApprovalsJson
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
        MaxDepth = 16,
    };
}
