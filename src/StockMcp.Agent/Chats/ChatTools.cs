using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using StockMcp.Agent.StockTools;
using StockMcp.Agent.Tasks;

namespace StockMcp.Agent.Chats;

/// <summary>What a model can call: the stock tools, and this agent's tasks.</summary>
internal sealed class ChatTools(IStockTools stock, TaskTools tasks)
{
    public async Task<IReadOnlyList<AIFunctionDeclaration>> ListAsync(string subject, CancellationToken cancellationToken)
        => [.. await stock.ListAsync(subject, cancellationToken), .. TaskTools.Declarations];

    /// <param name="subject">For whom.</param>
    /// <param name="call">The model's call.</param>
    /// <param name="requestId">Names this very call.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<ToolAnswer> CallAsync(string subject, FunctionCallContent call, string requestId, CancellationToken cancellationToken)
    {
        if (call.Exception is not null || Arguments(call) is not { } arguments)
            return new ToolAnswer.Refused("invalid_argument", "The arguments are not a JSON object that can be read. Nothing was done.", Retry: false, MoneyMayHaveMoved: false);
        return TaskTools.Has(call.Name) ? await tasks.CallAsync(subject, call.Name, arguments, requestId, cancellationToken) : await stock.CallAsync(subject, call.Name, ToolCatalog.Complete(call.Name, arguments, requestId), cancellationToken);
    }

    private static JsonObject? Arguments(FunctionCallContent call)
    {
        try
        {
            return call.Arguments is null ? [] : JsonSerializer.SerializeToNode(call.Arguments, AIJsonUtilities.DefaultOptions) as JsonObject;
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            return null;
        }
    }
}
