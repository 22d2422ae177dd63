using System.Globalization;
using System.Text;

namespace StockMcp.Hosting;

/// <summary>Text that others wrote, fit to be shown: what cannot be seen in it could say one thing to people and another to programs.</summary>
public static class VisibleText
{
    /// <summary>The text without control, format, direction and tag characters, on one line.</summary>
    public static string Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return string.Concat(text.EnumerateRunes().Where(rune => Rune.GetUnicodeCategory(rune) is not (
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned))).Trim();
    }
}
