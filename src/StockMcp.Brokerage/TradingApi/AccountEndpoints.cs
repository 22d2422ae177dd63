using System.Globalization;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.TradingApi;

/// <summary><c>/v2/account</c> and <c>/v2/account/portfolio/history</c>.</summary>
internal static class AccountEndpoints
{
    public static void MapAccount(this IEndpointRouteBuilder routes)
    {
        var account = routes.MapAlpacaGroup(Policies.AccountRead);
        account.MapGet("/account", async (HttpContext context, TradingDesk desk, CancellationToken cancellationToken)
            => AlpacaJson.Result(new AccountAnswer(await desk.GetAccountAsync(context.UserId(), cancellationToken))));
        account.MapGet("/account/portfolio/history", HistoryAsync);
    }

    private static async Task<IResult> HistoryAsync(HttpContext context, TradingDesk desk, TimeProvider clock, CancellationToken cancellationToken)
    {
        var query = new QueryValues(context.Request.Query, AlpacaException.Field);
        var (end, start) = (query.Time("end") ?? query.Time("date_end") ?? clock.GetUtcNow(), query.Time("start"));
        if (start is not null && query.Text("period") is not null && query.Text("end") is not null) throw AlpacaException.Field("only two of start, end and period may be given");
        var from = start ?? Back(end, query.Text("period") ?? "1M");
        if (from > end) throw AlpacaException.Field("start must not be after end");

        var days = (end - from).TotalDays;
        var name = query.OneOf("timeframe", days <= 1.5 ? "5Min" : days <= 31 ? "1H" : "1D", "1Min", "5Min", "15Min", "1H", "1D");
        if ((name, days) is ("1Min", > 8) or ("5Min" or "15Min" or "1H", > 31)) throw AlpacaException.Field($"timeframe {name} is allowed for at most {(name == "1Min" ? "7 days" : "30 days")}");
        var timeframe = name switch { "1H" => BarTimeframe.Hour, "1D" => BarTimeframe.Day, _ => new BarTimeframe(int.Parse(name.AsSpan(0, name.Length - 3), CultureInfo.InvariantCulture), BarUnit.Minute) };

        var history = await desk.PortfolioHistoryAsync(context.UserId(), timeframe, from, end, cancellationToken);
        return AlpacaJson.Result(new
        {
            Timestamp = history.Points.Select(point => point.Start.ToUnixTimeSeconds()),
            Equity = history.Points.Select(point => decimal.Round(point.Equity, 2)),
            ProfitLoss = history.Points.Select(point => decimal.Round(point.Profit, 2)),
            ProfitLossPct = history.Points.Select(point => point.ProfitRatio),
            BaseValue = decimal.Round(history.BaseValue, 2),
            BaseValueAsof = AlpacaJson.Date(MarketHours.DateInNewYork(from)),
            Timeframe = name,
            Cashflow = new { },
        });
    }

    // A number and D, W, M or A, for days, weeks, months and years.
    private static DateTimeOffset Back(DateTimeOffset end, string period)
    {
        if (period.Length is >= 2 and <= 4 && int.TryParse(period.AsSpan(0, period.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0)
        {
            var start = period[^1] switch
            {
                'D' => end.AddDays(-count),
                'W' => end.AddDays(-7 * count),
                'M' => end.AddMonths(-count),
                'A' => end.AddMonths(-12 * Math.Min(count, 100)),
                _ => (DateTimeOffset?)null,
            };
            if (start is { } found) return found;
        }
        throw AlpacaException.Field("period must be a number and D, W, M or A, for example 1M");
    }

    // Without margin, short selling or options, those fields are zero or false.
    private sealed class AccountAnswer(AccountSummary account)
    {
        public Guid Id => account.Id;
        public string AccountNumber => account.Number;
        public string Status { get; } = "ACTIVE";
        public string CryptoStatus { get; } = "INACTIVE";
        public string Currency { get; } = "USD";
        public string BuyingPower => AlpacaJson.Figure(account.BuyingPower);
        public string RegtBuyingPower => BuyingPower;
        public string DaytradingBuyingPower { get; } = "0";
        public string EffectiveBuyingPower => BuyingPower;
        public string NonMarginableBuyingPower => BuyingPower;
        public string OptionsBuyingPower { get; } = "0";
        public string Cash => AlpacaJson.Figure(account.Cash);
        public string AccruedFees { get; } = "0";
        public string PendingTransferIn { get; } = "0";
        public string PendingTransferOut { get; } = "0";
        public string PendingRegTafFees { get; } = "0";
        public string IntradayAdjustments { get; } = "0";
        public string PortfolioValue => Equity;
        public string Equity => AlpacaJson.Figure(account.Equity);
        public string LastEquity => AlpacaJson.Figure(account.LastEquity);
        public string BalanceAsof => AlpacaJson.Date(account.LastTradingDay);
        public string LongMarketValue => AlpacaJson.Figure(account.LongMarketValue);
        public string ShortMarketValue { get; } = "0";
        public string PositionMarketValue => LongMarketValue;
        public string InitialMargin { get; } = "0";
        public string MaintenanceMargin { get; } = "0";
        public string LastMaintenanceMargin { get; } = "0";
        public string Sma { get; } = "0";
        public string Multiplier { get; } = "1";
        public int DaytradeCount { get; }
        public bool PatternDayTrader { get; }
        public bool TradingBlocked { get; }
        public bool TransfersBlocked { get; }
        public bool AccountBlocked { get; }
        public bool TradeSuspendedByUser { get; }
        public bool ShortingEnabled { get; }
        public int OptionsApprovedLevel { get; }
        public int OptionsTradingLevel { get; }
        public string CreatedAt => AlpacaJson.Time(account.OpenedAt);
    }
}
