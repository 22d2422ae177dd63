using System.ComponentModel.DataAnnotations;

namespace StockMcp.Authority.Connections;

/// <summary>An OpenID provider, or one of OAuth 2.0 alone, at which people sign in and whose API their agents reach: a broker. The setting <c>Connections:{name}</c>.</summary>
public sealed record ConnectionOptions
{
    /// <summary>The section's name; below it, each connection's name.</summary>
    public const string Section = "Connections";

    /// <summary>What people call it.</summary>
    [Required] public string DisplayName { get; init; } = "";

    /// <summary>Its issuer, spelt exactly as its discovery document spells it.</summary>
    [Required] public Uri? Issuer { get; init; }

    /// <summary>The Authority's client_id there.</summary>
    [Required] public string ClientId { get; init; } = "";

    /// <summary>The Authority's secret there.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>The file that holds the secret.</summary>
    public string? ClientSecretFile { get; init; }

    /// <summary>What a provider without OpenID Connect would say in a discovery document; an OpenID provider has none of it.</summary>
    public OAuthProviderOptions? OAuth { get; init; }

    /// <summary>Scopes asked for at each sign-in beside those that an agent needs; <c>openid profile offline_access</c> unless set, and none without OpenID Connect.</summary>
    public IReadOnlyList<string> SignInScopes { get; init; } = [];

    /// <summary>Types of authorization details (RFC 9396) that its tokens can carry, asked for in a refresh; none unless set.</summary>
    public IReadOnlyList<string> AuthorizationDetailsTypes { get; init; } = [];

    /// <summary>What an agent's scope means here. A scope that is not listed opens nothing.</summary>
    public IReadOnlyList<ScopeTranslation> Scopes { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => DisplayName;
}

/// <summary>One line of the table that translates scopes.</summary>
public sealed record ScopeTranslation
{
    /// <summary>The agent's scope, such as <c>portfolio:read</c>.</summary>
    [Required] public string Scope { get; init; } = "";

    /// <summary>The scopes of the connection that it needs, such as <c>account:read</c>.</summary>
    [MinLength(1)] public IReadOnlyList<string> Upstream { get; init; } = [];
}
