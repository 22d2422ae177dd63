using System.Globalization;
using System.Text;
using StockMcp.Hosting;

namespace StockMcp.Authority.ApprovalPages;

/// <summary>Text of strangers on a page where people decide: on one line, bounded, and nothing in it that moves or covers what stands beside it.</summary>
internal static class ShownText
{
    private const int MostMarks = 2;

    /// <summary>The text without what cannot be seen, and with few marks on each letter; cut off with an ellipsis where it is longer.</summary>
    /// <param name="text">What a stranger wrote.</param>
    /// <param name="longest">How many characters are shown at most.</param>
    public static string Of(string? text, int longest)
    {
        if (text is null) return "";
        var (shown, length, marks) = (new StringBuilder(), 0, 0);
        // Cleaned is never longer, so the rest need not be looked at.
        foreach (var rune in VisibleText.Of(text.Length > 8 * longest ? text[..(8 * longest)] : text).EnumerateRunes())
        {
            marks = Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark ? marks + 1 : 0;
            if (marks > MostMarks) continue;
            if (length == longest) return shown.ToString().TrimEnd() + "…";
            if (marks == 0) length++;
            shown.Append(rune.ToString());
        }
        return shown.ToString();
    }
}
