using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace StockMcp.Agent.StockTools;

/// <summary>The stock tools, called for one person. Whoever calls them, a model, the grammar or a task, never sees the person's token.</summary>
internal interface IStockTools
{
    /// <summary>What the tools are, for a model: the same for everybody.</summary>
    Task<IReadOnlyList<AIFunctionDeclaration>> ListAsync(string subject, CancellationToken cancellationToken);

    /// <summary>Calls one. What can be mended by the person is an answer, not an exception.</summary>
    Task<ToolAnswer> CallAsync(string subject, string tool, JsonObject arguments, CancellationToken cancellationToken);
}

/// <summary>How a tool call ended.</summary>
internal abstract record ToolAnswer
{
    /// <summary>The tool answered.</summary>
    /// <param name="Data">For programs.</param>
    /// <param name="Text">The same in a few words.</param>
    public sealed record Done(JsonObject Data, string Text) : ToolAnswer;

    /// <summary>The tool refused, and the person has no page to mend that.</summary>
    public sealed record Refused(string Code, string Message, bool Retry, bool MoneyMayHaveMoved) : ToolAnswer;

    /// <summary>The person's account at the broker has to be connected, or connected for more.</summary>
    public sealed record ConnectNeeded(string Uri, string Message) : ToolAnswer;

    /// <summary>The person did not allow this agent what the tool needs.</summary>
    public sealed record ScopesNeeded(IReadOnlyList<string> Scopes) : ToolAnswer;

    /// <summary>The person has to sign this agent in again.</summary>
    public sealed record SignInNeeded : ToolAnswer;
}
