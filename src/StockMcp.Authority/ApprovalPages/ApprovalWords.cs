using StockMcp.Authority.Approvals;

namespace StockMcp.Authority.ApprovalPages;

/// <summary>States and reasons in words.</summary>
internal static class ApprovalWords
{
    /// <summary>A state in a word or two.</summary>
    public static string Of(ApprovalState state) => state switch
    {
        ApprovalState.Pending => "waiting for you",
        ApprovalState.Approved => "approved",
        ApprovalState.Denied => "denied",
        ApprovalState.Expired => "expired",
        ApprovalState.Cancelled => "taken back",
        ApprovalState.Executing => "being placed",
        ApprovalState.Placed => "placed",
        ApprovalState.Rejected => "refused by the broker",
        ApprovalState.NotPlaced => "not placed",
        _ => "being looked up",
    };

    /// <summary>What has become of it, in a sentence: above all, whether money may have moved.</summary>
    /// <param name="state">Where it is.</param>
    /// <param name="mandate">Whether it was ordered within a mandate, without asking.</param>
    public static string Sentence(ApprovalState state, bool mandate = false) => state switch
    {
        ApprovalState.Approved when mandate => "This lies within your mandate. The order is about to be placed.",
        ApprovalState.Executing when mandate => "This lies within your mandate. The order is being placed.",
        ApprovalState.Cancelled when mandate => "It was taken back before it went out. Nothing was placed.",
        ApprovalState.Expired when mandate => "Nobody came to place it. Nothing was placed.",
        ApprovalState.Approved => "You approved this. The order is about to be placed.",
        ApprovalState.Denied => "You said no. Nothing was placed.",
        ApprovalState.Expired => "The time to decide is over. Nothing was placed.",
        ApprovalState.Cancelled => "You took your approval back. Nothing was placed.",
        ApprovalState.Executing => "You approved this. The order is being placed.",
        ApprovalState.Placed => "The order was placed.",
        ApprovalState.Rejected => "The broker refused the order. Nothing was bought or sold.",
        ApprovalState.NotPlaced => "The order was not placed, and will not be.",
        ApprovalState.Unknown => "It is not known yet whether the order was placed. It is being looked up; look at your orders at the broker if this stays so.",
        _ => "",
    };

    /// <summary>The class of a state's mark.</summary>
    public static string ClassOf(ApprovalState state) => state switch
    {
        ApprovalState.Pending => "state wait",
        ApprovalState.Approved or ApprovalState.Executing or ApprovalState.Placed => "state on",
        ApprovalState.Unknown or ApprovalState.Rejected => "state off",
        _ => "state",
    };

    /// <summary>A reason's code in words; the code itself if it has none.</summary>
    public static string OfReason(string code) => code switch
    {
        "price_beyond_bound" => "The price had gone beyond what you approved.",
        "insufficient_buying_power" => "The account had not enough buying power.",
        "insufficient_quantity" => "The account did not hold that many shares free to sell.",
        "day_trading_protection" => "Your broker's protection for pattern day traders did not allow it.",
        "wash_trade" => "You have an open order on the other side, and your broker takes no trade with yourself.",
        "mandate_ended" => "The mandate had ended before the order went out.",
        "agent_signed_out" => "The agent was signed out before the order went out.",
        "trading_off" => "You had switched off trading by agents.",
        "largest_order" => "Your limit for one order did not allow it any more.",
        "largest_daily_total" => "Your limit for a day did not allow it any more.",
        "symbol_not_allowed" => "Your limits did not allow the symbol any more.",
        _ => code,
    };

    /// <summary>A span of time as people say it.</summary>
    public static string Of(TimeSpan left) => left.TotalSeconds < 60 ? $"{Math.Max(0, (int)left.TotalSeconds)} s" : $"{(int)left.TotalMinutes} min {left.Seconds} s";
}
