using AngleSharp.Html.Dom;
using StockMcp.Testing.Harness;

namespace StockMcp.Testing.People;

/// <summary>What a person says on a consent page.</summary>
internal sealed record ConsentAnswer
{
    private IReadOnlyList<string> Unticked { get; init; } = [];

    private string? Extra { get; init; }

    private Uri? At { get; init; }

    /// <summary>Says yes to what is ticked.</summary>
    public static ConsentAnswer AsTicked { get; } = new();

    /// <summary>Says no.</summary>
    public static ConsentAnswer Deny { get; } = new() { Denies = true };

    public bool Denies { get; private init; }

    /// <summary>Says yes, and ticks a box that comes without a tick: its name ends with this.</summary>
    public static ConsentAnswer And(string name) => new() { Extra = name };

    /// <summary>Says yes, but takes these scopes' ticks away, on every page that has them.</summary>
    public static ConsentAnswer Without(params string[] scopes) => new() { Unticked = scopes };

    /// <summary>Takes these scopes' ticks away on the Brokerage's page alone.</summary>
    public static ConsentAnswer AtBrokerageWithout(StockMcpSystem system, params string[] scopes) => new() { Unticked = scopes, At = system.Running.Brokerage.Url };

    /// <summary>Takes these scopes' ticks away on the Authority's page alone.</summary>
    public static ConsentAnswer AtAuthorityWithout(StockMcpSystem system, params string[] scopes) => new() { Unticked = scopes, At = system.Running.Authority.Url };

    /// <summary>Whether a box that comes ticked stays so, or one that asks "are you sure" gets its tick. Its name, or its value, ends with the scope.</summary>
    public bool Ticks(IHtmlInputElement box, Uri page)
        => (box.IsChecked || box.Name == "sure" || (Extra is not null && box.Name!.EndsWith(":" + Extra, StringComparison.Ordinal))) && !((At is null || At.IsBaseOf(page)) && Unticked.Any(scope => box.Value == scope || box.Name == scope || box.Name!.EndsWith(":" + scope, StringComparison.Ordinal)));
}
