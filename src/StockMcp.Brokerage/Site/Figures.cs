using System.Globalization;
using StockMcp.Brokerage.Market;

namespace StockMcp.Brokerage.Site;

/// <summary>How the pages write money, parts and times.</summary>
internal static class Figures
{
    /// <summary>1,234.50 as <c>$1,234.50</c>; prices below one dollar keep four decimal places.</summary>
    public static string Usd(decimal amount)
    {
        var format = amount != 0 && Math.Abs(amount) < 1 && amount != decimal.Round(amount, 2) ? "$#,##0.00##" : "$#,##0.00";
        return (amount < 0 ? "−" : "") + Math.Abs(amount).ToString(format, CultureInfo.InvariantCulture);
    }

    /// <summary>A gain or a loss, always with its sign.</summary>
    public static string Gain(decimal amount) => (decimal.Round(amount, 2) > 0 ? "+" : "") + Usd(decimal.Round(amount, 2));

    /// <summary>A part of one as a percentage, always with its sign.</summary>
    public static string Percent(decimal ratio)
    {
        var percent = decimal.Round(ratio * 100, 2);
        return (percent > 0 ? "+" : percent < 0 ? "−" : "") + Math.Abs(percent).ToString("0.00", CultureInfo.InvariantCulture) + " %";
    }

    public static string Quantity(decimal quantity) => quantity.ToString("#,##0.#########", CultureInfo.InvariantCulture);

    /// <summary>The class of a gain, a loss, or neither.</summary>
    public static string Tone(decimal amount) => decimal.Round(amount, 4) switch { > 0 => "gain", < 0 => "loss", _ => "even" };

    /// <summary>Nov 24, 11:00.</summary>
    public static string Moment(DateTimeOffset time) => InNewYork(time, "MMM d, HH:mm");

    /// <summary>Nov 24, 2026.</summary>
    public static string Day(DateTimeOffset time) => InNewYork(time, "MMM d, yyyy");

    public static string InNewYork(DateTimeOffset time, string format) => MarketHours.InNewYork(time).ToString(format, CultureInfo.InvariantCulture);

    /// <summary>For the attribute <c>datetime</c>.</summary>
    public static string Machine(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
