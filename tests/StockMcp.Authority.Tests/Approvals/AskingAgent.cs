using System.Net;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using StockMcp.Authority.Tests.Backchannel;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Approvals;

/// <summary>An agent that a person allowed to ask for orders, and the MCP server's client that asks for it.</summary>
internal sealed class AskingAgent
{
    private static int s_codes;
    private readonly StockMcpSystem system;

    private AskingAgent(StockMcpSystem system, TestAgent agent, TokenSet tokens) => (this.system, Agent, Tokens) = (system, agent, tokens);

    public TestAgent Agent { get; }

    public TokenSet Tokens { get; }

    public string Subject => new JsonWebToken(Tokens.AccessToken).Subject;

    /// <summary>Connects an agent with the scope that asks.</summary>
    public static async Task<AskingAgent> ConnectAsync(StockMcpSystem system, Person person, string? name = null)
    {
        var agent = await TestAgent.RegisterAsync(system, name: name);
        return new(system, agent, await agent.ConnectAsync(person, "orders:read orders:write"));
    }

    /// <summary>Ten shares of Wayne at a limit, and the like.</summary>
    public static Dictionary<string, string> Order(string symbol = "WAYNE", string quantity = "10", string price = "71.50", string side = "buy") => new()
    {
        ["type"] = "stock_order",
        ["account"] = "PA1000001",
        ["symbol"] = symbol,
        ["side"] = side,
        ["quantity"] = quantity,
        ["order_type"] = "limit",
        ["limit_price"] = price,
        ["time_in_force"] = "day",
        ["currency"] = "USD",
        ["max_total"] = (decimal.Parse(quantity, System.Globalization.CultureInfo.InvariantCulture) * decimal.Parse(price, System.Globalization.CultureInfo.InvariantCulture)).ToString("0.00", System.Globalization.CultureInfo.InvariantCulture),
    };

    /// <summary>Asks, and expects that the person is asked.</summary>
    public async Task<PendingApproval> AskAsync(Dictionary<string, string>? order = null, object? context = null, string? code = null, int? seconds = null)
    {
        var answer = await AskRawAsync(order, context, code, seconds);
        answer.Status.Should().Be(HttpStatusCode.OK, answer.ToString());
        return new(Guid.Parse(answer["approval_id"]!), answer["auth_req_id"]!, new Uri(answer["approval_uri"]!), answer["binding_message"]!);
    }

    public Task<JsonAnswer> AskRawAsync(Dictionary<string, string>? order = null, object? context = null, string? code = null, int? seconds = null) => PostAsync("connect/backchannel", new()
    {
        ["login_hint"] = Subject,
        ["requested_actor"] = Agent.ClientId,
        ["scope"] = "orders:write",
        ["resource"] = system.McpUrl.AbsoluteUri,
        ["binding_message"] = code ?? $"K7M-{Interlocked.Increment(ref s_codes):000}",
        ["authorization_details"] = JsonSerializer.Serialize(new[] { order ?? Order() }),
        ["request_context"] = context is null ? null : context as string ?? JsonSerializer.Serialize(context),
        ["requested_expiry"] = seconds?.ToString(System.Globalization.CultureInfo.InvariantCulture),
    });

    /// <summary>Comes for the token.</summary>
    public Task<JsonAnswer> PollAsync(PendingApproval approval) => PostAsync("connect/token", new() { ["grant_type"] = BackchannelClient.Grant, ["auth_req_id"] = approval.AuthReqId });

    /// <summary>Says how it ended.</summary>
    public async Task ReportAsync(PendingApproval approval, object outcome)
    {
        var token = (await PostAsync("connect/token", new() { ["grant_type"] = "client_credentials", ["scope"] = "approvals", ["resource"] = new Uri(system.Running.Authority.Url, "approvals/v1").AbsoluteUri }))["access_token"];
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        using var body = new StringContent(JsonSerializer.Serialize(outcome), System.Text.Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(new Uri(system.Running.Authority.Url, $"approvals/v1/{approval.Id}/outcome"), body);
        response.StatusCode.Should().Be(HttpStatusCode.NoContent, await response.Content.ReadAsStringAsync());
    }

    private Task<JsonAnswer> PostAsync(string path, Dictionary<string, string?> form) => BackchannelClient.PostAsync(system, path, form, ("client_id", BackchannelClient.ServerClient), ("client_secret", BackchannelClient.Secret(system)));
}

/// <summary>What the person is asked.</summary>
internal sealed record PendingApproval(Guid Id, string AuthReqId, Uri Page, string Code)
{
    public override string ToString() => Id.ToString();
}
