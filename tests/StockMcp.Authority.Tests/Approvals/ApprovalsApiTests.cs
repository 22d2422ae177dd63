using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.Tests.Backchannel;
using StockMcp.Authority.TradingLimits;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Approvals;

/// <summary>What the MCP server is told of approvals, and what it reports.</summary>
public sealed class ApprovalsApiTests
{
    [Fact, Trait("Requirement", "OX-01"), Trait("Requirement", "OX-05"), Trait("Requirement", "OX-06")]
    public async Task What_a_worker_left_is_handed_to_one_other_each_time_until_it_is_finished()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        using var api = await client.ApiAsync();
        var asked = await client.AskAsync();
        await client.DecideAsync(asked);
        (await LeaseAsync(api)).Should().BeEmpty("who asked comes for it at once");
        clock.Advance(TimeSpan.FromSeconds(6));

        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => LeaseAsync(api)));

        var lease = taken.SelectMany(leases => leases).Should().ContainSingle().Subject;
        lease.GetProperty("approval").GetProperty("approval_id").GetString().Should().Be(asked["approval_id"]);
        (await client.PollAsync(asked["auth_req_id"]!))["error"].Should().Be("invalid_grant", "another took its place");
        var granted = await client.PollAsync(lease.GetProperty("auth_req_id").GetString()!);
        granted["approval_id"].Should().Be(asked["approval_id"]);
        var status = await ReadAsync(api, asked, client);
        status["status"].Should().Be("executing");
        status["client_order_id"].Should().Be($"stockmcp-{Guid.Parse(asked["approval_id"]!):N}");
        var deadline = status["deadline"];

        clock.Advance(TimeSpan.FromSeconds(16));
        var again = (await LeaseAsync(api)).Should().ContainSingle("its worker died").Subject;
        (await client.PollAsync(again.GetProperty("auth_req_id").GetString()!)).Status.Should().Be(HttpStatusCode.OK);
        (await ReadAsync(api, asked, client))["deadline"].Should().Be(deadline, "no worker gets more time than the first");
        (await ReportAsync(api, asked, new { status = "unknown", reason = "no_answer" })).Should().Be(HttpStatusCode.NoContent);
        (await LeaseAsync(api)).Should().BeEmpty("it is looked up again a little later");
        clock.Advance(TimeSpan.FromMinutes(6));
        var last = (await LeaseAsync(api)).Should().ContainSingle().Subject;
        var late = await client.PollAsync(last.GetProperty("auth_req_id").GetString()!);
        late.Status.Should().Be(HttpStatusCode.OK);

        (await ReportAsync(api, asked, new { status = "placed", order_id = "o-1", order_status = "filled", filled_quantity = "10", filled_price = "71.20" })).Should().Be(HttpStatusCode.NoContent);
        (await ReportAsync(api, asked, new { status = "placed", order_id = "o-1", order_status = "filled" })).Should().Be(HttpStatusCode.NoContent, "the same may be said again");
        (await ReportAsync(api, asked, new { status = "placed", order_id = "o-2" })).Should().Be(HttpStatusCode.Conflict, "one order");
        (await ReportAsync(api, asked, new { status = "not_placed" })).Should().Be(HttpStatusCode.Conflict);
        var final = await ReadAsync(api, asked, client);
        (final["status"], final["order_id"], final["filled_price"]).Should().Be(("placed", "o-1", "71.20"));
        clock.Advance(TimeSpan.FromMinutes(10));
        using var fresh = await client.ApiAsync();
        (await LeaseAsync(fresh)).Should().BeEmpty();
        (await TestAgent.ExchangeAsync(system, late["access_token"]!, "orders:write"))["error"].Should().Be("invalid_grant");
    }

    [Fact, Trait("Requirement", "AS-15"), Trait("Requirement", "RS-07")]
    public async Task Only_the_servers_own_token_opens_it_and_only_for_the_person_and_agent_that_it_names()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var other = await BackchannelClient.ConnectAsync(system, bob);
        var asked = await client.AskAsync();
        using var api = await client.ApiAsync();

        (await api.GetAsync($"{asked["approval_id"]}?sub={client.Subject}&client_id={client.Agent}")).StatusCode.Should().Be(HttpStatusCode.OK);
        (await api.GetAsync($"{asked["approval_id"]}?sub={other.Subject}&client_id={client.Agent}")).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await api.GetAsync($"{asked["approval_id"]}?sub={client.Subject}&client_id={other.Agent}")).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await api.GetAsync($"{asked["approval_id"]}")).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await api.GetAsync("f81d4fae-7dec-11d0-a765-00a0c91e6bf6?sub=x&client_id=y")).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await ReportAsync(api, asked, new { status = "placed", order_id = "o-1" })).Should().Be(HttpStatusCode.Conflict, "nobody approved it");

        foreach (var token in new[] { null, client.AgentToken, (await TestAgent.ExchangeAsync(system, client.AgentToken, "connected_accounts:read", new Uri(TestAgent.Issuer(system), "me/v1").AbsoluteUri))["access_token"] })
        {
            using var stranger = new HttpClient { BaseAddress = api.BaseAddress };
            if (token is not null) stranger.DefaultRequestHeaders.Authorization = new("Bearer", token);
            (await stranger.GetAsync($"{asked["approval_id"]}?sub={client.Subject}&client_id={client.Agent}")).StatusCode.Should().BeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);
            (await stranger.PostAsJsonAsync("leases", new { })).StatusCode.Should().BeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);
        }
        using var accounts = new HttpClient { BaseAddress = TestAgent.Issuer(system), DefaultRequestHeaders = { Authorization = api.DefaultRequestHeaders.Authorization } };
        (await accounts.GetAsync("me/v1/connected-accounts")).StatusCode.Should().BeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Who_waits_for_a_decision_has_it_without_asking_again()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        using var api = await client.ApiAsync();
        var asked = await client.AskAsync();
        var poll = client.PollAsync(asked["auth_req_id"]!);
        var waiting = api.GetAsync($"{asked["approval_id"]}?sub={client.Subject}&client_id={client.Agent}&known=pending&wait=25");
        await Task.Delay(TimeSpan.FromSeconds(1));
        (poll.IsCompleted, waiting.IsCompleted).Should().Be((false, false));

        await client.DecideAsync(asked);

        (await poll).Status.Should().Be(HttpStatusCode.OK);
        (await TestAgent.ReadAsync(await waiting))["status"].Should().BeOneOf("approved", "executing");
    }

    [Fact, Trait("Requirement", "OX-07")]
    public async Task A_persons_bounds_hold_when_an_agent_asks_when_they_approve_and_when_the_yes_is_used()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        using var api = await client.ApiAsync();
        async Task SetAsync(Action<TradingLimit> change)
        {
            var limit = new TradingLimit { PersonId = Guid.Parse(client.Subject) };
            change(limit);
            await using var scope = system.Running.Authority.Services.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<TradingLimitStore>().SetAsync(limit, CancellationToken.None);
        }
        async Task<string?> AskedAsync(string quantity, string total) => (await client.AskAsync(BackchannelClient.Order(quantity, "10.00", total)))["limit"];

        await SetAsync(limit => (limit.LargestOrder, limit.LargestDailyTotal) = (100, 150));
        (await AskedAsync("11", "110.00")).Should().Be("largest_order");
        await client.ApprovedAsync(BackchannelClient.Order("10", "10.00", "100.00"));
        (await AskedAsync("6", "60.00")).Should().Be("largest_daily_total", "100 of 150 are used");
        var limits = await TestAgent.ReadAsync(await api.GetAsync($"limits?sub={client.Subject}"));
        (limits["trading"], limits["largest_order"], limits["largest_daily_total"], limits["used_today"]).Should().Be(("True", "100.00", "150.00", "100.00"));

        var asked = await client.AskAsync(BackchannelClient.Order("5", "10.00", "50.00"));
        await SetAsync(limit => limit.Trading = false);
        (await AskedAsync("1", "10.00")).Should().Be("trading_off");
        await using (var scope = system.Running.Authority.Services.CreateAsyncScope())
        {
            var outcome = await scope.ServiceProvider.GetRequiredService<ApprovalStore>().DecideAsync(Guid.Parse(client.Subject), Guid.Parse(asked["approval_id"]!), approve: true, stopAsking: false, CancellationToken.None);
            outcome.Should().BeOfType<DecideOutcome.Bounded>().Which.Limit.Code.Should().Be("trading_off");
        }
        await SetAsync(limit => limit.DeniedSymbols = "STARK");
        await client.DecideAsync(asked);
        await SetAsync(limit => limit.AllowedSymbols = "ACME");
        (await client.PollAsync(asked["auth_req_id"]!))["error"].Should().Be("access_denied", "the bound was set between yes and use");
        (await ReadAsync(api, asked, client))["reason"].Should().Be("symbol_not_allowed");
        (await AskedAsync("1", "10.00")).Should().Be("symbol_not_allowed");
    }

    [Fact, Trait("Requirement", "OX-07")]
    public async Task Two_approvals_used_in_the_same_moment_do_not_break_the_days_bound_together()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        await using (var scope = system.Running.Authority.Services.CreateAsyncScope())
            await scope.ServiceProvider.GetRequiredService<TradingLimitStore>().SetAsync(new TradingLimit { PersonId = Guid.Parse(client.Subject), LargestDailyTotal = 250 }, CancellationToken.None);
        var asked = new List<JsonAnswer>();
        foreach (var quantity in new[] { "10", "11", "12", "13" })
        {
            asked.Add(await client.AskAsync(BackchannelClient.Order(quantity, "10.00", $"{quantity}0.00")));
            await client.DecideAsync(asked[^1]);
        }

        var answers = await Task.WhenAll(asked.Select(one => client.PollAsync(one["auth_req_id"]!)));

        answers.Count(answer => answer.Status == HttpStatusCode.OK).Should().Be(2, "two of them fit into 250");
    }

    [Fact, Trait("Requirement", "AP-04")]
    public async Task A_person_is_not_flooded()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var number = 0;
        Task<JsonAnswer> NextAsync() => client.AskAsync(BackchannelClient.Order($"{++number}", "1.00", $"{number}.00"));

        for (var pending = 0; pending < 5; pending++) (await NextAsync()).Status.Should().Be(HttpStatusCode.OK);
        var sixth = await NextAsync();
        (sixth.Status, sixth["error"]).Should().Be((HttpStatusCode.TooManyRequests, "slow_down"));
        sixth.Response.Headers.RetryAfter.Should().NotBeNull();

        for (var round = 0; round < 5; round++)
        {
            clock.Advance(TimeSpan.FromMinutes(6));
            for (var pending = 0; pending < 5; pending++) (await NextAsync()).Status.Should().Be(HttpStatusCode.OK);
        }
        clock.Advance(TimeSpan.FromMinutes(6));
        (await NextAsync()).Status.Should().Be(HttpStatusCode.TooManyRequests, "thirty in the hour");
        clock.Advance(TimeSpan.FromHours(1));

        foreach (var _ in new[] { 1, 2 }) await client.DecideAsync(await NextAsync(), approve: false);
        (await NextAsync()).Status.Should().Be(HttpStatusCode.TooManyRequests, "two noes in a row");
        clock.Advance(TimeSpan.FromMinutes(6));
        (await NextAsync()).Status.Should().Be(HttpStatusCode.OK);
    }

    private static async Task<IReadOnlyList<System.Text.Json.JsonElement>> LeaseAsync(HttpClient api)
        => [.. (await TestAgent.ReadAsync(await api.PostAsJsonAsync("leases", new { }))).Body.GetProperty("leases").EnumerateArray()];

    private static async Task<JsonAnswer> ReadAsync(HttpClient api, JsonAnswer asked, BackchannelClient client)
        => await TestAgent.ReadAsync(await api.GetAsync($"{asked["approval_id"]}?sub={client.Subject}&client_id={client.Agent}"));

    private static async Task<HttpStatusCode> ReportAsync(HttpClient api, JsonAnswer asked, object outcome) => (await api.PostAsJsonAsync($"{asked["approval_id"]}/outcome", outcome)).StatusCode;
}
