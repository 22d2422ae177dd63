using System.Reflection;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using StockMcp.Tools;

namespace StockMcp.Server.McpEndpoint;

/// <summary>The same list for everybody, in the same order: a client that remembers it sees no change where there is none (RS-14).</summary>
internal static class ToolList
{
    private static readonly List<string> s_order = [.. StockToolsExtensions.Methods.Select(method => method.GetCustomAttribute<McpServerToolAttribute>()!.Name!)];

    public static McpRequestHandler<ListToolsRequestParams, ListToolsResult> InStableOrder(McpRequestHandler<ListToolsRequestParams, ListToolsResult> next) => async (request, cancellationToken) =>
    {
        var list = await next(request, cancellationToken);
        list.Tools = [.. list.Tools.OrderBy(tool => s_order.IndexOf(tool.Name))];
        return list;
    };
}
