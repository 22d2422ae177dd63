using System.Text.Json.Nodes;
using ModelContextProtocol.Server;
using StockMcp.Tools.Scopes;

namespace StockMcp.ResourceServer.ScopeChallenge;

/// <summary>The tools of this server, and the scopes that each asks for with <see cref="RequiresScopeAttribute"/>. Check, metadata, challenges and <c>tools/list</c> all read it here.</summary>
public sealed class ToolScopes
{
    private readonly Dictionary<string, IReadOnlyList<string>> scopes = new(StringComparer.Ordinal);
    private readonly List<string> order = [];

    /// <summary>Reads them, and writes the scopes into each tool's <c>_meta</c>.</summary>
    public ToolScopes(IEnumerable<McpServerTool> tools)
    {
        ArgumentNullException.ThrowIfNull(tools);
        foreach (var tool in tools)
        {
            var needed = tool.Metadata.OfType<RequiresScopeAttribute>().SelectMany(attribute => attribute.Scopes).Distinct(StringComparer.Ordinal).ToList();
            scopes.Add(tool.ProtocolTool.Name, needed);
            order.Add(tool.ProtocolTool.Name);
            (tool.ProtocolTool.Meta ??= [])[RequiresScopeAttribute.MetaKey] = new JsonArray([.. needed.Select(scope => (JsonNode)scope)]);
        }
        All = [.. order.SelectMany(tool => scopes[tool]).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Every scope that some tool asks for, in the order of the tools.</summary>
    public IReadOnlyList<string> All { get; }

    /// <summary>The scopes that a tool asks for; <see langword="null"/> if there is no such tool.</summary>
    public IReadOnlyList<string>? Of(string tool) => scopes.GetValueOrDefault(tool);

    internal int PlaceOf(string tool) => order.IndexOf(tool);
}
