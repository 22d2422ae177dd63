using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using StockMcp.Authority.Approvals;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Backchannel;

/// <summary>The MCP server's side of the backchannel, for one person who allowed one agent to ask.</summary>
internal sealed class BackchannelClient(StockMcpSystem system, string subject, string agent)
{
    public const string Grant = "urn:openid:params:grant-type:ciba";
    public const string ServerClient = "stockmcp-server";

    public string Subject => subject;

    public string Agent => agent;

    public static string Secret(StockMcpSystem system) => Convert.ToHexStringLower(Convert.FromBase64String(File.ReadAllText(Path.Combine(system.DataDirectory, "secrets", "server-at-authority.secret"))));

    public static JsonObject Order(string quantity = "10", string limit = "71.50", string total = "715.00", string symbol = "WAYNE") => new()
    {
        ["type"] = "stock_order",
        ["account"] = "PA1",
        ["symbol"] = symbol,
        ["side"] = "buy",
        ["quantity"] = quantity,
        ["order_type"] = "limit",
        ["limit_price"] = limit,
        ["time_in_force"] = "day",
        ["currency"] = "USD",
        ["max_total"] = total,
    };

    /// <summary>A person who connected an agent that may ask for orders.</summary>
    public static async Task<BackchannelClient> ConnectAsync(StockMcpSystem system, Person person, string scopes = "portfolio:read orders:read orders:write")
    {
        var registered = await TestAgent.RegisterAsync(system);
        var tokens = await registered.ConnectAsync(person, scopes, ConsentAnswer.AsTicked);
        return new BackchannelClient(system, new JsonWebToken(tokens.AccessToken).Subject, registered.ClientId) { AgentToken = tokens.AccessToken };
    }

    public string AgentToken { get; private init; } = "";

    public Task<JsonAnswer> AskAsync(JsonNode? details = null, params (string Name, string? Value)[] changes)
        => PostAsync(system, "connect/backchannel", new()
        {
            ["client_id"] = ServerClient,
            ["client_secret"] = Secret(system),
            ["login_hint"] = subject,
            ["requested_actor"] = agent,
            ["scope"] = "orders:write",
            ["resource"] = system.McpUrl.AbsoluteUri,
            ["binding_message"] = "K7M-2QX",
            ["authorization_details"] = new JsonArray(details?.DeepClone() ?? Order()).ToJsonString(),
        }, changes);

    public Task<JsonAnswer> PollAsync(string authReqId, params (string Name, string? Value)[] changes)
        => PostAsync(system, "connect/token", new() { ["grant_type"] = Grant, ["auth_req_id"] = authReqId, ["client_id"] = ServerClient, ["client_secret"] = Secret(system) }, changes);

    public async Task<HttpClient> ApiAsync()
    {
        var answer = await PostAsync(system, "connect/token", new()
        {
            ["grant_type"] = "client_credentials",
            ["scope"] = "approvals",
            ["resource"] = new Uri(TestAgent.Issuer(system), "approvals/v1").AbsoluteUri,
            ["client_id"] = ServerClient,
            ["client_secret"] = Secret(system),
        });
        answer.Status.Should().Be(HttpStatusCode.OK, answer.ToString());
        return new HttpClient { BaseAddress = new Uri(TestAgent.Issuer(system), "approvals/v1/"), DefaultRequestHeaders = { Authorization = new("Bearer", answer["access_token"]) } };
    }

    /// <summary>What the person's page does.</summary>
    public async Task DecideAsync(JsonAnswer asked, bool approve = true)
    {
        await using var scope = system.Running.Authority.Services.CreateAsyncScope();
        (await scope.ServiceProvider.GetRequiredService<ApprovalStore>().DecideAsync(Guid.Parse(subject), Guid.Parse(asked["approval_id"]!), approve, stopAsking: false, CancellationToken.None)).Should().BeOfType<DecideOutcome.Done>();
    }

    public async Task<JsonAnswer> ApprovedAsync(JsonNode? details = null)
    {
        var asked = await AskAsync(details);
        asked.Status.Should().Be(HttpStatusCode.OK, asked.ToString());
        await DecideAsync(asked);
        var granted = await PollAsync(asked["auth_req_id"]!);
        granted.Status.Should().Be(HttpStatusCode.OK, granted.ToString());
        return granted;
    }

    public static async Task<JsonAnswer> PostAsync(StockMcpSystem system, string path, Dictionary<string, string?> form, params (string Name, string? Value)[] changes)
    {
        foreach (var (name, value) in changes) form[name] = value;
        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(system), Timeout = TimeSpan.FromSeconds(90) };
        using var body = new FormUrlEncodedContent(form.Where(parameter => parameter.Value is not null)!);
        return await TestAgent.ReadAsync(await http.PostAsync(path, body));
    }

    public static JsonElement Details(JsonAnswer answer) => answer.Body.GetProperty("authorization_details");
}
