using System.Text.Json;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Connections;

/// <summary>A connection, with its name: it is also the audience under which its tokens are exchanged.</summary>
public sealed class Connection(string name, ConnectionOptions options)
{
    private readonly Dictionary<string, IReadOnlyList<string>> translations = options.Scopes.ToDictionary(line => line.Scope, line => line.Upstream);

    /// <summary>Its name in settings, paths and the parameter <c>audience</c>.</summary>
    public string Name => name;

    /// <summary>What people call it.</summary>
    public string DisplayName => options.DisplayName;

    /// <summary>How the provider is asked, if it speaks OAuth 2.0 alone.</summary>
    public OAuthProviderOptions? OAuth => options.OAuth;

    /// <summary>Asked for at each sign-in.</summary>
    public IReadOnlyList<string> SignInScopes { get; } = options.SignInScopes.Count > 0 ? options.SignInScopes : options.OAuth is not null ? [] : [Scopes.OpenId, Scopes.Profile, Scopes.OfflineAccess];

    /// <summary>Whether its tokens can carry authorization details of a type.</summary>
    public bool KnowsDetails(string type) => options.AuthorizationDetailsTypes.Contains(type);

    /// <summary>What of authorization details its tokens can carry; <see langword="null"/> if not even the first element, which is what is to be done.</summary>
    public string? KnownOf(string details)
    {
        using var document = JsonDocument.Parse(details);
        var known = document.RootElement.EnumerateArray().Where(element => KnowsDetails(element.GetProperty("type").GetString()!)).ToList();
        return known.Count == 0 || !KnowsDetails(document.RootElement[0].GetProperty("type").GetString()!) ? null
            : known.Count == document.RootElement.GetArrayLength() ? details : JsonSerializer.Serialize(known);
    }

    /// <summary>The connection's scopes that an agent's scopes need, in a stable order.</summary>
    public IReadOnlyList<string> Translate(IEnumerable<string> scopes)
        => [.. scopes.SelectMany(scope => translations.GetValueOrDefault(scope) ?? []).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Every agent's scope that means something here.</summary>
    public IEnumerable<string> AllScopes => translations.Keys;

    /// <summary>Whether the connection knows an agent's scope.</summary>
    public bool Knows(string scope) => translations.ContainsKey(scope);

    /// <summary>The agent's scopes that can be served with what the connection granted.</summary>
    public IReadOnlyList<string> Served(IReadOnlyCollection<string> granted)
        => [.. translations.Where(line => line.Value.All(granted.Contains)).Select(line => line.Key).Order(StringComparer.Ordinal)];
}

/// <summary>All connections, in the order of the settings.</summary>
public sealed class ConnectionTable(IReadOnlyList<Connection> all)
{
    /// <summary>All of them; at least one.</summary>
    public IReadOnlyList<Connection> All => all;

    /// <summary>The connection of a name, or <see langword="null"/> if there is none.</summary>
    public Connection? Find(string? name) => all.FirstOrDefault(connection => connection.Name == name);
}
