using AngleSharp.Html.Dom;

namespace StockMcp.EndToEnd.Tests.People;

/// <summary>What a person says on a consent page.</summary>
internal sealed record Consent
{
    private IReadOnlyList<string> Unticked { get; init; } = [];

    /// <summary>Says yes to what is ticked.</summary>
    public static Consent AsTicked { get; } = new();

    /// <summary>Says no.</summary>
    public static Consent Deny { get; } = new() { Denies = true };

    public bool Denies { get; private init; }

    /// <summary>Says yes, but takes these scopes' ticks away.</summary>
    public static Consent Without(params string[] scopes) => new() { Unticked = scopes };

    /// <summary>Whether a box that comes ticked stays so. Its name, or its value, ends with the scope.</summary>
    public bool Ticks(IHtmlInputElement box)
        => box.IsChecked && !Unticked.Any(scope => box.Value == scope || box.Name == scope || box.Name!.EndsWith(":" + scope, StringComparison.Ordinal));
}
