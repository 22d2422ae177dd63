using System.Text.Json;

namespace StockMcp.Authority.ApprovalPages;

/// <summary>What the app's server says beside the terms (the parameter <c>request_context</c>). It is believed by nobody, and shown as what it is.</summary>
/// <param name="Name">What the terms are about, such as a company's name; empty if it does not say.</param>
/// <param name="Effects">What would change.</param>
public sealed record ShownContext(string Name, IReadOnlyList<ShownEffect> Effects)
{
    private const int MostEffects = 8;
    private const int LongestName = 80;
    private const int LongestLabel = 40;
    private const int LongestValue = 40;

    private static ShownContext Empty { get; } = new("", []);

    /// <summary>Out of the stored text. What is not as agreed is left out.</summary>
    internal static ShownContext Read(string? json)
    {
        if (json is null) return Empty;
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement is not { ValueKind: JsonValueKind.Object } root) return Empty;
            var effects = root.TryGetProperty("effects", out var list) && list.ValueKind == JsonValueKind.Array
                ? list.EnumerateArray().Where(effect => effect.ValueKind == JsonValueKind.Object).Take(MostEffects)
                    .Select(effect => new ShownEffect(Text(effect, "label", LongestLabel), Text(effect, "before", LongestValue), Text(effect, "after", LongestValue))).Where(effect => effect.Label.Length > 0)
                : [];
            return new ShownContext(Text(root, "name", LongestName), [.. effects]);
        }
        catch (JsonException)
        {
            return Empty;
        }
    }

    private static string Text(JsonElement element, string member, int longest)
        => element.TryGetProperty(member, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? ShownText.Of(value.ToString(), longest) : "";
}

/// <summary>Something that would change.</summary>
public sealed record ShownEffect(string Label, string Before, string After);
