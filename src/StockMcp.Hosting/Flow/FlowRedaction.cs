using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace StockMcp.Hosting.Flow;

/// <summary>
/// Takes everything out of requests and answers that opens anything. Two nets: what has a secret's name is not shown at all, and what looks like one, whatever it is called, is cut
/// off. A token (JWT) becomes its claims; its signature goes nowhere.
/// </summary>
internal static partial class FlowRedaction
{
    private const int LongestText = 2000;
    private const string Hidden = "(not shown)";

    // Requests that are wrong are recorded, too: a member twice, half a character.
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false };

    // Headers: only these are shown; cookies are never.
    private static readonly string[] s_headers = ["Content-Type", "Accept", "WWW-Authenticate", "Location", "Cache-Control", "Retry-After", "Mcp-Method", "Mcp-Name", "MCP-Protocol-Version"];

    private static readonly HashSet<string> s_secrets = new(StringComparer.OrdinalIgnoreCase)
    {
        "code", "client_secret", "client_assertion", "refresh_token", "access_token", "id_token", "id_token_hint", "login_hint_token", "subject_token", "actor_token", "token", "auth_req_id", "password", "code_verifier", "state", "nonce",
        "request", "request_uri", "registration_access_token", "connect_code", "session", "device_code", "user_code", "__RequestVerificationToken", "p256dh", "auth", "endpoint", "session_state", "receipt",
    };

    // Public names that look like secrets.
    private static readonly HashSet<string> s_public = new(StringComparer.Ordinal) { "client_id", "requested_actor", "agent", "kid", "code_challenge", "approval_uri", "resource_metadata" };

    /// <summary>The headers that may be shown, and the tokens in them.</summary>
    public static JsonObject Headers(IEnumerable<KeyValuePair<string, StringValues>> headers, List<JsonObject> tokens)
    {
        var shown = new JsonObject();
        foreach (var (name, value) in headers)
        {
            if (name.Equals("Authorization", StringComparison.OrdinalIgnoreCase)) shown[name] = Authorization(value.ToString(), tokens);
            else if (s_headers.Contains(name, StringComparer.OrdinalIgnoreCase)) shown[name] = Url(value.ToString(), tokens);
        }
        return shown;
    }

    /// <summary>A query or a form, member by member.</summary>
    public static JsonObject Form(string text, List<JsonObject> tokens)
    {
        var shown = new JsonObject();
        foreach (var (name, value) in QueryHelpers.ParseQuery(text)) shown[Text(name, tokens)] = Member(name, value.ToString(), tokens);
        return shown;
    }

    /// <summary>A body: JSON, the JSON of server-sent events, or a form. Of anything else nothing is shown.</summary>
    public static JsonNode? Body(string? contentType, string body, List<JsonObject> tokens)
    {
        if (body.Length == 0) return null;
        var type = contentType?.Split(';')[0].Trim() ?? "";
        if (type == "application/x-www-form-urlencoded") return Form(body, tokens);
        if (type == "text/event-stream") body = string.Join('\n', body.Split('\n').Where(line => line.StartsWith("data:", StringComparison.Ordinal)).Select(line => line[5..].Trim()).Where(line => line.StartsWith('{')).TakeLast(1));
        else if (type != "application/json" && !type.EndsWith("+json", StringComparison.Ordinal)) return $"({(type.Length == 0 ? "no type" : type)}, not shown)";
        return TryRead(null, body, tokens, out var json) ? json : "(cannot be read, not shown)";
    }

    /// <summary>A path, of which nothing is shown that looks like a secret.</summary>
    public static string Path(string path) => Text(path, []);

    private static bool TryRead(string? name, string text, List<JsonObject> tokens, out JsonNode? cleaned)
    {
        try
        {
            cleaned = Clean(name, JsonNode.Parse(text, documentOptions: s_strict), tokens);
            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            cleaned = null;
            return false;
        }
    }

    private static JsonNode? Clean(string? name, JsonNode? node, List<JsonObject> tokens)
    {
        switch (node)
        {
            case JsonObject json:
                var cleaned = new JsonObject();
                foreach (var (member, value) in json) cleaned[Text(member, tokens)] = Clean(member, value, tokens);
                return cleaned;
            case JsonArray array:
                return new JsonArray([.. array.Select(item => Clean(name, item, tokens))]);
            case JsonValue value when value.TryGetValue<string>(out var text):
                return Member(name, text, tokens);
            default:
                return node?.DeepClone();
        }
    }

    private static JsonNode? Member(string? name, string text, List<JsonObject> tokens)
    {
        if (name is not null && s_secrets.Contains(name))
        {
            Text(text, tokens); // a token under a secret's name is still read
            return Hidden;
        }
        // Parameters that are JSON themselves are easier to read so.
        if (text.Length is > 1 and <= 8192 && text[0] is '[' or '{' && TryRead(name, text, tokens, out var json)) return json;
        return name is not null && s_public.Contains(name) && !Jwt().IsMatch(text) && text.Length <= LongestText ? text : Url(text, tokens);
    }

    private static string Authorization(string value, List<JsonObject> tokens)
    {
        var scheme = value.Split(' ')[0];
        Text(value, tokens);
        return scheme is "Bearer" or "DPoP" or "Basic" ? $"{scheme} {Hidden}" : Hidden;
    }

    // Queries of URLs hold codes and states.
    private static string Url(string text, List<JsonObject> tokens)
    {
        if (!(text.StartsWith('/') || text.StartsWith("http", StringComparison.Ordinal)) || text.IndexOf('?', StringComparison.Ordinal) is not (> 0 and var at)) return Text(text, tokens);
        var query = QueryHelpers.ParseQuery(text[at..]).Select(pair => $"{Text(pair.Key, tokens)}={(s_secrets.Contains(pair.Key) ? Hidden : Url(pair.Value.ToString(), tokens))}");
        return $"{Text(text[..at], tokens)}?{string.Join('&', query)}";
    }

    private static string Text(string text, List<JsonObject> tokens)
    {
        text = Jwt().Replace(text, match => Decode(match.Value, tokens) is { } token ? $"(token of {token})" : Hidden);
        text = Opaque().Replace(text, match => IsHarmless(match.Value) ? match.Value : match.Value[..4] + "…");
        return text.Length > LongestText ? text[..LongestText] + "…" : text;
    }

    // Words have no digits, ids are known by their form.
    private static bool IsHarmless(string run) => !run.Any(char.IsAsciiDigit) || !run.Any(char.IsAsciiLetter) || Id().IsMatch(run);

    private static string? Decode(string jwt, List<JsonObject> tokens)
    {
        try
        {
            var parts = jwt.Split('.');
            var (header, claims) = (JsonNode.Parse(Base64Url.DecodeFromChars(parts[0]), documentOptions: s_strict) as JsonObject, JsonNode.Parse(Base64Url.DecodeFromChars(parts[1]), documentOptions: s_strict) as JsonObject);
            if (header is null || claims is null) return null;
            var (issuer, typ) = (claims["iss"]?.ToString() ?? "nobody", header["typ"]?.ToString() ?? "JWT");
            if (tokens.Count < 4 && !tokens.Exists(known => JsonNode.DeepEquals(known["claims"], claims))) tokens.Add(new JsonObject { ["typ"] = typ, ["issuer"] = issuer, ["header"] = FlowWords.Explained(header), ["payload"] = FlowWords.Explained(claims), ["claims"] = claims.DeepClone() });
            return issuer;
        }
        catch (Exception exception) when (exception is FormatException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    // Five parts are an encrypted token (JWE): nobody reads it, and it is not shown either.
    [GeneratedRegex(@"eyJ[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){1,4}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Jwt();

    [GeneratedRegex(@"[A-Za-z0-9_~+=-]{22,}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Opaque();

    [GeneratedRegex(@"\A((stockmcp-)?[0-9a-f]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2})\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Id();
}
