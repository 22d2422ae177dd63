using System.Globalization;

namespace StockMcp.Tools.Schemas;

/// <summary>Text that others wrote: a company's name, an account's. It is data for the agent, never an instruction (RS-13).</summary>
public static class ForeignText
{
    /// <summary>The text without control, format and direction characters, on one line, cut to a length.</summary>
    public static string Clean(string? text, int most = 100)
    {
        if (text is null) return "";
        var clean = string.Concat(text.EnumerateRunes().Where(rune => System.Text.Rune.GetUnicodeCategory(rune) is not (
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned)).Take(most)).Trim();
        return clean;
    }
}
