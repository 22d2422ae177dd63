using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using StockMcp.Authority.Tests.Backchannel;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.TokenExchange;

/// <summary>An approval's token becomes an upstream token for exactly what was approved (docs/decisions/0022).</summary>
public sealed class OneOrderExchangeTests
{
    [Fact, Trait("Requirement", "CB-07"), Trait("Requirement", "TX-02"), Trait("Requirement", "OX-01"), Trait("Requirement", "OX-03"), Trait("Requirement", "RC-03")]
    public async Task It_carries_the_details_unchanged_places_one_order_and_none_once_its_time_is_over()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var order = BackchannelClient.Order("2", "90.00", "180.00");
        order["account"] = await AccountAsync(system, client.AgentToken);
        var asked = await client.AskAsync(order);
        await client.DecideAsync(asked);
        var approval = (await client.PollAsync(asked["auth_req_id"]!))["access_token"]!;

        var answer = await TestAgent.ExchangeAsync(system, approval, "orders:write");

        answer.Status.Should().Be(HttpStatusCode.OK, answer.ToString());
        JsonNode.DeepEquals(JsonNode.Parse(answer["authorization_details"]!), new JsonArray(order.DeepClone())).Should().BeTrue();
        int.Parse(answer["expires_in"]!).Should().BeInRange(1, 120);
        var upstream = new JsonWebToken(answer["access_token"]);
        upstream.GetClaim("txn").Value.Should().Be(asked["approval_id"]);
        JsonNode.DeepEquals(JsonNode.Parse(upstream.GetPayloadValue<JsonElement>("authorization_details").GetRawText()), new JsonArray(order.DeepClone())).Should().BeTrue();

        var plain = await TestAgent.ExchangeAsync(system, client.AgentToken, "orders:write");
        plain["authorization_details"].Should().BeNull();
        plain["access_token"].Should().NotBe(answer["access_token"], "it was kept nowhere");
        (await PostAsync(system, plain["access_token"]!, asked["approval_id"]!)).Should().Be(HttpStatusCode.Forbidden, "the scope alone places nothing");
        (await PostAsync(system, answer["access_token"]!, asked["approval_id"]!, quantity: "3")).Should().Be(HttpStatusCode.Forbidden);
        var posts = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => PostAsync(system, answer["access_token"]!, asked["approval_id"]!)));
        posts.Should().OnlyContain(status => status == HttpStatusCode.OK, "the same order comes back");
        var second = await TestAgent.ExchangeAsync(system, approval, "orders:write");
        (await PostAsync(system, second["access_token"]!, asked["approval_id"]!)).Should().Be(HttpStatusCode.OK, "another token for it gives the same order");
        (await OrdersAsync(system, answer["access_token"]!)).Should().Be(1);

        (await TestAgent.ExchangeAsync(system, approval, "portfolio:read"))["error"].Should().Be("invalid_scope", "narrower or equal");
        clock.Advance(TimeSpan.FromSeconds(130));
        (await TestAgent.ExchangeAsync(system, approval, "orders:write"))["error"].Should().Be("invalid_grant", "it expired");
    }

    [Fact, Trait("Requirement", "OX-04")]
    public async Task Once_nothing_may_be_sent_any_more_a_lease_gives_what_looking_up_takes()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var order = BackchannelClient.Order("2", "90.00", "180.00");
        order["account"] = await AccountAsync(system, client.AgentToken);
        var asked = await client.AskAsync(order);
        await client.DecideAsync(asked);
        await client.PollAsync(asked["auth_req_id"]!);
        clock.Advance(TimeSpan.FromMinutes(3));
        using var api = await client.ApiAsync();
        var lease = (await TestAgent.ReadAsync(await api.PostAsJsonAsync("leases", new { }))).Body.GetProperty("leases")[0];
        var late = await client.PollAsync(lease.GetProperty("auth_req_id").GetString()!);
        late.Status.Should().Be(HttpStatusCode.OK, late.ToString());

        var answer = await TestAgent.ExchangeAsync(system, late["access_token"]!, "orders:write");

        answer["authorization_details"].Should().BeNull();
        (await PostAsync(system, answer["access_token"]!, asked["approval_id"]!)).Should().Be(HttpStatusCode.Forbidden);
        (await OrdersAsync(system, answer["access_token"]!)).Should().Be(0);
    }

    [Fact, Trait("Requirement", "CB-05"), Trait("Requirement", "RS-15")]
    public async Task An_order_for_somebody_elses_account_gets_no_token()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var other = await BackchannelClient.ConnectAsync(system, bob);
        var order = BackchannelClient.Order();
        order["account"] = await AccountAsync(system, other.AgentToken);

        var answer = await TestAgent.ExchangeAsync(system, (await client.ApprovedAsync(order))["access_token"]!, "orders:write");

        answer["error"].Should().Be("invalid_authorization_details", answer.ToString());
        (await TestAgent.ExchangeAsync(system, client.AgentToken)).Status.Should().Be(HttpStatusCode.OK, "the connection goes on");
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task An_upstream_that_knows_no_details_gets_an_ordinary_refresh()
    {
        await using var system = await StockMcpSystem.StartAsync(options => options with { AuthoritySettings = new Dictionary<string, string?> { ["Connections:brokerage:AuthorizationDetailsTypes:0"] = "other" } });
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);

        var answer = await TestAgent.ExchangeAsync(system, (await client.ApprovedAsync())["access_token"]!, "orders:write");

        answer.Status.Should().Be(HttpStatusCode.OK, answer.ToString());
        answer["authorization_details"].Should().BeNull();
        answer["scope"].Should().Be("account:read orders:read trading");
    }

    private static HttpClient At(StockMcpSystem system, string token) => new() { BaseAddress = system.Running.Brokerage.Url, DefaultRequestHeaders = { Authorization = new("Bearer", token) } };

    private static async Task<string> AccountAsync(StockMcpSystem system, string agentToken)
    {
        using var http = At(system, (await TestAgent.ExchangeAsync(system, agentToken))["access_token"]!);
        return (await http.GetFromJsonAsync<JsonElement>("v2/account")).GetProperty("account_number").GetString()!;
    }

    private static async Task<HttpStatusCode> PostAsync(StockMcpSystem system, string token, string approvalId, string quantity = "2")
    {
        using var http = At(system, token);
        using var response = await http.PostAsJsonAsync("v2/orders", new { symbol = "WAYNE", qty = quantity, side = "buy", type = "limit", limit_price = "90.00", time_in_force = "day", client_order_id = $"stockmcp-{Guid.Parse(approvalId):N}" });
        return response.StatusCode;
    }

    private static async Task<int> OrdersAsync(StockMcpSystem system, string token)
    {
        using var http = At(system, token);
        return (await http.GetFromJsonAsync<JsonElement>("v2/orders?status=all")).GetArrayLength();
    }
}
