using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace StockMcp.ResourceServer.ArgumentChecks;

/// <summary>
/// The SDK publishes bounds without enforcing them, leaves unknown arguments out and takes <c>"7"</c> for 7. This filter holds every call to what <c>tools/list</c> says.
/// </summary>
internal static class ArgumentCheckExtensions
{
    /// <summary>The checks of all tools.</summary>
    public static void AddArgumentChecks(this IServiceCollection services)
        => services.AddSingleton(provider => new CheckedTools(provider.GetServices<McpServerTool>().ToDictionary(tool => tool.ProtocolTool.Name, tool => new ArgumentSchema(tool.ProtocolTool.InputSchema))));

    /// <summary>Checks before the tool runs.</summary>
    public static McpRequestHandler<CallToolRequestParams, CallToolResult> CheckArguments(McpRequestHandler<CallToolRequestParams, CallToolResult> next) => (request, cancellationToken) =>
    {
        request.Services!.GetRequiredService<CheckedTools>().Of(request.Params!.Name).Check(request.Params.Arguments);
        return next(request, cancellationToken);
    };
}

internal sealed class CheckedTools(Dictionary<string, ArgumentSchema> schemas)
{
    public ArgumentSchema Of(string tool) => schemas[tool];
}
