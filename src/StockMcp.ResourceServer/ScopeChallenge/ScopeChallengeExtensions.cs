using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using StockMcp.ResourceServer.Observability;
using StockMcp.ResourceServer.ProtectedResource;
using StockMcp.ResourceServer.StrictJson;
using StockMcp.Tools.Connections;

namespace StockMcp.ResourceServer.ScopeChallenge;

/// <summary>Per-tool scopes, decided before arguments are bound: a call without them is a true 403 (RS-05, RS-06).</summary>
public static class ScopeChallengeExtensions
{
    /// <summary>Compares what the tool asks for with what the token has.</summary>
    public static void UseScopeChallenge(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        var caller = context.Features.Get<Caller>() ?? throw new InvalidOperationException("Scopes are checked after the token.");
        var message = context.Features.Get<McpMessage>();
        if (message is not { Method: RequestMethods.ToolsCall, Name: { } tool }) return next(context);
        if (context.RequestServices.GetRequiredService<ToolScopes>().Of(tool) is not { } needed)
        {
            // Not left to the SDK, which writes the name into the log just as it was sent (LG-02).
            context.RequestServices.GetRequiredService<ToolCallLog>().Answered(caller, "unknown tool", "refused", TimeSpan.Zero);
            return JsonRpcRefusal.WriteAsync(context, StatusCodes.Status200OK, new((int)McpErrorCode.InvalidParams, "There is no such tool: tools/list names those there are."));
        }
        var missing = needed.Where(scope => !caller.Scopes.Contains(scope)).ToList();
        if (missing.Count == 0) return next(context);
        context.RequestServices.GetRequiredService<ToolCallLog>().Refused(caller, tool);
        return context.RequestServices.GetRequiredService<Challenges>().InsufficientScopeAsync(context, tool, needed, missing);
    });

    /// <summary>The tool that runs must be the one that was authorized. A difference would be a mistake here or in the SDK, and nothing runs then.</summary>
    internal static void CheckAgain(HttpContext? context, string tool)
    {
        var caller = context?.Features.Get<Caller>();
        var needed = context?.RequestServices.GetRequiredService<ToolScopes>().Of(tool);
        if (context?.Features.Get<McpMessage>()?.Name != tool || caller is null || needed is null || !needed.All(caller.Scopes.Contains))
            throw new InvalidOperationException("The tool that is about to run is not the one that was authorized.");
    }
}
