using System.ComponentModel;
using System.Diagnostics;
using ModelContextProtocol.Protocol;
using StockMcp.Tools.Schemas;

namespace StockMcp.Tools.Errors;

/// <summary>A failure as the agent reads it. Every tool publishes it as the other form of its answer.</summary>
public sealed record ToolError
{
    /// <summary>What kind of failure.</summary>
    [Description("Stable code of the failure.")]
    public required ErrorCode Code { get; init; }

    /// <summary>What was wrong, and what to do.</summary>
    [Description("What was wrong, and what to do.")]
    public required string Message { get; init; }

    /// <summary>The argument that was wrong.</summary>
    [Description("Name of the argument that was wrong.")]
    public string? Argument { get; init; }

    /// <summary>The limit that was reached.</summary>
    [Description("Stable code of the limit that was reached: trading_off, largest_order, largest_daily_total, symbol_not_allowed, asking_stopped and others.")]
    public string? Limit { get; init; }

    /// <summary>Whether the same call can succeed later.</summary>
    [Description("Whether the same call can succeed a little later, with nothing done in between.")]
    public required bool Retry { get; init; }

    /// <summary>Whether money may have moved.</summary>
    [Description("Whether money may have moved. False: nothing was bought or sold.")]
    public required bool MoneyMayHaveMoved { get; init; }

    /// <summary>The page that mends it.</summary>
    [Description("Page that the person opens to mend it. Show it to them.")]
    public string? ConnectUri { get; init; }

    /// <summary>Under which the server's operator finds it.</summary>
    [Description("Id under which the operator of this server finds the failure.")]
    public string? CorrelationId { get; init; }

    /// <summary>The failure as an answer.</summary>
    public static ToolError From(TradingException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return new ToolError
        {
            Code = exception.Code,
            Message = exception.Message,
            Argument = exception.Argument,
            Limit = exception.Limit,
            Retry = exception.CanRetry,
            MoneyMayHaveMoved = exception.MoneyMayHaveMoved,
            ConnectUri = exception.ConnectUri,
            CorrelationId = Activity.Current?.TraceId.ToHexString(),
        };
    }

    /// <summary>The tool result: the same in text and in structure.</summary>
    public CallToolResult ToResult()
    {
        var text = Message
            + (ConnectUri is null ? "" : $" Page for the person: {ConnectUri}")
            + $" (code {ToolJson.NameOf(Code)}{(Argument is null ? "" : ", argument " + Argument)}{(Limit is null ? "" : ", limit " + Limit)}; {(Retry ? "a retry may help" : "the same call will fail again")}; {(MoneyMayHaveMoved ? "money may have moved" : "no money has moved")}{(CorrelationId is null ? "" : "; id " + CorrelationId)})";
        return new CallToolResult { IsError = true, Content = [new TextContentBlock { Text = text }], StructuredContent = ToolJson.ToElement(new ErrorAnswer { Error = this }) };
    }
}

/// <summary>The answer of a tool that failed.</summary>
public sealed record ErrorAnswer
{
    /// <summary>Why.</summary>
    [Description("Why the tool could not answer.")]
    public required ToolError Error { get; init; }
}
