using System.ComponentModel.DataAnnotations;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using StockMcp.Tools.Errors;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.Scopes;
using StockMcp.Tools.TradingApi;

namespace StockMcp.Tools.Portfolio;

/// <summary>What the person owns.</summary>
internal sealed partial class PortfolioTools(TradingClient trading)
{
    /// <summary>The person's account: cash, buying power, what it is worth and how that changed today. Amounts are decimal strings in the account's currency.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    [McpServerTool(Name = "get_account", Title = "Get account", ReadOnly = true, Destructive = false, Idempotent = true, OpenWorld = true, UseStructuredContent = true, OutputSchemaType = typeof(AccountInfo)), RequiresScope(StockScopes.PortfolioRead)]
    public async partial Task<CallToolResult> GetAccountAsync(CancellationToken cancellationToken = default)
    {
        var account = await trading.GetAccountAsync(cancellationToken);
        var answer = new AccountInfo
        {
            AccountNumber = ForeignText.Clean(account.AccountNumber, 40),
            Status = ForeignText.Clean(account.Status, 40).ToLowerInvariant(),
            Currency = ForeignText.Clean(account.Currency, 8),
            Cash = account.Cash,
            BuyingPower = account.BuyingPower,
            Equity = account.Equity,
            DayChange = account.Equity - account.LastEquity,
            DayChangePercent = Percent(account.Equity - account.LastEquity, account.LastEquity),
            TradingBlocked = account.TradingBlocked || account.AccountBlocked || account.TradeSuspendedByUser,
        };
        return StockToolsExtensions.Result(answer, $"Account {answer.AccountNumber}: equity {Money(answer.Equity)} {answer.Currency} ({answer.DayChange:+0.00;-0.00;0.00} today), cash {Money(answer.Cash)}, buying power {Money(answer.BuyingPower)}{(answer.TradingBlocked ? "; trading is blocked" : "")}.");
    }

    /// <summary>
    /// The person's portfolio: every position with its profit or loss, today's and in all, and what the account is worth. Amounts and quantities are decimal strings, times are UTC.
    /// </summary>
    /// <param name="include_history">Whether to add what the account was worth over time.</param>
    /// <param name="history_days">How many days the history looks back, 1 to 365: hourly up to 7 days, daily beyond.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [McpServerTool(Name = "get_portfolio", Title = "Get portfolio", ReadOnly = true, Destructive = false, Idempotent = true, OpenWorld = true, UseStructuredContent = true, OutputSchemaType = typeof(PortfolioInfo)), RequiresScope(StockScopes.PortfolioRead)]
    public async partial Task<CallToolResult> GetPortfolioAsync(bool include_history = false, [Range(1, 365)] int history_days = 30, CancellationToken cancellationToken = default)
    {
        var (account, positions, clock) = (trading.GetAccountAsync(cancellationToken), trading.ListPositionsAsync(cancellationToken), trading.GetClockAsync(cancellationToken));
        var history = include_history ? trading.GetPortfolioHistoryAsync(history_days, cancellationToken) : null;
        await Task.WhenAll([account, positions, clock, .. history is null ? Array.Empty<Task>() : [history]]);

        var (owner, now) = (await account, await clock);
        var answer = new PortfolioInfo
        {
            Currency = ForeignText.Clean(owner.Currency, 8),
            Equity = owner.Equity,
            Cash = owner.Cash,
            BuyingPower = owner.BuyingPower,
            DayChange = owner.Equity - owner.LastEquity,
            DayChangePercent = Percent(owner.Equity - owner.LastEquity, owner.LastEquity),
            UnrealizedProfit = (await positions).Sum(position => position.UnrealizedPl),
            Positions = [.. (await positions).OrderBy(position => position.Symbol, StringComparer.Ordinal).Select(Position)],
            PricesAsOf = now.Timestamp,
            MarketOpen = now.IsOpen,
            History = history is null ? null : Points(await history),
        };
        return StockToolsExtensions.Result(answer, Text(answer));
    }

    private static PositionInfo Position(PositionAnswer position) => new()
    {
        Symbol = ForeignText.Clean(position.Symbol, 12),
        Quantity = position.Qty,
        QuantityAvailable = position.QtyAvailable ?? position.Qty,
        AverageEntryPrice = position.AvgEntryPrice,
        CurrentPrice = position.CurrentPrice,
        MarketValue = position.MarketValue,
        CostBasis = position.CostBasis,
        UnrealizedProfit = position.UnrealizedPl,
        UnrealizedProfitPercent = decimal.Round(100 * position.UnrealizedPlpc, 2),
        DayProfit = position.UnrealizedIntradayPl,
        DayProfitPercent = decimal.Round(100 * position.UnrealizedIntradayPlpc, 2),
    };

    private static List<PortfolioPoint> Points(PortfolioHistoryAnswer history)
    {
        if (history.Timestamp.Count != history.Equity.Count || history.Timestamp.Count != history.ProfitLoss.Count || history.Timestamp.Any(second => second is < 0 or > 10_000_000_000))
            throw new TradingException(ErrorCode.UpstreamAnswerInvalid, "The brokerage's answer cannot be used: its history does not fit together. Nothing of it is passed on.");
        return [.. history.Timestamp.Zip(history.Equity, history.ProfitLoss).Where(point => point.Second is not null)
            .Select(point => new PortfolioPoint { Time = DateTimeOffset.FromUnixTimeSeconds(point.First), Equity = point.Second!.Value, Profit = point.Third })];
    }

    private static string Text(PortfolioInfo portfolio)
    {
        var lines = portfolio.Positions.Select(position => $"{ToolJson.Figure(position.Quantity)} {position.Symbol} worth {Money(position.MarketValue)} ({position.UnrealizedProfit:+0.00;-0.00;0.00} in all, {position.DayProfit:+0.00;-0.00;0.00} today)");
        return $"Equity {Money(portfolio.Equity)} {portfolio.Currency} ({portfolio.DayChange:+0.00;-0.00;0.00} today), cash {Money(portfolio.Cash)}, buying power {Money(portfolio.BuyingPower)}. "
            + (portfolio.Positions.Count == 0 ? "No positions." : "Positions: " + string.Join("; ", lines) + ".")
            + $" Prices of {ToolJson.Time(portfolio.PricesAsOf)}{(portfolio.MarketOpen ? "" : ", market closed")}.";
    }

    private static decimal? Percent(decimal part, decimal whole) => whole == 0 ? null : decimal.Round(100 * part / whole, 2);

    private static string Money(decimal amount) => ToolJson.Figure(decimal.Round(amount, 2));
}
