using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.Scopes;

namespace StockMcp.Tools.OrderApprovals;

/// <summary>What the person allows their agents to spend.</summary>
internal sealed partial class TradingLimitsTool(IOrderApprovals approvals)
{
    /// <summary>The limits that the person set for orders of their agents, how much of today's is used, and the mandates within which this agent places orders without asking. place_order is refused beyond them; cancel_order never is. Only the person changes them, on their own page.</summary>
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
            Mandates = limits.Mandates.Count == 0 ? null : [.. limits.Mandates.Select(mandate => new TradingMandateInfo
            {
                MandateId = mandate.MandateId,
                Symbols = mandate.Symbols,
                Sides = mandate.Sides,
                Accounts = mandate.Accounts,
                LargestOrder = mandate.LargestOrder,
                DailyBudget = mandate.DailyBudget,
                Budget = mandate.Budget,
                HighestPrice = mandate.HighestPrice,
                LowestPrice = mandate.LowestPrice,
                LeftToday = mandate.LeftToday,
                Left = mandate.Left,
                ExpiresAt = mandate.ExpiresAt,
            })],
        };
        var text = !answer.Trading ? "The person switched trading by agents off."
            : $"An order may cost {(answer.LargestOrder is { } order ? $"at most {ToolJson.Figure(order)} {answer.Currency}" : "anything")}; "
                + (answer.LeftToday is { } left ? $"today {ToolJson.Figure(left)} of {ToolJson.Figure(answer.LargestDailyTotal!.Value)} {answer.Currency} are left. " : $"there is no limit for a day, {ToolJson.Figure(answer.UsedToday)} {answer.Currency} used today. ")
                + (answer.AllowedSymbols is { } allowed ? $"Only {string.Join(", ", allowed.Take(50))} may be traded. " : "")
                + (answer.DeniedSymbols.Count > 0 ? $"{string.Join(", ", answer.DeniedSymbols.Take(50))} may not be traded. " : "")
                + string.Join(" ", (answer.Mandates ?? []).Select(mandate => $"Without asking: {string.Join(" and ", mandate.Sides)} {string.Join(", ", mandate.Symbols)}, one order at most {ToolJson.Figure(mandate.LargestOrder)}, {ToolJson.Figure(mandate.LeftToday)} left today, {ToolJson.Figure(mandate.Left)} {answer.Currency} in all."));
        return StockToolsExtensions.Result(answer, text.TrimEnd());
    }
}
