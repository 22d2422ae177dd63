using System.Globalization;
using StockMcp.Brokerage.Market;

namespace StockMcp.Brokerage.TradingApi;

/// <summary><c>/v2/clock</c> and <c>/v2/calendar</c>: when the market is open. Open to everybody.</summary>
internal static class HoursEndpoints
{
    private const int LongestCalendar = 3700;

    public static void MapHours(this IEndpointRouteBuilder routes)
    {
        var hours = routes.MapAlpacaGroup(Policies.PublicData);
        hours.MapGet("/clock", (StockMarket market) =>
        {
            var clock = market.Clock();
            return AlpacaJson.Result(new
            {
                Timestamp = AlpacaJson.TimeInNewYork(clock.Now),
                clock.IsOpen,
                NextOpen = AlpacaJson.TimeInNewYork(clock.NextOpen),
                NextClose = AlpacaJson.TimeInNewYork(clock.NextClose),
                clock.AlwaysOpen, // ours: this market need not close
            });
        });
        hours.MapGet("/calendar", (HttpContext context, StockMarket market, TimeProvider time) =>
        {
            var query = new QueryValues(context.Request.Query, AlpacaException.Field);
            var today = MarketHours.DateInNewYork(time.GetUtcNow());
            var start = Day(query, "start") ?? new DateOnly(today.Year, 1, 1);
            var end = Day(query, "end") ?? new DateOnly(today.Year + 1, 12, 31);
            var settlement = query.OneOf("date_type", "TRADING", "TRADING", "SETTLEMENT") == "SETTLEMENT";
            if (end < start) throw AlpacaException.Field("end must not be before start");
            if (end.DayNumber - start.DayNumber > LongestCalendar) throw AlpacaException.Field("start and end must lie at most 10 years apart");
            // What settles in a span was traded up to a long weekend before it.
            var days = Enumerable.Range(start.DayNumber - 4, end.DayNumber - start.DayNumber + 5).Select(DateOnly.FromDayNumber).Select(market.Hours.On).OfType<TradingDay>().Select(Answer);
            return AlpacaJson.Result(days.Where(day => (settlement ? day.Settles : day.Trades) is var date && date >= start && date <= end).Select(day => day.Answer));
        });
    }

    // Times of day have no zone here: clients send midnight in UTC for a date.
    private static DateOnly? Day(QueryValues query, string name)
        => query.Time(name) is not { } time ? null : query.Text(name)!.Length == 10 ? MarketHours.DateInNewYork(time) : DateOnly.FromDateTime(time.UtcDateTime);

    private static (DateOnly Trades, DateOnly Settles, object Answer) Answer(TradingDay day)
    {
        var settles = day.Date.AddDays(1);
        while (settles.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday) settles = settles.AddDays(1);
        var (open, close) = (TimeOfDay(day.Open), TimeOfDay(day.Close.AddMinutes(-1).AddTicks(1)));
        // A day that lasts until midnight closes at its last minute.
        if (MarketHours.DateInNewYork(day.Close) == day.Date) close = TimeOfDay(day.Close);
        return (day.Date, settles, new
        {
            Date = AlpacaJson.Date(day.Date),
            Open = open,
            Close = close,
            SessionOpen = open.Replace(":", "", StringComparison.Ordinal),
            SessionClose = close.Replace(":", "", StringComparison.Ordinal),
            SettlementDate = AlpacaJson.Date(settles),
        });
    }

    private static string TimeOfDay(DateTimeOffset time) => MarketHours.InNewYork(time).ToString("HH:mm", CultureInfo.InvariantCulture);
}
