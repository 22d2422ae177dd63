using System.Text.Json.Nodes;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests.Orders;

/// <summary>A person and their agent that may ask for orders.</summary>
internal sealed class Trader : IDisposable
{
    public const string Scopes = "portfolio:read orders:read orders:write";

    internal Trader(Person person, Agent agent) => (Person, Agent) = (person, agent);

    public Person Person { get; }

    public Agent Agent { get; }

    public static async Task<Trader> ConnectAsync(StockMcpSystem system, Person person) => new(person, await Agent.ConnectAsync(system, person, Scopes));

    /// <summary>Asks for an order; answers at once unless told to wait.</summary>
    public async Task<OrderAnswer> PlaceAsync(string quantity = "1", string? limit = "90.00", int waitSeconds = 0, string side = "buy", string symbol = "WAYNE", string timeInForce = "day", string? maxTotal = null)
    {
        var arguments = new JsonObject
        {
            ["symbol"] = symbol,
            ["side"] = side,
            ["quantity"] = quantity,
            ["order_type"] = limit is null ? "market" : "limit",
            ["time_in_force"] = timeInForce,
            ["wait_seconds"] = waitSeconds,
        };
        if (limit is not null) arguments["limit_price"] = limit;
        if (maxTotal is not null) arguments["max_total"] = maxTotal;
        return new(await Agent.CallToolAsync("place_order", arguments));
    }

    public async Task<OrderAnswer> WaitAsync(OrderAnswer pending, int waitSeconds = 20) => new(await Agent.CallToolAsync("wait_for_order_approval", new { approval_id = pending.ApprovalId, wait_seconds = waitSeconds }));

    public async Task<OrderAnswer> StateAsync(string approvalId) => new(await Agent.CallToolAsync("get_order_approval", new { approval_id = approvalId }));

    /// <summary>Waits until the order is where it will stay.</summary>
    public async Task<OrderAnswer> EndAsync(OrderAnswer pending)
    {
        var last = pending;
        for (var tries = 0; tries < 6 && last.Status is "approval_pending" or "approved" or "executing" or "unknown"; tries++) last = await WaitAsync(pending);
        return last;
    }

    public Task ApproveAsync(OrderAnswer pending) => Person.SubmitAsync(pending.ApprovalUrl, "Approve");

    public Task DenyAsync(OrderAnswer pending) => Person.SubmitAsync(pending.ApprovalUrl, "Deny");

    public async Task<JsonArray> OrdersAsync() => (await Agent.CallToolAsync("list_orders", new { limit = 100 })).Structured!["orders"]!.AsArray();

    public void Dispose() => Agent.Dispose();
}

/// <summary>What an order tool answered.</summary>
internal sealed record OrderAnswer(ToolResult Result)
{
    public string? Status => Result.Structured?["status"]?.GetValue<string>();

    public string ApprovalId => Result.Structured!["approval_id"]!.GetValue<string>();

    public Uri ApprovalUrl => new(Result.Structured!["approval_url"]!.GetValue<string>());

    public string? Code => Result.Structured?["code"]?.GetValue<string>();

    public string? Reason => Result.Structured?["reason"]?.GetValue<string>();

    public string? OrderId => Result.Structured?["order"]?["order_id"]?.GetValue<string>();

    public override string ToString() => Result.Structured?.ToJsonString() ?? Result.Text;
}
