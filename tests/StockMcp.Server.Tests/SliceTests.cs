using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests;

public sealed class SliceTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_tool_reads_the_portfolio_through_an_exchanged_token()
    {
        await using var system = await TestSystem.StartAsync();
        await system.Brokerage!.OrderAsync("alice", quantity: 3);
        var quote = await system.Server.CallAsync(system.Token(), "get_quote", new { symbol = "WAYNE" });
        output.WriteLine(quote.Json.ToJsonString());
        foreach (var (tool, args) in new (string, object?)[] { ("get_portfolio", new { include_history = true, history_days = 2 }), ("whoami", null), ("get_account", null), ("list_orders", null), ("search_stocks", new { query = "wayne" }), ("get_price_history", new { symbol = "WAYNE", days = 3 }), ("get_market_clock", null), ("review_order", new { symbol = "WAYNE", side = "buy", quantity = "2" }) })
        {
            var result = await system.Server.CallAsync(system.Token(), tool, args);
            output.WriteLine(result.Json.ToJsonString());
        }
        output.WriteLine((await system.Server.ListToolsAsync(system.Token())).ToJsonString());
        foreach (var line in system.Log.All) output.WriteLine(line);
        var none = await system.Server.CallRawAsync(null, "whoami");
        output.WriteLine(none.StatusCode + none.Challenge() + await none.Content.ReadAsStringAsync());
    }
}
