using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace StockMcp.Brokerage.Market;

/// <summary>What a bar's length is counted in.</summary>
public enum BarUnit
{
    /// <summary>Minutes, 1 to 59.</summary>
    Minute,

    /// <summary>Hours, 1 to 23.</summary>
    Hour,

    /// <summary>One trading day.</summary>
    Day,

    /// <summary>One week, from Monday.</summary>
    Week,

    /// <summary>1, 2, 3, 4, 6 or 12 months.</summary>
    Month,
}

/// <summary>The length of a bar, as Alpaca writes it: <c>5Min</c>, <c>1Hour</c>, <c>1Day</c>, <c>1Week</c>, <c>3Month</c>.</summary>
/// <param name="Count">How many of the unit.</param>
/// <param name="Unit">The unit.</param>
public sealed record BarTimeframe(int Count, BarUnit Unit)
{
    /// <summary>One minute.</summary>
    public static BarTimeframe Minute { get; } = new(1, BarUnit.Minute);

    /// <summary>One hour.</summary>
    public static BarTimeframe Hour { get; } = new(1, BarUnit.Hour);

    /// <summary>One trading day.</summary>
    public static BarTimeframe Day { get; } = new(1, BarUnit.Day);

    /// <summary>Reads Alpaca's notation.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out BarTimeframe? timeframe)
    {
        timeframe = null;
        if (text is not { Length: >= 2 and <= 8 }) return false;
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        if (digits is not (1 or 2)) return false;
        var count = int.Parse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture);
        BarUnit? unit = text[digits..] switch
        {
            "Min" or "T" => BarUnit.Minute,
            "Hour" or "H" => BarUnit.Hour,
            "Day" or "D" => BarUnit.Day,
            "Week" or "W" => BarUnit.Week,
            "Month" or "M" => BarUnit.Month,
            _ => null,
        };
        var allowed = unit switch
        {
            BarUnit.Minute => count is >= 1 and <= 59,
            BarUnit.Hour => count is >= 1 and <= 23,
            BarUnit.Month => count is 1 or 2 or 3 or 4 or 6 or 12,
            null => false,
            _ => count == 1,
        };
        if (!allowed) return false;
        timeframe = new BarTimeframe(count, unit!.Value);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Count.ToString(CultureInfo.InvariantCulture) + (Unit == BarUnit.Minute ? "Min" : Unit.ToString());
}
