using System.Text.Json;
using System.Text.RegularExpressions;
using StockMcp.Tools.Errors;

namespace StockMcp.ResourceServer.ArgumentChecks;

/// <summary>
/// A tool's published input schema, held against a call's arguments. It knows the part of JSON Schema that our tools publish, and refuses at start to know less than that.
/// </summary>
internal sealed class ArgumentSchema
{
    private static readonly string[] s_known = ["type", "description", "default", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "$schema", "title"];
    private static readonly string[] s_knownAbove = ["type", "properties", "required", "additionalProperties", "$schema", "title", "description"];
    private readonly Dictionary<string, Rule> rules = [];
    private readonly HashSet<string> required;

    /// <exception cref="NotSupportedException">It has a rule that is not checked here.</exception>
    public ArgumentSchema(JsonElement schema)
    {
        if (schema.EnumerateObject().FirstOrDefault(member => !s_knownAbove.Contains(member.Name)) is { Value.ValueKind: not JsonValueKind.Undefined } odd) throw new NotSupportedException($"The rule {odd.Name} of a tool's input schema is not checked.");
        if (schema.TryGetProperty("properties", out var properties))
        {
            foreach (var property in properties.EnumerateObject()) rules[property.Name] = new Rule(property.Name, property.Value);
        }
        required = schema.TryGetProperty("required", out var names) ? [.. names.EnumerateArray().Select(name => name.GetString()!)] : [];
    }

    /// <exception cref="TradingException">An argument is not as published. Names it, and says what is allowed.</exception>
    public void Check(IDictionary<string, JsonElement>? arguments)
    {
        foreach (var name in (arguments?.Keys ?? []).Where(name => !rules.ContainsKey(name)))
            throw TradingException.InvalidArgument(Short(name), $"There is no argument '{Short(name)}'. {(rules.Count == 0 ? "This tool takes none." : $"This tool takes {string.Join(", ", rules.Keys)}.")}");
        foreach (var name in required.Where(name => arguments is null || !arguments.ContainsKey(name)))
            throw TradingException.InvalidArgument(name, $"{name} is missing: it must be {rules[name].Allowed}.");
        foreach (var (name, value) in arguments ?? new Dictionary<string, JsonElement>())
        {
            if (!rules[name].Accepts(value)) throw TradingException.InvalidArgument(name, $"{name} must be {rules[name].Allowed}{(rules[name].Mistake(value) is { } mistake ? $", not {mistake}" : "")}.");
        }
    }

    private static string Short(string name) => Tools.Schemas.ForeignText.Clean(name, 40);

    private sealed class Rule
    {
        private readonly HashSet<string> types;
        private readonly List<string>? choices;
        private readonly Regex? pattern;
        private readonly int? shortest;
        private readonly int? longest;
        private readonly decimal? least;
        private readonly decimal? most;

        public Rule(string name, JsonElement schema)
        {
            foreach (var member in schema.EnumerateObject())
            {
                if (!s_known.Contains(member.Name)) throw new NotSupportedException($"The rule {member.Name} of the argument {name} is not checked.");
            }
            types = schema.TryGetProperty("type", out var type)
                ? type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(item => item.GetString()!)] : [type.GetString()!]
                : schema.TryGetProperty("enum", out _) ? ["string"] : throw new NotSupportedException($"The argument {name} has no type.");
            if (schema.TryGetProperty("enum", out var values))
            {
                choices = [.. values.EnumerateArray().Where(value => value.ValueKind == JsonValueKind.String).Select(value => value.GetString()!)];
                if (values.EnumerateArray().Any(value => value.ValueKind == JsonValueKind.Null)) types.Add("null");
            }
            pattern = schema.TryGetProperty("pattern", out var expression) ? new Regex(expression.GetString()!, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking) : null;
            shortest = schema.TryGetProperty("minLength", out var minLength) ? minLength.GetInt32() : null;
            longest = schema.TryGetProperty("maxLength", out var maxLength) ? maxLength.GetInt32() : null;
            least = schema.TryGetProperty("minimum", out var minimum) ? minimum.GetDecimal() : null;
            most = schema.TryGetProperty("maximum", out var maximum) ? maximum.GetDecimal() : null;
        }

        public string Allowed
        {
            get
            {
                if (choices is not null) return "one of: " + string.Join(", ", choices);
                if (types.Contains("boolean")) return "true or false";
                if (types.Contains("integer")) return (least, most) is ({ } from, { } to) ? $"a whole number from {from} to {to}" : "a whole number";
                return "a string" + (longest is { } length ? $" of {shortest ?? 0} to {length} characters" : "") + (pattern is null ? "" : $" that matches {pattern}");
            }
        }

        public bool Accepts(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.Null => types.Contains("null"),
            JsonValueKind.True or JsonValueKind.False => types.Contains("boolean"),
            JsonValueKind.String => types.Contains("string") && AcceptsText(value.GetString()!),
            // 1.0 and 1e1 are whole numbers in JSON Schema; here a number is written plainly (RS-10).
            JsonValueKind.Number => types.Contains("integer") && value.TryGetInt64(out var number) && value.GetRawText().All(character => character is '-' or (>= '0' and <= '9')) && !(number < least) && !(number > most),
            _ => false,
        };

        /// <summary>What kind of thing came instead, where that is the mistake.</summary>
        public string? Mistake(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.String when !types.Contains("string") => "a string",
            JsonValueKind.Number when !types.Contains("integer") => "a number",
            JsonValueKind.True or JsonValueKind.False when !types.Contains("boolean") => "a boolean",
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "an array",
            JsonValueKind.Null => "null: leave it out instead",
            _ => null,
        };

        // A dollar sign matches before a line break at the end, too.
        private bool AcceptsText(string text)
            => (choices is null || choices.Contains(text)) && !(text.Length < shortest) && !(text.Length > longest) && (pattern is null || (pattern.IsMatch(text) && !text.EndsWith('\n')));
    }
}
