namespace StockMcp.Authority.WebPush;

/// <summary>The setting <c>WebPush</c>.</summary>
internal sealed record WebPushOptions
{
    public const string Section = "WebPush";

    /// <summary>Whom push services may write to about our notifications (RFC 8292, section 2.1): a <c>mailto:</c> or <c>https:</c> URL. The public URL unless set.</summary>
    public string? Contact { get; init; }

    /// <summary>For development: a push service may be on this computer, also over plain http. Refused in Production; false unless set.</summary>
    public bool AllowLoopback { get; init; }
}
