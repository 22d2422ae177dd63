using System.ComponentModel.DataAnnotations;
using StockMcp.Hosting;
using StockMcp.ResourceServer.ProtectedResource;

namespace StockMcp.Agent.StockTools;

/// <summary>The setting <c>Agent</c>.</summary>
public sealed record AgentOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Agent";

    /// <summary>mcp: the tools are the MCP server's. direct: they run in this process, and the agent is itself the resource that tokens are for.</summary>
    [AllowedValues("mcp", "direct", ErrorMessage = Section + ":{0} must be mcp or direct.")]
    public string Tools { get; init; } = "mcp";

    /// <summary>Whether the tools run in this process.</summary>
    public bool IsDirect => Tools == "direct";

    /// <summary>The MCP server whose tools are used.</summary>
    [Required(ErrorMessage = Section + ":McpServer is not set. Set it to the MCP server's URL, for example https://stock.example.com/mcp.")]
    public Uri? McpServer { get; init; }

    /// <summary>The resource (RFC 8707) that tokens are for.</summary>
    public string Resource(PublicUrl publicUrl) => IsDirect ? publicUrl.At(McpResource.Path) : McpServer!.AbsoluteUri;
}
