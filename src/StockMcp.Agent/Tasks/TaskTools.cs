using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;
using StockMcp.Agent.StockTools;

namespace StockMcp.Agent.Tasks;

/// <summary>Tasks as tools: a model, or the grammar, makes and lists them. Pausing and deleting is the person's, on their page.</summary>
internal sealed partial class TaskTools(TaskStore tasks, TimeProvider time)
{
    public const string Create = "create_task";
    private const string List = "list_tasks";

    private const string CreateSchema = """
        {
          "type": "object", "additionalProperties": false, "required": [ "symbol", "side", "quantity", "when", "price" ],
          "properties": {
            "symbol": { "type": "string", "pattern": "^[A-Z]{1,5}(\\.[A-Z])?$", "description": "The share's symbol in capital letters. Find it with search_stocks; never guess it." },
            "side": { "enum": [ "buy", "sell" ] },
            "quantity": { "type": "string", "pattern": "^[0-9]{1,7}(\\.[0-9]{1,9})?$", "description": "How many shares, as a decimal string." },
            "when": { "enum": [ "below", "above" ], "description": "Whether to wait for a price below or above price." },
            "price": { "type": "string", "pattern": "^[0-9]{1,7}(\\.[0-9]{1,4})?$", "description": "The price to wait for, in USD." },
            "limit_price": { "type": "string", "pattern": "^[0-9]{1,7}(\\.[0-9]{1,4})?$", "description": "The worst price of the order, in USD. price unless given; needed to buy above or to sell below." }
          }
        }
        """;

    public static IReadOnlyList<AIFunctionDeclaration> Declarations { get; } =
    [
        AIFunctionFactory.CreateDeclaration(Create, "Makes a task that watches a price while the person is away, and asks them for their yes to a limit order when the price is met. It places nothing by itself. Only if the person asked for it.", Schema(CreateSchema)),
        AIFunctionFactory.CreateDeclaration(List, "The person's tasks, and where each is.", Schema("""{ "type": "object", "additionalProperties": false, "properties": {} }""")),
    ];

    public static bool Has(string tool) => tool is Create or List;

    /// <param name="subject">For whom.</param>
    /// <param name="tool">Which.</param>
    /// <param name="arguments">As the model gave them.</param>
    /// <param name="requestId">Names this very call: made again, it is the same task.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<ToolAnswer> CallAsync(string subject, string tool, JsonObject arguments, string requestId, CancellationToken cancellationToken)
        => tool == Create ? CreateAsync(subject, arguments, requestId, cancellationToken) : ListAsync(subject, cancellationToken);

    private async Task<ToolAnswer> CreateAsync(string subject, JsonObject arguments, string requestId, CancellationToken cancellationToken)
    {
        if (arguments.FirstOrDefault(argument => argument.Key is not ("symbol" or "side" or "quantity" or "when" or "price" or "limit_price")) is { Key: { } unknown }) return Invalid($"There is no argument {unknown}.");
        if (Text("symbol") is not { } symbol || !Symbol().IsMatch(symbol)) return Invalid("symbol must be a share's symbol in capital letters, for example WAYNE.");
        if (Text("side") is not ("buy" or "sell") || Text("side") is not { } side) return Invalid("side must be buy or sell.");
        if (Text("when") is not ("below" or "above") || Text("when") is not { } when) return Invalid("when must be below or above.");
        if (Figure("quantity") is not (> 0 and <= 1_000_000m and var quantity)) return Invalid("quantity must be a decimal string, more than 0 and at most 1000000.");
        if (Figure("price") is not (> 0 and <= 1_000_000m and var price) || !IsPrice(price)) return Invalid("price must be a decimal string in USD, more than 0, with at most 2 decimal places (4 below 1 USD).");
        var limit = price;
        if (arguments.ContainsKey("limit_price"))
        {
            if (Figure("limit_price") is not (> 0 and <= 1_000_000m and var given) || !IsPrice(given)) return Invalid("limit_price must be a decimal string in USD, more than 0, with at most 2 decimal places (4 below 1 USD).");
            limit = given;
        }
        else if ((side == "buy") != (when == "below")) return Invalid($"limit_price is needed to {side} {when} a price: the worst price of the order.");
        if (side == "buy" && when == "above" && limit < price) return Invalid($"It could never be bought: when the price is above {AgentTask.Figure(price)}, nobody sells at {AgentTask.Figure(limit)} or less. Give a higher limit_price.");
        if (side == "sell" && when == "below" && limit > price) return Invalid($"It could never be sold: when the price is below {AgentTask.Figure(price)}, nobody pays {AgentTask.Figure(limit)} or more. Give a lower limit_price.");

        var task = new AgentTask { Id = IdOf(requestId), Subject = subject, Symbol = symbol, Side = side, Quantity = quantity, Below = when == "below", Price = price, LimitPrice = limit, CreatedAt = time.GetUtcNow() };
        return await tasks.CreateAsync(task, cancellationToken) is { } made
            ? new ToolAnswer.Done(new JsonObject { ["task_id"] = made.Id.ToString(), ["task"] = made.InWords, ["state"] = made.State.ToString() }, $"Task made: {made.InWords}. When the price is met you are asked for your yes. It goes on while you are away.")
            : new ToolAnswer.Refused("too_many_tasks", "There are too many tasks that are not over. Delete some on the page Tasks.", Retry: false, MoneyMayHaveMoved: false);

        string? Text(string name) => arguments[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

        decimal? Figure(string name) => Text(name) is { Length: <= 17 } text && decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var figure) ? figure : null;
    }

    private async Task<ToolAnswer> ListAsync(string subject, CancellationToken cancellationToken)
    {
        var all = await tasks.ListAsync(subject, cancellationToken);
        var data = new JsonObject { ["tasks"] = new JsonArray([.. all.Take(20).Select(task => (JsonNode)new JsonObject { ["task"] = task.InWords, ["state"] = TaskWords.Of(task.State), ["last"] = task.History.LastOrDefault()?.Text })]) };
        return new ToolAnswer.Done(data, all.Count == 0 ? "You have no tasks." : string.Join('\n', all.Take(20).Select(task => $"{task.InWords}: {TaskWords.Of(task.State)}")));
    }

    private static bool IsPrice(decimal price) => price == decimal.Round(price, price >= 1 ? 2 : 4);

    private static ToolAnswer.Refused Invalid(string message) => new("invalid_argument", message, Retry: false, MoneyMayHaveMoved: false);

    private static Guid IdOf(string requestId) => new(SHA256.HashData(Encoding.UTF8.GetBytes("stockmcp/task/v1\n" + requestId)).AsSpan(0, 16));

    private static JsonElement Schema(string json) => JsonSerializer.Deserialize<JsonElement>(json);

    [GeneratedRegex(@"^[A-Z]{1,5}(\.[A-Z])?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Symbol();
}

/// <summary>States in words.</summary>
internal static class TaskWords
{
    public static string Of(TaskState state) => state switch
    {
        TaskState.Watching => "watches the price",
        TaskState.Paused => "paused",
        TaskState.Asking => "asks you",
        TaskState.Waiting => "waits for your yes",
        TaskState.NeedsYou => "needs you",
        TaskState.Placed => "placed",
        _ => "over, nothing ordered",
    };

    public static string ClassOf(TaskState state) => state switch { TaskState.Watching or TaskState.Placed => "state on", TaskState.Asking or TaskState.Waiting or TaskState.NeedsYou => "state wait", _ => "state" };
}
