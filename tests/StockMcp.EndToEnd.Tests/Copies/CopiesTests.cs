using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests.Copies;

/// <summary>Two Servers and two Authorities on one PostgreSQL and one Redis: every request goes to another copy than the one before.</summary>
[Requires(Tool.PostgreSql, Tool.RedisServer)]
public sealed class CopiesTests
{
    private const string Scopes = "portfolio:read orders:read";

    [Fact, Trait("Requirement", "RC-02")]
    public async Task Every_flow_works_with_each_request_on_another_copy_and_redis_forgetting_everything_before_it()
    {
        await using var copies = await ManyCopies.StartAsync();
        copies.LetRedisForgetAlways();
        var system = copies.System;
        using var alice = Person.Alice(system);
        var account = new Uri(system.Running.Authority.Url, "account");

        var (flow, clientId) = await RegisterAsync(system);
        var tokens = await flow.RedeemAsync(await alice.AuthorizeAsync(flow.AuthorizationUrl, ConsentAnswer.AtBrokerageWithout(system, "orders:read")));
        for (var call = 0; call < 4; call++) (await CallAsync(system, tokens.AccessToken, "get_account")).Should().Contain("buying_power").And.NotContain("\"isError\":true");
        (await CallAsync(system, tokens.AccessToken, "list_orders")).Should().Contain("connection_required");
        await alice.GoAsync(new Uri(account, "account/connect/brokerage?scope=orders%3Aread"), url => url.AbsolutePath == "/account");
        (await CallAsync(system, tokens.AccessToken, "list_orders")).Should().NotContain("\"isError\":true");

        var fresh = await flow.RefreshAsync(tokens.RefreshToken!);
        (await CallAsync(system, fresh.AccessToken, "list_orders")).Should().NotContain("\"isError\":true");
        (await alice.ReadAsync(account)).Should().Contain(clientId);
        await alice.SubmitAsync(account, "Disconnect");
        (await CallAsync(system, fresh.AccessToken, "get_account")).Should().Contain("connection_required");
        await alice.GoAsync(new Uri(account, "account/connect/brokerage"), url => url.AbsolutePath == "/account");
        (await CallAsync(system, fresh.AccessToken, "get_account")).Should().NotContain("\"isError\":true");
        await alice.SubmitAsync(account, "Sign out this agent");
        (await CallAsync(system, fresh.AccessToken, "get_account")).Should().Contain("authorization_ended");

        copies.ServerRequests.Should().HaveCount(2).And.OnlyContain(copy => copy.Value >= 2);
        copies.AuthorityRequests.Should().HaveCount(2).And.OnlyContain(copy => copy.Value >= 5);
    }

    [Fact, Trait("Requirement", "TV-03")]
    public async Task Five_hundred_cold_calls_by_one_person_over_two_copies_are_one_exchange_and_one_refresh()
    {
        await using var copies = await ManyCopies.StartAsync();
        var system = copies.System;
        using var alice = Person.Alice(system);
        var (flow, _) = await RegisterAsync(system);
        var tokens = await flow.RedeemAsync(await alice.AuthorizeAsync(flow.AuthorizationUrl));
        var refreshes = Count(system.Brokerage);
        var exchanges = Count(system.Authority, "issued_token_type");

        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => CallAsync(system, tokens.AccessToken, "get_account")));

        answers.Should().OnlyContain(answer => !answer.Contains("\"isError\":true") && answer.Contains("buying_power"));
        (Count(system.Authority, "issued_token_type") - exchanges).Should().Be(1, "both copies share what one of them got");
        (Count(system.Brokerage) - refreshes).Should().Be(1);
        copies.ServerRequests.Values.Should().OnlyContain(count => count >= 250);

        // A Server also gets a token of its own there.
        static int Count(RequestProbe probe, string answer = "access_token") => probe.Requests.Count(request => request.Path == "/connect/token" && request.Answer.Contains(answer, StringComparison.Ordinal));
    }

    [Fact, Trait("Requirement", "KM-01")]
    public async Task Signing_keys_that_come_and_go_under_load_cost_nobody_a_401_on_any_copy()
    {
        var clock = new ShiftedClock();
        await using var copies = await ManyCopies.StartAsync(clock);
        var system = copies.System;
        using var alice = Person.Alice(system);
        var (flow, _) = await RegisterAsync(system);
        var tokens = await flow.RedeemAsync(await alice.AuthorizeAsync(flow.AuthorizationUrl));
        KeyRotation[] rotations = [system.Running.Authority.Services.GetRequiredService<KeyRotation>(), copies.Further[1].GetRequiredService<KeyRotation>()];
        await rotations[0].RotateAsync(default);
        var kids = new HashSet<string>();

        // In two days and a quarter the next key is announced, signs, and the one before it retires and is removed.
        for (var hours = 0; hours < 54; hours += 6)
        {
            tokens = await flow.RefreshAsync(tokens.RefreshToken!);
            kids.Add(new JsonWebToken(tokens.AccessToken).Kid);
            var calls = Enumerable.Range(0, 12).Select(_ => CallAsync(system, tokens.AccessToken, "get_account")).ToList();
            foreach (var rotation in rotations) await rotation.RunAsync(default); // in the midst of the calls
            (await Task.WhenAll(calls)).Should().OnlyContain(answer => !answer.Contains("\"isError\":true"));
            clock.Advance(TimeSpan.FromHours(6));
        }

        kids.Should().HaveCount(2);
        system.Server.Requests.Should().NotContain(request => request.Status == 401);
        copies.ServerRequests.Values.Should().OnlyContain(count => count >= 50);
    }

    private static async Task<(CodeFlow Flow, string ClientId)> RegisterAsync(StockMcpSystem system)
    {
        using var http = new HttpClient { BaseAddress = system.Running.Authority.Url };
        using var response = await http.PostAsJsonAsync("connect/register", new { redirect_uris = new[] { "http://localhost:33418/callback" }, client_name = "Traveller", token_endpoint_auth_method = "none", grant_types = new[] { "authorization_code", "refresh_token" } });
        response.StatusCode.Should().Be(HttpStatusCode.Created);
        var clientId = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("client_id").GetString()!;
        return (new CodeFlow(system.Running.Authority.Url, clientId, new Uri("http://localhost:33418/callback"), Scopes, system.McpUrl.AbsoluteUri), clientId);
    }

    private static async Task<string> CallAsync(StockMcpSystem system, string accessToken, string tool)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, system.McpUrl)
        {
            Content = JsonContent.Create(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = "tools/call", ["params"] = new JsonObject { ["name"] = tool, ["arguments"] = new JsonObject() } }),
            Headers = { Authorization = new("Bearer", accessToken) },
        };
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        request.Headers.Add("MCP-Protocol-Version", "2025-11-25");
        using var response = await Http.SendAsync(request);
        var answer = await response.Content.ReadAsStringAsync();
        response.StatusCode.Should().Be(HttpStatusCode.OK, answer);
        return answer;
    }

    private static readonly HttpClient Http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 100, UseCookies = false });
}
