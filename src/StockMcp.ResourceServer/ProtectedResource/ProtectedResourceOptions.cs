namespace StockMcp.ResourceServer.ProtectedResource;

/// <summary>What a server says of itself. Part of its code, as its tools are; not a setting.</summary>
public sealed record ProtectedResourceOptions
{
    /// <summary>What people call it (<c>resource_name</c>).</summary>
    public required string Name { get; init; }

    /// <summary>The scopes that an agent is told to ask for first: best those that only let it see. Every scope of the tools, if left out.</summary>
    public IReadOnlyList<string>? DefaultScopes { get; init; }

    /// <summary>The path of a page about it (<c>resource_documentation</c>); <c>/</c> unless set.</summary>
    public string DocumentationPath { get; init; } = "/";
}
