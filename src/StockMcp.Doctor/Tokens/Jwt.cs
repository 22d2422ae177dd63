using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using StockMcp.Doctor.Http;

namespace StockMcp.Doctor.Tokens;

/// <summary>An access token that can be read (RFC 9068). Its signature is the server's business, and is not checked here.</summary>
internal sealed record Jwt(JsonObject Header, JsonObject Claims)
{
    /// <summary>The token's parts; <see langword="null"/> if it is opaque.</summary>
    public static Jwt? Read(Secret token)
    {
        var parts = token.Value.Split('.');
        try
        {
            return parts.Length == 3 && Part(parts[0]) is { } header && Part(parts[1]) is { } claims ? new(header, claims) : null;
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            return null;
        }
    }

    /// <summary>A token that nobody signed.</summary>
    public static Secret Unsigned(JsonObject header, JsonObject claims, string signature) => new($"{Text(header)}.{Text(claims)}.{signature}");

    public IReadOnlyList<string> Audiences => Claims.Texts("aud") ?? (Claims.Text("aud") is { } one ? [one] : []);

    public override string ToString() => "(a token's parts)";

    private static JsonObject? Part(string text) => JsonNode.Parse(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text))) as JsonObject;

    private static string Text(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));
}
