using System.ComponentModel.DataAnnotations;

namespace StockMcp.Authority.Resources;

/// <summary>A resource server whose tokens are issued here (RFC 8707): an MCP server. The setting <c>Resources</c>.</summary>
public sealed record ProtectedResource
{
    /// <summary>The section's name.</summary>
    public const string Section = "Resources";

    /// <summary>Its URI: the parameter <c>resource</c>, and the audience of its tokens, spelt exactly so.</summary>
    [Required] public string Uri { get; init; } = "";

    /// <summary>What people call it.</summary>
    [Required] public string DisplayName { get; init; } = "";

    /// <summary>The client that it is itself: the only one that may exchange tokens addressed to it.</summary>
    [Required] public string ClientId { get; init; } = "";

    /// <summary>What an agent can be allowed there.</summary>
    [MinLength(1)] public IReadOnlyList<ResourceScope> Scopes { get; init; } = [];

    /// <summary>What an agent gets that asks for nothing in particular.</summary>
    public IEnumerable<string> DefaultScopes => Scopes.Where(scope => scope.Default).Select(scope => scope.Name);
}

/// <summary>A scope of a resource.</summary>
public sealed record ResourceScope
{
    /// <summary>Its name, such as <c>portfolio:read</c>.</summary>
    [Required] public string Name { get; init; } = "";

    /// <summary>What it allows, in the words of the consent page.</summary>
    [Required] public string Words { get; init; } = "";

    /// <summary>Whether an agent that asks for nothing in particular is offered it. False unless set.</summary>
    public bool Default { get; init; }
}
