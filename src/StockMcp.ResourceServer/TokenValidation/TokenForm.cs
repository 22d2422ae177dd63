using System.Buffers.Text;
using System.Text.Json;

namespace StockMcp.ResourceServer.TokenValidation;

/// <summary>What a token must look like before anybody computes a signature over it (RS-03).</summary>
internal static class TokenForm
{
    public const int Longest = 8 * 1024;

    /// <summary>Signature algorithms that are accepted. What the token says chooses among them and nothing else.</summary>
    public static IReadOnlyList<string> Algorithms { get; } = ["ES256", "PS256", "RS256"];

    /// <summary>RFC 9068, section 2.1; RFC 7515 lets the prefix be left out.</summary>
    public static IReadOnlyList<string> Types(AuthorityOptions options) => [.. options.TokenTypes.Split(' ').SelectMany(type => type == AnyJwt ? new[] { type } : [type, "application/" + type])];

    /// <summary>What a token of an older authorization server says: it may be any.</summary>
    public const string AnyJwt = "JWT";

    // They bring a key of the sender's choice, or a meaning that we do not know.
    private static readonly string[] s_refused = ["jwk", "jku", "x5u", "x5c", "crit", "zip", "b64"];
    private static readonly JsonDocumentOptions s_strict = new() { MaxDepth = 4, AllowDuplicateProperties = false };

    /// <summary>Looks at form and header.</summary>
    /// <param name="token">The token.</param>
    /// <param name="types">The types that are accepted.</param>
    /// <param name="keyId">The key that it names.</param>
    /// <returns>Why it is refused, for the log; <see langword="null"/> if its signature may be checked.</returns>
    public static string? Refuse(string token, IReadOnlyList<string> types, out string? keyId)
    {
        keyId = null;
        if (token.Length > Longest) return "too long";
        var parts = token.Split('.');
        if (parts.Length != 3 || parts.Any(part => part.Length == 0 || !Base64Url.IsValid(part))) return "not a compact JWS";
        try
        {
            using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]), s_strict);
            if (header.RootElement.ValueKind != JsonValueKind.Object) return "no header";
            if (Array.Find(s_refused, name => header.RootElement.TryGetProperty(name, out _)) is { } refused) return $"header {refused}";
            if (Text(header.RootElement, "alg") is not { } algorithm || !Algorithms.Contains(algorithm)) return "algorithm";
            if (Text(header.RootElement, "typ") is not { } type || !types.Contains(type, StringComparer.OrdinalIgnoreCase)) return "type";
            keyId = Text(header.RootElement, "kid");
            return null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return "header is not JSON"; // or JSON whose texts are no Unicode, which shows when they are read
        }
    }

    private static string? Text(JsonElement header, string name) => header.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
