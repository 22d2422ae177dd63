using System.Text.Json;
using System.Text.Json.Serialization;

namespace StockMcp.Authority.Registration;

/// <summary>What a client says of itself (RFC 7591, section 2), as far as it means something here; the rest is ignored, as the RFC says.</summary>
internal sealed record ClientMetadata
{
    /// <summary>In an update only (RFC 7592, section 2.2): whose it is.</summary>
    [JsonPropertyName("client_id")] public string? ClientId { get; init; }

    /// <summary>In an update only: the secret as it is, which an update does not choose.</summary>
    [JsonPropertyName("client_secret")] public string? ClientSecret { get; init; }

    [JsonPropertyName("redirect_uris")] public IReadOnlyList<string>? RedirectUris { get; init; }
    [JsonPropertyName("token_endpoint_auth_method")] public string? TokenEndpointAuthMethod { get; init; }
    [JsonPropertyName("grant_types")] public IReadOnlyList<string>? GrantTypes { get; init; }
    [JsonPropertyName("response_types")] public IReadOnlyList<string>? ResponseTypes { get; init; }
    [JsonPropertyName("client_name")] public string? ClientName { get; init; }
    [JsonPropertyName("client_uri")] public string? ClientUri { get; init; }
    [JsonPropertyName("logo_uri")] public string? LogoUri { get; init; }
    [JsonPropertyName("tos_uri")] public string? TosUri { get; init; }
    [JsonPropertyName("policy_uri")] public string? PolicyUri { get; init; }
    [JsonPropertyName("jwks_uri")] public string? JwksUri { get; init; }
    [JsonPropertyName("jwks")] public JsonElement? Jwks { get; init; }
    [JsonPropertyName("scope")] public string? Scope { get; init; }
    [JsonPropertyName("software_id")] public string? SoftwareId { get; init; }
    [JsonPropertyName("software_version")] public string? SoftwareVersion { get; init; }

    public override string ToString() => ClientName ?? "a client without a name"; // a secret never prints itself
}

/// <summary>The answer to a registration (RFC 7591, section 3.2.1): what was registered, which may be less than what was asked for.</summary>
internal sealed record RegisteredClient
{
    [JsonPropertyName("client_id")] public required string ClientId { get; init; }
    [JsonPropertyName("client_id_issued_at")] public required long ClientIdIssuedAt { get; init; }
    [JsonPropertyName("client_secret"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? ClientSecret { get; init; }
    [JsonPropertyName("client_secret_expires_at"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public long? ClientSecretExpiresAt { get; init; }
    [JsonPropertyName("client_name")] public required string ClientName { get; init; }
    [JsonPropertyName("redirect_uris")] public required IReadOnlyList<string> RedirectUris { get; init; }
    [JsonPropertyName("grant_types")] public required IReadOnlyList<string> GrantTypes { get; init; }
    [JsonPropertyName("response_types")] public required IReadOnlyList<string> ResponseTypes { get; init; }
    [JsonPropertyName("token_endpoint_auth_method")] public required string TokenEndpointAuthMethod { get; init; }
    [JsonPropertyName("jwks"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public JsonElement? Jwks { get; init; }
    [JsonPropertyName("scope")] public required string Scope { get; init; }

    /// <summary>RFC 7592, section 3: where the client reads, changes and deletes its registration. A client_id that several callers share has none.</summary>
    [JsonPropertyName("registration_client_uri"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? RegistrationClientUri { get; init; }
    [JsonPropertyName("registration_access_token"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? RegistrationAccessToken { get; init; }

    public override string ToString() => ClientId;
}
