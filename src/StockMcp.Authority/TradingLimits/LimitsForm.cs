using System.Globalization;
using System.Text.RegularExpressions;

namespace StockMcp.Authority.TradingLimits;

/// <summary>The form on which a person sets their limits: what they wrote, and what is wrong with it.</summary>
public sealed partial record LimitsForm
{
    private const decimal Most = 9_999_999_999_999.99m;
    private const int MostSymbols = 200;

    /// <summary>Whether agents may order at all.</summary>
    public bool Trading { get; init; }

    /// <summary>As it was written.</summary>
    public string LargestOrder { get; init; } = "";

    /// <summary>As it was written.</summary>
    public string LargestDailyTotal { get; init; } = "";

    /// <summary>As it was written.</summary>
    public string AllowedSymbols { get; init; } = "";

    /// <summary>As it was written.</summary>
    public string DeniedSymbols { get; init; } = "";

    /// <summary>What is wrong, by the field's name.</summary>
    public IReadOnlyDictionary<string, string> Mistakes { get; private init; } = new Dictionary<string, string>();

    /// <summary>The form of limits that are set.</summary>
    public static LimitsForm Of(TradingLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        return new() { Trading = limit.Trading, LargestOrder = Write(limit.LargestOrder), LargestDailyTotal = Write(limit.LargestDailyTotal), AllowedSymbols = limit.AllowedSymbols, DeniedSymbols = limit.DeniedSymbols };
    }

    /// <summary>The limits that it says; <see langword="null"/> with its mistakes if there are any.</summary>
    internal TradingLimit? Read(Guid personId, out LimitsForm form)
    {
        var mistakes = new Dictionary<string, string>();
        var limit = new TradingLimit
        {
            PersonId = personId,
            Trading = Trading,
            LargestOrder = Amount(nameof(LargestOrder), LargestOrder, mistakes),
            LargestDailyTotal = Amount(nameof(LargestDailyTotal), LargestDailyTotal, mistakes),
            AllowedSymbols = Symbols(nameof(AllowedSymbols), AllowedSymbols, mistakes),
            DeniedSymbols = Symbols(nameof(DeniedSymbols), DeniedSymbols, mistakes),
        };
        if (mistakes.Count == 0 && limit.LargestOrder > limit.LargestDailyTotal) mistakes[nameof(LargestDailyTotal)] = "This is less than what you allow for one order.";
        if (mistakes.Count == 0 && limit.Allowed.Intersect(limit.Denied).FirstOrDefault() is { } both) mistakes[nameof(DeniedSymbols)] = $"{both} is in both lists.";
        form = this with { Mistakes = mistakes };
        return mistakes.Count == 0 ? limit : null;
    }

    private static string Write(decimal? amount) => amount?.ToString("0.00", CultureInfo.InvariantCulture) ?? "";

    // 5000, 5000.5, 5,000.00; never 5.000, which means five thousand to some people and five to others.
    internal static decimal? Amount(string field, string text, Dictionary<string, string> mistakes)
    {
        text = text.Trim();
        if (text.Length == 0) return null;
        if (text.Length <= 20 && Figure().IsMatch(text) && decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var amount) && amount <= Most) return amount;
        mistakes[field] = "Write an amount in USD such as 5000 or 5000.00, or leave it empty for none.";
        return null;
    }

    internal static string Symbols(string field, string text, Dictionary<string, string> mistakes)
    {
        var symbols = text.ToUpperInvariant().Split([' ', ',', ';', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct().Order(StringComparer.Ordinal).ToList();
        if (symbols.Count > MostSymbols) mistakes[field] = $"At most {MostSymbols} symbols fit.";
        else if (symbols.Find(symbol => !Symbol().IsMatch(symbol)) is { } wrong) mistakes[field] = $"“{(wrong.Length > 12 ? wrong[..12] + "…" : wrong)}” is no symbol. Write symbols such as WAYNE, with spaces between them.";
        return string.Join(' ', symbols);
    }

    [GeneratedRegex(@"^([0-9]{1,13}|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]{1,2})?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Figure();

    [GeneratedRegex(@"^[A-Z]{1,5}(\.[A-Z])?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Symbol();
}
