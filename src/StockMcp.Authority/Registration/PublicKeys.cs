using System.Text.Json;

namespace StockMcp.Authority.Registration;

/// <summary>The keys that a client publishes for <c>private_key_jwt</c> (RFC 7517): public ones alone, for the algorithms that are accepted (CM-04, AS-13).</summary>
internal static class PublicKeys
{
    private const int Most = 10;
    private static readonly string[] s_secretMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

    /// <returns>The set's JSON.</returns>
    /// <exception cref="RegistrationException">It is no set of public keys.</exception>
    public static string Check(JsonElement set)
    {
        if (set.ValueKind != JsonValueKind.Object || !set.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array || keys.GetArrayLength() is 0 or > Most)
            throw Refused($"jwks must be a JSON Web Key Set with 1 to {Most} keys.");
        foreach (var key in keys.EnumerateArray())
        {
            if (key.ValueKind != JsonValueKind.Object) throw Refused("Each key of jwks must be an object.");
            if (Array.Exists(s_secretMembers, member => key.TryGetProperty(member, out _))) throw Refused("jwks must hold public keys alone. Whoever read this private key can act as the client: replace it.");
            var usable = Text(key, "kty") switch
            {
                "EC" => Text(key, "crv") == "P-256" && Text(key, "alg") is null or "ES256",
                "RSA" => Text(key, "n") is { Length: >= 342 } && Text(key, "alg") is null or "PS256" or "RS256", // 2048 bits
                _ => false,
            };
            if (!usable) throw Refused("Each key of jwks must be an EC key on P-256 for ES256, or an RSA key of 2048 bits or more for PS256 or RS256.");
        }
        return set.GetRawText();
    }

    private static string? Text(JsonElement key, string name) => key.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static RegistrationException Refused(string description) => new(ClientMetadataRules.InvalidClientMetadata, description);
}
