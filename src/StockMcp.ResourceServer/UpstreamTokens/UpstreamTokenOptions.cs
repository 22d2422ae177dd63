using System.ComponentModel.DataAnnotations;

namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>How upstream tokens are got and remembered.</summary>
public sealed class UpstreamTokenOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "UpstreamTokens";

    /// <summary>How the authorization server wants to be asked: <c>rfc8693</c> (the Authority, Keycloak), <c>auth0</c>, <c>entra-obo</c>. <c>rfc8693</c> unless set.</summary>
    [RegularExpression("^(rfc8693|auth0|entra-obo)$", ErrorMessage = Section + ":{0} must be rfc8693, auth0 or entra-obo.")]
    public string Dialect { get; init; } = Rfc8693Dialect.Name;

    /// <summary>What to ask for in the place of an agent's scope, at an authorization server that calls it otherwise there. One that is not listed is asked for as it is.</summary>
    public IReadOnlyList<UpstreamScope> Scopes { get; init; } = [];

    /// <summary>The page where people connect their account, at an authorization server that does not name one itself; none unless set.</summary>
    public Uri? ConnectPage { get; init; }

    /// <summary>Taken off a token's own lifetime, so that none expires on its way upstream. At most 5 minutes; 30 seconds unless set.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00", ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public TimeSpan ExpiryMargin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a token is remembered at most, however long it lives. 10 seconds to 10 minutes; 10 minutes unless set.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "00:10:00", ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public TimeSpan LongestMemory { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long one exchange may take. 0.1 to 30 seconds; 10 seconds unless set.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:00:30", ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many exchanges may be under way at once in this process. 1 to 1,000; 50 unless set.</summary>
    [Range(1, 1000, ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public int Concurrency { get; init; } = 50;

    /// <summary>How many tokens this process remembers at most. 100 to 1,000,000; 10,000 unless set.</summary>
    [Range(100, 1_000_000, ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public int Capacity { get; init; } = 10_000;

    /// <summary>The key under which tokens are kept in Redis: 32 bytes in base64, the same for all copies. Better in the file that <see cref="CacheKeyFile"/> names; without either, a file in the data folder is made.</summary>
    public string? CacheKey { get; init; }

    /// <summary>The file that holds the key.</summary>
    public string? CacheKeyFile { get; init; }
}

/// <summary>One line of the table of scopes.</summary>
public sealed class UpstreamScope
{
    /// <summary>The agent's scope, such as <c>portfolio:read</c>.</summary>
    public string Scope { get; init; } = "";

    /// <summary>What is asked for instead, such as <c>api://broker/Portfolio.Read</c>.</summary>
    public IReadOnlyList<string> Upstream { get; init; } = [];
}
