using System.ComponentModel.DataAnnotations;

namespace StockMcp.Agent.StockTools;

/// <summary>The setting <c>Agent</c>.</summary>
public sealed record AgentOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Agent";

    /// <summary>The MCP server whose tools are used.</summary>
    [Required(ErrorMessage = Section + ":McpServer is not set. Set it to the MCP server's URL, for example https://stock.example.com/mcp.")]
    public Uri? McpServer { get; init; }

    /// <summary>The resource (RFC 8707) that tokens are for.</summary>
    public string Resource => McpServer!.AbsoluteUri;
}
