using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using StockMcp.Brokerage.Market;

namespace StockMcp.Brokerage.TradingApi;

/// <summary>How Alpaca writes things: snake case, money as decimal strings, times as RFC 3339.</summary>
internal static class AlpacaJson
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    public static IResult Result<T>(T value, int status = StatusCodes.Status200OK) => Results.Json(value, s_options, statusCode: status);

    public static Task WriteAsync<T>(HttpResponse response, T value, CancellationToken cancellationToken) => response.WriteAsJsonAsync(value, s_options, cancellationToken);

    public static string Figure(decimal value) => value.ToString("0.############################", CultureInfo.InvariantCulture);

    public static string? Figure(decimal? value) => value is { } figure ? Figure(figure) : null;

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFFZ", CultureInfo.InvariantCulture);

    public static string TimeInNewYork(DateTimeOffset time) => MarketHours.InNewYork(time).ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture);

    public static string Date(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
