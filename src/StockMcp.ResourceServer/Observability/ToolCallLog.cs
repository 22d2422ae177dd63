using StockMcp.Tools.Connections;
using StockMcp.Tools.Schemas;

namespace StockMcp.ResourceServer.Observability;

/// <summary>One line for each tool call: who, which agent, which tool, how it ended, how long it took. No argument, no answer, no token (LG-01).</summary>
internal sealed partial class ToolCallLog(ILogger<ToolCallLog> logger)
{
    public void Answered(Caller caller, string tool, string outcome, TimeSpan elapsed)
    {
        if (!logger.IsEnabled(LogLevel.Information)) return;
        var (user, agent, milliseconds) = (Clean(caller.Name is { Length: > 0 } name ? $"{name} ({caller.Subject})" : caller.Subject), Clean(caller.ClientId), (long)elapsed.TotalMilliseconds);
        LogCall(user, agent, tool, outcome, milliseconds);
    }

    public void Refused(Caller caller, string tool) => Answered(caller, tool, "403 insufficient_scope", TimeSpan.Zero);

    // Names come from outside: a line break in one must not begin a line of its own (LG-02).
    private static string Clean(string text) => ForeignText.Clean(text, 120);

    [LoggerMessage(Level = LogLevel.Information, Message = "{User} via {Agent}: {Tool} {Outcome} {Elapsed} ms")]
    private partial void LogCall(string user, string agent, string tool, string outcome, long elapsed);
}
