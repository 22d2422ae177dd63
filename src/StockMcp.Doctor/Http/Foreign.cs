using System.Globalization;

namespace StockMcp.Doctor.Http;

/// <summary>Text that the examined server chose. It is shown in a terminal, where it must not move the cursor, and in one line.</summary>
internal static class Foreign
{
    private const int Longest = 200;

    /// <summary>For the end of a sentence.</summary>
    public static string Text(string? text) => Visible(text) is { Length: > 0 } visible ? visible.TrimEnd('.') : "nothing";

    public static string Quoted(string? text) => text is null ? "nothing" : $"'{Visible(text)}'";

    private static string Visible(string? text)
    {
        var visible = string.Concat((text ?? "").Take(Longest).Select(character => IsVisible(character) ? character : ' ')).Trim();
        return text?.Length > Longest ? visible + "…" : visible;
    }

    private static bool IsVisible(char character)
        => CharUnicodeInfo.GetUnicodeCategory(character) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned);
}
