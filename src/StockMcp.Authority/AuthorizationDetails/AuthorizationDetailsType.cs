using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Json.Schema;
using StockMcp.Hosting;

namespace StockMcp.Authority.AuthorizationDetails;

/// <summary>A type of authorization details: its schema decides what is accepted, its template what people read.</summary>
public sealed partial class AuthorizationDetailsType
{
    private static readonly EvaluationOptions s_evaluation = new() { OutputFormat = OutputFormat.List };
    private readonly AuthorizationDetailsTypeOptions options;
    private readonly JsonSchema schema;

    /// <exception cref="StartupException">The schema cannot be read.</exception>
    internal AuthorizationDetailsType(string name, AuthorizationDetailsTypeOptions options)
    {
        (Name, this.options) = (name, options);
        var file = Path.Combine(AppContext.BaseDirectory, options.SchemaFile);
        try
        {
            schema = JsonSchema.FromText(File.ReadAllText(file));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or JsonSchemaException)
        {
            throw new StartupException($"{AuthorizationDetailsTypeOptions.Section}:{name}:{nameof(options.SchemaFile)}: {file} cannot be read as a JSON Schema: {exception.Message}", exception);
        }
    }

    /// <summary>The member <c>type</c>.</summary>
    public string Name { get; }

    /// <summary>What is wrong with an element of this type, in words; <see langword="null"/> if nothing is.</summary>
    public string? FindMistake(JsonElement element)
    {
        var result = schema.Evaluate(element, s_evaluation);
        if (!result.IsValid) return $"It is not as the type {Name} must be: {Explain(result)}.";
        if (options.Total is { } total && options.TotalIsProductOf is { Count: > 0 } factors && factors.All(factor => Figure(element, factor) is not null))
        {
            var product = decimal.Ceiling(factors.Aggregate(1m, (so, factor) => so * Figure(element, factor)!.Value) * 100) / 100;
            if (Figure(element, total) != product) return $"{total} must be {string.Join(" × ", factors)}, rounded up to cents: {product.ToString("0.00", CultureInfo.InvariantCulture)}.";
        }
        return null;
    }

    /// <summary>The element as people read it.</summary>
    public Terms Render(JsonElement element) => new(
        Fill(options.Title, element) ?? Name,
        [.. options.Lines.Select(line => KeyValuePair.Create(line.Label, Fill(line.Value, element)!)).Where(line => line.Value is not null)])
    {
        Total = options.Total is { } total ? Figure(element, total) : null,
        Symbol = options.Symbol is { } symbol && Text(element, symbol) is { } text ? text : null,
    };

    // A template without one of its fields is not half filled in, but left out.
    private string? Fill(string template, JsonElement element)
    {
        var complete = true;
        var text = Field().Replace(template, match =>
        {
            var (field, how) = (match.Groups["field"].Value, match.Groups["how"].Value);
            if (Text(element, field) is not { } value)
            {
                complete = false;
                return "";
            }
            var words = options.Words.GetValueOrDefault(field)?.GetValueOrDefault(value) ?? VisibleText.Of(value);
            return how switch
            {
                "upper" => words.ToUpperInvariant(),
                "time" when DateTimeOffset.TryParse(words, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) => time.UtcDateTime.ToString("d MMM yyyy HH:mm 'UTC'", CultureInfo.InvariantCulture),
                _ => words,
            };
        });
        return complete ? text : null;
    }

    private static string? Text(JsonElement element, string field) => element.TryGetProperty(field, out var value)
        ? value.ValueKind switch { JsonValueKind.String => value.GetString(), JsonValueKind.Null => null, JsonValueKind.Array => string.Join(", ", value.EnumerateArray().Select(one => one.ToString())), _ => value.ToString() }
        : null;

    private static decimal? Figure(JsonElement element, string field)
        => Text(element, field) is { } text && decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var figure) ? figure : null;

    private static string Explain(EvaluationResults results)
    {
        var first = (results.Details ?? []).Append(results).FirstOrDefault(detail => detail.Errors is { Count: > 0 } && detail.InstanceLocation.ToString().Length > 0) ?? (results.Details ?? []).Append(results).FirstOrDefault(detail => detail.Errors is { Count: > 0 });
        if (first?.Errors is not { } errors) return "see its schema";
        var place = VisibleText.Of(first.InstanceLocation.ToString().TrimStart('/'));
        return (place.Length is > 0 and <= 64 ? $"'{place}': " : "") + string.Join("; ", errors.Values.Select(error => VisibleText.Of(error.Length > 200 ? error[..200] : error)));
    }

    [GeneratedRegex(@"\{(?<field>[A-Za-z_][A-Za-z0-9_]*)(\|(?<how>upper|time))?\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Field();
}
