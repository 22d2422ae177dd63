using StockMcp.Hosting;
using StockMcp.ResourceServer.ScopeChallenge;

namespace StockMcp.ResourceServer.ProtectedResource;

/// <summary>This server as OAuth sees it (RFC 9728). All of it follows from the public URL and from what the tools say of themselves.</summary>
public sealed class McpResource(PublicUrl publicUrl, ToolScopes tools, ProtectedResourceOptions options)
{
    /// <summary>Where MCP is spoken.</summary>
    public const string Path = "/mcp";

    /// <summary>RFC 9728, section 3.</summary>
    public const string MetadataPath = "/.well-known/oauth-protected-resource";

    /// <summary>The resource's identifier: the one audience of tokens that are good here.</summary>
    public string Uri { get; } = publicUrl.At(Path);

    /// <summary>What people call it.</summary>
    public string Name => options.Name;

    /// <summary>The path of the page about it.</summary>
    public string DocumentationPath => options.DocumentationPath;

    /// <summary>Where its metadata are: RFC 9728 puts the resource's path behind the well-known one.</summary>
    public string MetadataUrl { get; } = publicUrl.At(MetadataPath + Path);

    /// <summary>Every scope that some tool asks for.</summary>
    public IReadOnlyList<string> ScopesSupported => tools.All;

    /// <summary>What an agent is told to ask for first.</summary>
    public IReadOnlyList<string> DefaultScopes => options.DefaultScopes ?? tools.All;
}
