using System.Diagnostics;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using StockMcp.ResourceServer.Observability;
using StockMcp.ResourceServer.ScopeChallenge;
using StockMcp.Tools.Connections;
using StockMcp.Tools.Errors;
using StockMcp.Tools.Schemas;

namespace StockMcp.ResourceServer.McpEndpoint;

/// <summary>What surrounds every tool call.</summary>
internal static partial class ToolCallFilters
{
    /// <summary>Traces the call, and writes its line.</summary>
    public static McpRequestHandler<CallToolRequestParams, CallToolResult> Observe(McpRequestHandler<CallToolRequestParams, CallToolResult> next) => async (request, cancellationToken) =>
    {
        var services = request.Services!;
        var (time, log, telemetry) = (services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ToolCallLog>(), services.GetRequiredService<Telemetry>());
        var tool = (request.MatchedPrimitive as McpServerTool)?.ProtocolTool.Name ?? "unknown tool";
        using var activity = Telemetry.Activities.StartActivity("tool " + tool);
        var (started, outcome) = (time.GetTimestamp(), "cancelled");
        try
        {
            var result = await next(request, cancellationToken);
            outcome = result.IsError == true ? CodeOf(result) : "ok";
            return result;
        }
        catch (Exception exception) when (exception is UrlElicitationRequiredException or InputRequiredException)
        {
            outcome = "input_required";
            throw;
        }
        catch (McpProtocolException)
        {
            outcome = "refused";
            throw;
        }
        finally
        {
            var elapsed = time.GetElapsedTime(started);
            activity?.SetTag("stockmcp.tool", tool).SetTag("stockmcp.outcome", outcome);
            if (outcome is not ("ok" or "cancelled")) activity?.SetStatus(ActivityStatusCode.Error, outcome);
            telemetry.ToolCall(tool, outcome, elapsed);
            log.Answered(services.GetRequiredService<Caller>(), tool, outcome, elapsed);
        }
    };

    /// <summary>Makes every failure an answer with a code. This is the one place where that is decided.</summary>
    public static McpRequestHandler<CallToolRequestParams, CallToolResult> Refuse(McpRequestHandler<CallToolRequestParams, CallToolResult> next) => async (request, cancellationToken) =>
    {
        var services = request.Services!;
        if (request.MatchedPrimitive is not McpServerTool tool) throw new McpProtocolException("There is no such tool: tools/list names those there are.", McpErrorCode.InvalidParams);
        try
        {
            ScopeChallengeExtensions.CheckAgain(services.GetRequiredService<IHttpContextAccessor>().HttpContext, tool.ProtocolTool.Name);
            return await next(request, cancellationToken);
        }
        catch (TradingException exception)
        {
            return ToolError.From(exception).ToResult();
        }
        catch (Exception exception) when (exception is not (McpProtocolException or InputRequiredException) && !(exception is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            LogUnexpected(services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ToolCallFilters).FullName!), tool.ProtocolTool.Name, exception);
            return ToolError.From(new TradingException(ErrorCode.InternalError, "This server made a mistake. Its operator finds it under the id.")).ToResult();
        }
    };

    private static string CodeOf(CallToolResult result)
        => result.StructuredContent is { } content && content.TryGetProperty("error", out var error) ? error.GetProperty("code").GetString()! : ToolJson.NameOf(ErrorCode.InternalError);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Tool} failed")]
    private static partial void LogUnexpected(ILogger logger, string tool, Exception exception);
}
