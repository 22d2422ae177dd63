using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using StockMcp.ResourceServer.ScopeChallenge;

namespace StockMcp.ResourceServer.McpEndpoint;

/// <summary>The same list for everybody, in the same order: a client that remembers it sees no change where there is none (RS-14).</summary>
internal static class ToolList
{
    public static McpRequestHandler<ListToolsRequestParams, ListToolsResult> InStableOrder(McpRequestHandler<ListToolsRequestParams, ListToolsResult> next) => async (request, cancellationToken) =>
    {
        var tools = request.Services!.GetRequiredService<ToolScopes>();
        var list = await next(request, cancellationToken);
        list.Tools = [.. list.Tools.OrderBy(tool => tools.PlaceOf(tool.Name))];
        return list;
    };
}
