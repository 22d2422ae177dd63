using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;
using StockMcp.Agent.Chats;

namespace StockMcp.Agent.ChatModel;

/// <summary>
/// A small command grammar behind a model's interface, so that everything works on a fresh machine. It is no model, and says so: it knows a few sentences, calls the same tools
/// as a model would, and repeats what they answer.
/// </summary>
internal sealed partial class CommandGrammar : IChatClient
{
    private const string Help = """
        I am not a model, only a small command grammar. I know these sentences:

        price of WAYNE
        history of WAYNE
        search wayne
        my portfolio
        my account
        my orders
        my limits
        who am i
        is the market open
        buy 10 WAYNE at 71.50 or less
        sell 5 WAYNE at 80 or more
        buy 10 WAYNE
        buy 10 WAYNE when it is below 70
        sell 5 WAYNE when it is above 80
        my tasks
        cancel order 0123…
        help
        """;

    private const string Quantity = @"(?<quantity>[0-9]{1,7}(\.[0-9]{1,9})?)";
    private const string Symbol = @"\$?(?<symbol>[a-z]{1,5}(\.[a-z])?)";
    private const string Price = @"\$?(?<price>[0-9]{1,7}(\.[0-9]{1,4})?)(\s*(usd|dollars?))?";
    private const string Limit = @"\$?(?<limit>[0-9]{1,7}(\.[0-9]{1,4})?)(\s*(usd|dollars?))?";

    private static readonly (Regex Pattern, Func<Match, FunctionCallContent> Call)[] s_commands =
    [
        (OrderAtLimit(), match => Call("place_order", Order(match, limit: true))),
        (OrderLater(), Later),
        (OrderAtMarket(), match => Call("review_order", Order(match, limit: false))), // its price is not known yet: what it may cost is worked out first
        (PriceOf(), match => Call("get_quote", new() { ["symbol"] = SymbolOf(match) })),
        (HistoryOf(), match => Call("get_price_history", new() { ["symbol"] = SymbolOf(match) })),
        (Search(), match => Call("search_stocks", new() { ["query"] = match.Groups["query"].Value.Trim() })),
        (Portfolio(), _ => Call("get_portfolio", [])),
        (Account(), _ => Call("get_account", [])),
        (Orders(), _ => Call("list_orders", [])),
        (Limits(), _ => Call("get_trading_limits", [])),
        (WhoAmI(), _ => Call("whoami", [])),
        (Market(), _ => Call("get_market_clock", [])),
        (Tasks(), _ => Call("list_tasks", [])),
        (Cancel(), match => Call("cancel_order", new() { ["order_id"] = match.Groups["id"].Value })),
    ];

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        => await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        var all = messages.ToList();
        switch (Answer(all))
        {
            case FunctionCallContent call:
                yield return new ChatResponseUpdate(ChatRole.Assistant, [call]);
                break;
            case TextContent { Text: var text }:
                // In pieces, as a model would.
                foreach (var line in text.Split('\n')) yield return new ChatResponseUpdate(ChatRole.Assistant, line + "\n");
                break;
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose() { }

    private static AIContent Answer(List<ChatMessage> messages)
    {
        if (messages.Count == 0) return new TextContent(Help);
        if (messages[^1].Role == ChatRole.Tool && messages[^1].Contents.OfType<FunctionResultContent>().LastOrDefault() is { } result)
            return Follow(messages, result);
        var said = Spaces().Replace(messages[^1].Text.Trim().TrimEnd('.', '!', '?'), " ");
        if (HelpWanted().IsMatch(said)) return new TextContent(Help);
        foreach (var (pattern, call) in s_commands)
            if (pattern.Match(said) is { Success: true } match) return call(match);
        return new TextContent("I do not know that sentence. I am not a model, only a small command grammar: write help to see what I know.");
    }

    // What a tool answered is repeated; only a review is gone on with, to the order that it was for.
    private static AIContent Follow(List<ChatMessage> messages, FunctionResultContent result)
    {
        var call = messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().LastOrDefault(call => call.CallId == result.CallId);
        var answer = ToolResults.Read(result);
        if (call is { Name: "review_order", Arguments: { } arguments } && answer["data"]?["review_id"] is { } review)
        {
            var order = arguments.ToDictionary(argument => argument.Key, argument => argument.Value);
            order["review_id"] = (string?)review;
            return new FunctionCallContent(Guid.CreateVersion7().ToString("N"), "place_order", order);
        }
        if (call?.Name == "place_order" && (string?)answer["data"]?["status"] == "approval_pending")
            return new TextContent($"I asked for your yes: see the card, code {(string?)answer["data"]?["code"]}. Nothing is ordered unless you say yes on your own page.");
        return new TextContent((string?)answer["text"] ?? "Done.");
    }

    private static FunctionCallContent Call(string tool, Dictionary<string, object?> arguments) => new(Guid.CreateVersion7().ToString("N"), tool, arguments);

    private static Dictionary<string, object?> Order(Match match, bool limit)
    {
        var order = new Dictionary<string, object?> { ["symbol"] = SymbolOf(match), ["side"] = match.Groups["side"].Value.ToLowerInvariant(), ["quantity"] = match.Groups["quantity"].Value, ["order_type"] = limit ? "limit" : "market" };
        if (limit) order["limit_price"] = match.Groups["price"].Value;
        return order;
    }

    private static FunctionCallContent Later(Match match)
    {
        var task = new Dictionary<string, object?>
        {
            ["symbol"] = SymbolOf(match),
            ["side"] = match.Groups["side"].Value.ToLowerInvariant(),
            ["quantity"] = match.Groups["quantity"].Value,
            ["when"] = match.Groups["when"].Value.ToLowerInvariant() is "below" or "under" ? "below" : "above",
            ["price"] = match.Groups["price"].Value,
        };
        if (match.Groups["limit"] is { Success: true } limit) task["limit_price"] = limit.Value;
        return Call("create_task", task);
    }

    private static string SymbolOf(Match match) => match.Groups["symbol"].Value.ToUpperInvariant();

    [GeneratedRegex(@"\s+", RegexOptions.None, 1000)]
    private static partial Regex Spaces();

    [GeneratedRegex("^(help|hello|hi|what can you do)$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex HelpWanted();

    [GeneratedRegex($"^(?<side>buy|sell) {Quantity}( shares?( of)?)? {Symbol} (at|for) {Price}( or (less|more|better|lower|higher))?( each)?$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OrderAtLimit();

    [GeneratedRegex($@"^(?<side>buy|sell) {Quantity}( shares?( of)?)? {Symbol} (when|if|once) ((it|the price|\k<symbol>) )?(is|falls|rises|goes|drops|gets) (?<when>below|under|above|over) {Price}(,? at {Limit}( or (less|more|better|lower|higher))?)?$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OrderLater();

    [GeneratedRegex($"^(?<side>buy|sell) {Quantity}( shares?( of)?)? {Symbol}( at (the )?market( price)?| now)?$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OrderAtMarket();

    [GeneratedRegex($"^((what is |what's )?(the )?(price|quote) (of|for) |quote |price ){Symbol}$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PriceOf();

    [GeneratedRegex($"^((price )?history (of|for) |how did ){Symbol}( do)?$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex HistoryOf();

    [GeneratedRegex("^(search|find|look for)( for)? (?<query>.{1,64})$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Search();

    [GeneratedRegex("^(show )?(me )?(my )?(portfolio|positions|shares|holdings)$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Portfolio();

    [GeneratedRegex("^(show )?(me )?(my )?(account|balance|cash|buying power)$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Account();

    [GeneratedRegex("^(show )?(me )?(my )?orders$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Orders();

    [GeneratedRegex("^(show )?(me )?(my )?limits$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Limits();

    [GeneratedRegex("^who ?am ?i$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex WhoAmI();

    [GeneratedRegex("^(is )?(the )?market( open| clock| hours)?$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Market();

    [GeneratedRegex("^(show )?(me )?(my )?tasks$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Tasks();

    [GeneratedRegex("^cancel( my)?( order)? (?<id>[0-9a-f-]{36})$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Cancel();
}
