using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.Scopes;

namespace StockMcp.Tools.OrderApprovals;

/// <summary>What the person allows their agents to spend.</summary>
internal sealed partial class TradingLimitsTool(IOrderApprovals approvals)
{
    /// <summary>The limits that the person set for orders of their agents, and how much of today's is used. place_order is refused beyond them; cancel_order never is. Only the person changes them, on their own page.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    [McpServerTool(Name = "get_trading_limits", Title = "Get trading limits", ReadOnly = true, Destructive = false, Idempotent = true, OpenWorld = true, UseStructuredContent = true, OutputSchemaType = typeof(TradingLimitsInfo)), RequiresScope(StockScopes.OrdersWrite)]
    public async partial Task<CallToolResult> GetTradingLimitsAsync(CancellationToken cancellationToken = default)
    {
        var limits = await approvals.GetLimitsAsync(cancellationToken);
        var answer = new TradingLimitsInfo
        {
            Trading = limits.Trading,
            LargestOrder = limits.LargestOrder,
            LargestDailyTotal = limits.LargestDailyTotal,
            UsedToday = limits.UsedToday,
            LeftToday = limits.LargestDailyTotal is { } largest ? Math.Max(0, largest - limits.UsedToday) : null,
            AllowedSymbols = limits.AllowedSymbols,
            DeniedSymbols = limits.DeniedSymbols,
            Currency = limits.Currency,
        };
        var text = !answer.Trading ? "The person switched trading by agents off."
            : $"An order may cost {(answer.LargestOrder is { } order ? $"at most {ToolJson.Figure(order)} {answer.Currency}" : "anything")}; "
                + (answer.LeftToday is { } left ? $"today {ToolJson.Figure(left)} of {ToolJson.Figure(answer.LargestDailyTotal!.Value)} {answer.Currency} are left. " : $"there is no limit for a day, {ToolJson.Figure(answer.UsedToday)} {answer.Currency} used today. ")
                + (answer.AllowedSymbols is { } allowed ? $"Only {string.Join(", ", allowed.Take(50))} may be traded. " : "")
                + (answer.DeniedSymbols.Count > 0 ? $"{string.Join(", ", answer.DeniedSymbols.Take(50))} may not be traded." : "");
        return StockToolsExtensions.Result(answer, text.TrimEnd());
    }
}
