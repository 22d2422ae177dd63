using System.Globalization;
using StockMcp.Brokerage.Market;

namespace StockMcp.Brokerage.TradingApi;

/// <summary>A request's query, read strictly: a mistake is refused with the parameter's name.</summary>
/// <param name="query">The query.</param>
/// <param name="refuse">The refusal of the API that reads it.</param>
internal sealed class QueryValues(IQueryCollection query, Func<string, AlpacaException> refuse)
{
    /// <summary>The text, or <see langword="null"/> if it is missing or empty.</summary>
    public string? Text(string name) => query[name].ToString() is { Length: > 0 } text ? text : null;

    public string OneOf(string name, string fallback, params ReadOnlySpan<string> allowed)
    {
        if (Text(name) is not { } text) return fallback;
        return allowed.Contains(text) ? text : throw refuse($"{name} must be one of: {string.Join(", ", allowed!)}");
    }

    public int Number(string name, int fallback, int least, int most)
    {
        if (Text(name) is not { } text) return fallback;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number : throw refuse($"{name} must be a whole number from {least} to {most}");
    }

    /// <summary>A time as RFC 3339, or a date, which means its first moment in New York.</summary>
    public DateTimeOffset? Time(string name)
    {
        if (Text(name) is not { } text) return null;
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) && date.Year is > 1900 and < 2200) return MarketHours.Midnight(date);
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (text.Length is >= 19 and <= 40 && text[10] is 'T' or ' ' && DateTimeOffset.TryParse(Rfc3339(text), CultureInfo.InvariantCulture, Utc, out var time) && time.Year is > 1900 and < 2200) return time;
        throw refuse($"{name} must be a time like 2026-11-24T16:00:00Z, or a date like 2026-11-24");
    }

    /// <summary>Symbols, separated by commas: known ones, each once, in ascending order.</summary>
    public IReadOnlyList<string> Symbols(string name, int most)
    {
        if (Text(name) is not { } text) return [];
        var symbols = text.Length <= most * 8 ? text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : [];
        if (symbols.Length is 0 || symbols.Length > most || !symbols.All(Stock.IsSymbol))
            throw refuse($"{name} must be 1 to {most} symbols of 1 to 5 capital letters, separated by commas, for example WAYNE,ACME");
        return [.. symbols.Distinct().Order(StringComparer.Ordinal)];
    }

    public Guid? Id(string name)
    {
        if (Text(name) is not { } text) return null;
        return Guid.TryParseExact(text, "D", out var id) ? id : throw refuse($"{name} must be a UUID");
    }

    // Clients send nanoseconds; a tick is a hundred of them. A plus sign that was not escaped arrives as a space.
    private static string Rfc3339(string text)
    {
        var digits = text.Length > 19 && text[19] == '.' ? text.AsSpan(20).IndexOfAnyExceptInRange('0', '9') : -1;
        var exact = digits > 7 ? text[..27] + text[(20 + digits)..] : text;
        return exact.Length > 19 && exact[^6] == ' ' ? exact[..^6] + "+" + exact[^5..] : exact;
    }
}
