using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using StockMcp.Hosting;

namespace StockMcp.Authority.AuthorizationDetails;

/// <summary>Rich authorization requests (RFC 9396): the types of authorization details that may be asked for. A further type needs settings alone.</summary>
public static class AuthorizationDetailsExtensions
{
    /// <summary>Reads the setting <c>AuthorizationDetailsTypes</c>.</summary>
    /// <exception cref="StartupException">A type lacks a setting, or its schema cannot be read.</exception>
    public static void AddAuthorizationDetails(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var settings = builder.Configuration.GetSection(AuthorizationDetailsTypeOptions.Section).Get<Dictionary<string, AuthorizationDetailsTypeOptions>>(binder => binder.ErrorOnUnknownConfiguration = true) ?? [];
        foreach (var (name, options) in settings)
        {
            var mistakes = new List<ValidationResult>();
            if (!Validator.TryValidateObject(options, new ValidationContext(options), mistakes, validateAllProperties: true))
                throw new StartupException($"{AuthorizationDetailsTypeOptions.Section}:{name}: {string.Join(" ", mistakes.Select(mistake => mistake.ErrorMessage))}");
        }
        builder.Services.AddSingleton(new AuthorizationDetailsTypes([.. settings.Select(setting => new AuthorizationDetailsType(setting.Key, setting.Value))]));
    }
}

/// <summary>One element of authorization details that was found to be as its type must be.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Element">The element, as it came.</param>
public sealed record ApprovableDetails(AuthorizationDetailsType Type, JsonElement Element)
{
    /// <summary>The parameter as it is stored and sent on: an array of this one element.</summary>
    public string Json { get; } = $"[{JsonSerializer.Serialize(Element)}]";

    /// <summary>As people read it.</summary>
    public Terms Terms { get; } = Type.Render(Element);
}

/// <summary>All types, in the order of the settings.</summary>
public sealed class AuthorizationDetailsTypes(IReadOnlyList<AuthorizationDetailsType> all)
{
    private const int Longest = 8 * 1024;
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>All of them.</summary>
    public IReadOnlyList<AuthorizationDetailsType> All => all;

    /// <summary>Reads the parameter: an array of exactly one element of a known type (CB-04).</summary>
    /// <param name="text">The parameter.</param>
    /// <param name="mistake">What is wrong with it, in words.</param>
    public ApprovableDetails? Read(string? text, out string? mistake)
    {
        mistake = null;
        if (text is not { Length: > 0 and <= Longest }) return Refuse("The parameter authorization_details is required: a JSON array of one element.", out mistake);
        JsonElement element;
        try
        {
            using var document = JsonDocument.Parse(text, s_strict);
            if (document.RootElement is not { ValueKind: JsonValueKind.Array } array || array.GetArrayLength() != 1) return Refuse("authorization_details must be a JSON array of exactly one element: one approval is for one thing.", out mistake);
            element = array[0].Clone();
        }
        catch (JsonException)
        {
            return Refuse("authorization_details must be JSON in which no object names a member twice.", out mistake);
        }
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty("type", out var name) || name.ValueKind != JsonValueKind.String || all.FirstOrDefault(type => type.Name == name.GetString()) is not { } found)
            return Refuse($"The element's type must be one of: {string.Join(", ", all.Select(type => type.Name))}.", out mistake);
        mistake = found.FindMistake(element);
        return mistake is null ? new ApprovableDetails(found, element) : null;
    }

    /// <summary>What was stored, which was read before.</summary>
    /// <exception cref="InvalidOperationException">The settings do not have its type any more.</exception>
    public ApprovableDetails Stored(string json)
    {
        using var document = JsonDocument.Parse(json);
        var element = document.RootElement[0].Clone();
        var name = element.GetProperty("type").GetString();
        return new ApprovableDetails(all.FirstOrDefault(type => type.Name == name) ?? throw new InvalidOperationException($"The settings have no type {name} any more."), element);
    }

    private static ApprovableDetails? Refuse(string why, out string? mistake)
    {
        mistake = why;
        return null;
    }
}
