using System.ComponentModel.DataAnnotations;

namespace StockMcp.Authority.AuthorizationDetails;

/// <summary>A type of authorization details (RFC 9396, section 2): what may be in it, and how people read it. The setting <c>AuthorizationDetailsTypes:{type}</c>.</summary>
public sealed record AuthorizationDetailsTypeOptions
{
    /// <summary>The section's name; below it, each type's name.</summary>
    public const string Section = "AuthorizationDetailsTypes";

    /// <summary>The file of its JSON Schema (2020-12); beside the program unless it is a full path. The schema should allow no field that it does not name.</summary>
    [Required] public string SchemaFile { get; init; } = "";

    /// <summary>What it asks for, in one line, with fields in braces: <c>{side} {quantity} {symbol}</c>.</summary>
    [Required] public string Title { get; init; } = "";

    /// <summary>Everything else that people must read, in this order. A line whose fields are absent is left out.</summary>
    public IReadOnlyList<DetailsLine> Lines { get; init; } = [];

    /// <summary>Values in words: below it a field's name, below that each value.</summary>
    public IReadOnlyDictionary<string, Dictionary<string, string>> Words { get; init; } = new Dictionary<string, Dictionary<string, string>>();

    /// <summary>The field with what it moves at most, which limits are held against; none unless set.</summary>
    public string? Total { get; init; }

    /// <summary>Fields whose product, rounded up to cents, the total must be where all of them are there.</summary>
    public IReadOnlyList<string> TotalIsProductOf { get; init; } = [];

    /// <summary>The field with the share's symbol, which lists of symbols are held against; none unless set.</summary>
    public string? Symbol { get; init; }
}

/// <summary>A line of what people read.</summary>
public sealed record DetailsLine
{
    /// <summary>What it is.</summary>
    [Required] public string Label { get; init; } = "";

    /// <summary>Its text, with fields in braces.</summary>
    [Required] public string Value { get; init; } = "";
}
