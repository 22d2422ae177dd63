using System.Collections.Concurrent;
using System.ComponentModel;
using System.Net.Http.Headers;
using System.Text.Json;
using ModelContextProtocol.Server;
using StockMcp.Tools.Connections;
using StockMcp.Tools.Errors;
using StockMcp.Tools.Scopes;

namespace Watchlist;

/// <summary>The tools. Each names the scopes without which it is not called; <see cref="Caller"/> says for whom it runs, and through which agent.</summary>
[McpServerToolType]
internal sealed class WatchlistTools(Caller caller, Watchlists lists, BuyingPower buyingPower)
{
    [McpServerTool(Name = "list_watched", Title = "List watched stocks", ReadOnly = true, OpenWorld = false), RequiresScope("watchlist:read")]
    [Description("Lists the stocks that the person watches.")]
    public IReadOnlyCollection<string> ListWatched() => lists.Of(caller);

    [McpServerTool(Name = "watch", Title = "Watch a stock", Destructive = false, Idempotent = true, OpenWorld = false), RequiresScope("watchlist:read", "watchlist:write")]
    [Description("Puts a stock on the person's list.")]
    public IReadOnlyCollection<string> Watch([Description("Symbol of the stock, such as WAYNE.")] string symbol) => lists.Add(caller, symbol);

    [McpServerTool(Name = "buying_power", Title = "Show buying power", ReadOnly = true), RequiresScope("portfolio:read")]
    [Description("Says how much the person could spend at their brokerage, as a decimal string.")]
    public Task<string> BuyingPowerAsync(CancellationToken cancellationToken) => buyingPower.GetAsync(cancellationToken);
}

/// <summary>Who watches what. A list belongs to a person, whichever of their agents asks.</summary>
internal sealed class Watchlists
{
    private readonly ConcurrentDictionary<(string Issuer, string Subject), SortedSet<string>> lists = new();

    public IReadOnlyCollection<string> Of(Caller caller) => Use(caller, list => list.ToList());

    public IReadOnlyCollection<string> Add(Caller caller, string symbol) => Use(caller, list =>
    {
        list.Add(symbol);
        return list.ToList();
    });

    private List<string> Use(Caller caller, Func<SortedSet<string>, List<string>> use)
    {
        var list = lists.GetOrAdd((caller.Issuer, caller.Subject), _ => new SortedSet<string>(StringComparer.Ordinal));
        lock (list) return use(list);
    }
}

/// <summary>Calls the person's brokerage with a token of the brokerage's own, which the agent's token was exchanged for (RFC 8693). The agent's token goes nowhere.</summary>
internal sealed class BuyingPower(HttpClient http, IUpstreamTokens tokens)
{
    private static readonly string[] s_scopes = ["portfolio:read"];

    public async Task<string> GetAsync(CancellationToken cancellationToken)
    {
        var token = await tokens.GetAsync("brokerage", s_scopes, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, "v2/account") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token.Value) } };
        using var response = await http.SendAsync(request, cancellationToken);
        if (response.StatusCode == System.Net.HttpStatusCode.Unauthorized) await tokens.ForgetAsync("brokerage", s_scopes, token, cancellationToken);
        if (!response.IsSuccessStatusCode) throw TradingException.Unavailable("the brokerage");
        var account = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        return account.GetProperty("buying_power").GetString()!;
    }
}
