using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Database;
using StockMcp.Authority.Mandates;
using StockMcp.Authority.Tests.Backchannel;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Mandates;

public sealed class MandateTests
{
    [Fact, Trait("Requirement", "CB-04"), Trait("Requirement", "AU-01")]
    public async Task An_order_within_a_mandate_is_granted_at_once_and_its_token_carries_both()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var mandate = await alice.GrantAsync(system, client.Agent);

        var asked = await client.AskAsync(BackchannelClient.Order("5", "80.00", "400.00"));
        var granted = await client.PollAsync(asked["auth_req_id"]!);

        asked["mandate_id"].Should().Be(mandate.ToString(), asked.ToString());
        granted.Status.Should().Be(HttpStatusCode.OK, granted.ToString());
        var details = BackchannelClient.Details(granted);
        details.GetArrayLength().Should().Be(2);
        details[0].GetProperty("max_total").GetString().Should().Be("400.00");
        details[1].GetProperty("mandate_id").GetString().Should().Be(mandate.ToString());
        details[1].GetProperty("agent").GetString().Should().Be(client.Agent);
        var token = new JsonWebToken(granted["access_token"]);
        token.GetClaim("txn").Value.Should().Be(asked["approval_id"]);
        JsonElement.DeepEquals(JsonDocument.Parse(token.EncodedPayload.FromBase64Url()).RootElement.GetProperty("authorization_details"), details).Should().BeTrue();
        (await alice.LeftAsync(system)).Should().Equal("1,600.00 of 2,000.00");
        (await client.PollAsync(asked["auth_req_id"]!)).Status.Should().Be(HttpStatusCode.BadRequest, "a token is given once");
        (await alice.ReadAsync(new Uri(system.Running.Authority.Url, "approvals"))).Should().Contain("BUY 5 WAYNE").And.Contain("within your mandate, without asking");
        (await alice.ReadAsync(new Uri(asked["approval_uri"]!))).Should().Contain("You were not asked").And.NotContain(">Approve<");
        (await alice.ReadAsync(new Uri(system.Running.Authority.Url, "account"))).Should().Contain("You let an agent trade within bounds").And.Contain("An agent ordered within your mandate").And.Contain("An order within your mandate is on its way");
        (await AuditAsync(system)).Where(entry => entry.Mandate == mandate.ToString()).Select(entry => entry.Event).Should().Equal("mandate.granted", "mandate.used", "order.intent");
        await using var scope = system.Running.Authority.Services.CreateAsyncScope();
        (await scope.ServiceProvider.GetRequiredService<AuditVerifier>().VerifyAsync([], TimeSpan.FromDays(700), CancellationToken.None)).IsWhole.Should().BeTrue();
    }

    [Fact, Trait("Requirement", "OX-07")]
    public async Task Whatever_lies_outside_a_bound_is_asked_and_takes_nothing_off_the_budget()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var other = await BackchannelClient.ConnectAsync(system, alice);
        await alice.GrantAsync(system, client.Agent, bounds =>
        {
            bounds["Sells"] = "on";
            (bounds["HighestPrice"], bounds["LowestPrice"], bounds["Accounts"]) = ("100", "60", "PA1");
        });
        (string What, JsonObject Order)[] outside =
        [
            ("largest order", BackchannelClient.Order("6", "90.00", "540.00")),
            ("symbol", BackchannelClient.Order("1", "90.00", "90.00", "STARK")),
            ("price of a purchase", BackchannelClient.Order("1", "100.01", "100.01")),
            ("price of a purchase at market", With(BackchannelClient.Order("1", "1.00", "100.01"), ("order_type", "market"), ("limit_price", null))),
            ("price of a sale", With(BackchannelClient.Order("1", "59.99", "59.99"), ("side", "sell"))),
            ("a sale at whatever price", With(BackchannelClient.Order("400", "1.00", "0.01"), ("side", "sell"), ("order_type", "market"), ("limit_price", null))),
            ("account", With(BackchannelClient.Order("1", "90.00", "90.00"), ("account", "PA2"))),
        ];
        foreach (var (number, (what, order)) in outside.Index())
        {
            var asked = await client.AskAsync(order);
            asked.Status.Should().Be(HttpStatusCode.OK, "{0}: {1}", what, asked);
            asked["mandate_id"].Should().BeNull(what);
            await client.DecideAsync(asked, approve: number % 2 == 0); // neither five wait, nor two in a row are denied
        }
        (await other.AskAsync(BackchannelClient.Order("1", "90.00", "90.00")))["mandate_id"].Should().BeNull("it is another agent's");
        (await alice.LeftAsync(system)).Should().Equal("2,000.00 of 2,000.00");

        (await client.AskAsync(With(BackchannelClient.Order("1", "60.00", "60.00"), ("side", "sell"))))["mandate_id"].Should().NotBeNull();
        (await client.AskAsync(With(BackchannelClient.Order("1", "1.00", "100.00"), ("order_type", "market"), ("limit_price", null))))["mandate_id"].Should().NotBeNull();
        (await alice.LeftAsync(system)).Should().Equal("1,840.00 of 2,000.00");
    }

    [Fact, Trait("Requirement", "OX-01"), Trait("Requirement", "OX-07")]
    public async Task Fifty_parallel_orders_for_twice_the_budget_take_no_cent_more_than_it()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        await FiftyAsync(system, alice, client);
    }

    [Fact, Trait("Requirement", "OX-01"), Trait("Requirement", "OX-07"), Requires(Tool.PostgreSql, Tool.RedisServer)]
    public async Task Fifty_parallel_orders_over_two_copies_take_no_cent_more_than_the_budget()
    {
        await using var copies = await ManyCopies.StartAsync(serverSettings: new Dictionary<string, string?> { ["Orders:LeaseEvery"] = "00:01:00" });
        using var alice = Person.Alice(copies.System);
        var client = await BackchannelClient.ConnectAsync(copies.System, alice);
        await FiftyAsync(copies.System, alice, client);
        copies.AuthorityRequests.Values.Should().OnlyContain(count => count > 20);
    }

    private static async Task FiftyAsync(StockMcpSystem system, Person alice, BackchannelClient client)
    {
        // 50 × 19.99 is twice 499.75; 25 of them fit exactly.
        await alice.GrantAsync(system, client.Agent, bounds => (bounds["LargestOrder"], bounds["DailyBudget"], bounds["Budget"]) = ("20", "499.75", "499.75"));

        // Each is redeemed at once, as the Server does: what is left lying, a copy of the Server takes over.
        var asked = await Task.WhenAll(Enumerable.Range(0, 50).Select(async number =>
        {
            var answer = await client.AskAsync(BackchannelClient.Order("1", "19.99", "19.99"), ("call_id", $"call-{number}"));
            return (Answer: answer, Granted: answer["mandate_id"] is null ? null : await client.PollAsync(answer["auth_req_id"]!));
        }));

        asked.Where(order => order.Granted is not null).Select(order => order.Answer["approval_id"]).Should().OnlyHaveUniqueItems().And.HaveCount(25);
        (await alice.LeftAsync(system)).Should().Equal("0.00 of 499.75");
        var granted = asked.Select(order => order.Granted).OfType<JsonAnswer>().ToList();
        granted.Should().OnlyContain(answer => answer.Status == HttpStatusCode.OK);
        granted.Sum(answer => decimal.Parse(BackchannelClient.Details(answer)[0].GetProperty("max_total").GetString()!, CultureInfo.InvariantCulture)).Should().Be(499.75m);
    }

    [Fact, Trait("Requirement", "OX-06")]
    public async Task After_it_was_ended_the_next_order_is_asked_and_what_was_not_redeemed_is_void()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var bobs = await BackchannelClient.ConnectAsync(system, bob);
        var mandate = await alice.GrantAsync(system, client.Agent);
        await bob.GrantAsync(system, bobs.Agent);
        var open = await client.AskAsync(BackchannelClient.Order("1", "90.00", "90.00"));
        var used = await client.AskAsync(BackchannelClient.Order("1", "80.00", "80.00"));
        (await client.PollAsync(used["auth_req_id"]!)).Status.Should().Be(HttpStatusCode.OK);

        await alice.EndMandateAsync(system, mandate);

        (await client.PollAsync(open["auth_req_id"]!))["error"].Should().Be("access_denied");
        (await client.AskAsync(BackchannelClient.Order("1", "70.00", "70.00")))["mandate_id"].Should().BeNull();
        (await alice.LeftAsync(system)).Should().Equal(["1,920.00 of 2,000.00"], "what was on its way stays counted, what is void comes back");
        (await bobs.AskAsync(BackchannelClient.Order("1", "70.00", "70.00")))["mandate_id"].Should().NotBeNull("his is his own");
        (await alice.ReadAsync(new Uri(open["approval_uri"]!))).Should().Contain("The mandate had ended");
        (await AuditAsync(system)).Should().Contain(entry => entry.Event == "mandate.revoked" && entry.Mandate == mandate.ToString());
    }

    [Fact, Trait("Requirement", "AS-17")]
    public async Task It_ends_with_the_agents_sign_in_and_does_not_come_back_with_it()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        await agent.ConnectAsync(alice, "portfolio:read orders:read orders:write");
        await alice.GrantAsync(system, agent.ClientId);
        await alice.SubmitAsync(new Uri(system.Running.Authority.Url, "account"), "Sign out this agent");
        var tokens = await agent.ConnectAsync(alice, "portfolio:read orders:read orders:write");

        (await new BackchannelClient(system, new JsonWebToken(tokens.AccessToken).Subject, agent.ClientId).AskAsync(BackchannelClient.Order("1", "70.00", "70.00")))["mandate_id"].Should().BeNull();
    }

    [Theory, Trait("Requirement", "OX-06")]
    [InlineData("rejected", "2,000.00 of 2,000.00")]
    [InlineData("not_placed", "2,000.00 of 2,000.00")]
    [InlineData("placed", "1,910.00 of 2,000.00")]
    [InlineData("unknown", "1,910.00 of 2,000.00")]
    public async Task What_came_to_nothing_gives_its_amount_back_once(string status, string left)
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        await alice.GrantAsync(system, client.Agent);
        var asked = await client.AskAsync(BackchannelClient.Order("1", "90.00", "90.00"));
        await client.PollAsync(asked["auth_req_id"]!);
        using var api = await client.ApiAsync();

        for (var time = 0; time < 3; time++)
            await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ => (await api.PostAsync($"{asked["approval_id"]}/outcome", System.Net.Http.Json.JsonContent.Create(new { status, order_id = status == "placed" ? "1" : null }))).Dispose()));

        (await alice.LeftAsync(system)).Should().Equal(left);
    }

    [Fact, Trait("Requirement", "OX-06")]
    public async Task What_nobody_comes_for_gives_its_amount_back()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        await alice.GrantAsync(system, client.Agent);
        var asked = await client.AskAsync(BackchannelClient.Order("1", "90.00", "90.00"));

        clock.Advance(TimeSpan.FromMinutes(3));

        (await client.PollAsync(asked["auth_req_id"]!))["error"].Should().Be("expired_token");
        (await alice.LeftAsync(system)).Should().Equal("2,000.00 of 2,000.00");
    }

    [Fact, Trait("Requirement", "OX-07")]
    public async Task A_days_budget_is_whole_again_on_the_next_day_and_what_comes_back_late_counts_for_its_own_day()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var mandate = await alice.GrantAsync(system, client.Agent, bounds => bounds["DailyBudget"] = "500");
        var first = await client.AskAsync(BackchannelClient.Order("5", "100.00", "500.00"));
        await client.PollAsync(first["auth_req_id"]!);
        (await client.AskAsync(BackchannelClient.Order("1", "1.00", "1.00")))["mandate_id"].Should().BeNull("the day's budget is used");

        clock.Advance(TimeSpan.FromDays(1));

        (await client.AskAsync(BackchannelClient.Order("5", "99.00", "495.00")))["mandate_id"].Should().NotBeNull();
        using var api = await client.ApiAsync();
        (await api.PostAsync($"{first["approval_id"]}/outcome", System.Net.Http.Json.JsonContent.Create(new { status = "not_placed" }))).StatusCode.Should().Be(HttpStatusCode.NoContent);
        await using var scope = system.Running.Authority.Services.CreateAsyncScope();
        var stored = await scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<Mandate>().AsNoTracking().SingleAsync(known => known.Id == mandate);
        (stored.UsedCents, stored.UsedOnDayCents).Should().Be((49500, 49500));
        clock.Advance(TimeSpan.FromDays(70));
        (await client.AskAsync(BackchannelClient.Order("1", "70.00", "70.00")))["mandate_id"].Should().BeNull("it is over");
    }

    [Fact, Trait("Requirement", "OX-05")]
    public async Task The_same_call_again_is_the_same_order_and_it_outlives_a_restart()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        await alice.GrantAsync(system, client.Agent);
        var order = BackchannelClient.Order("1", "90.00", "90.00");
        var first = await client.AskAsync(order, ("call_id", "one"));
        await system.StopAsync();
        await system.StartAsync();

        var parallel = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => client.AskAsync(order, ("call_id", "one"))));
        var polls = await Task.WhenAll(parallel.Append(first).Select(answer => client.PollAsync(answer["auth_req_id"]!)));

        parallel.Select(answer => answer["approval_id"]).Should().OnlyContain(id => id == first["approval_id"]);
        polls.Count(poll => poll.Status == HttpStatusCode.OK).Should().Be(1);
        (await client.AskAsync(order, ("call_id", "one")))["approval_id"].Should().Be(first["approval_id"], "also after it was used");
        (await client.AskAsync(order, ("call_id", "two")))["approval_id"].Should().NotBe(first["approval_id"]);
        (await alice.LeftAsync(system)).Should().Equal("1,820.00 of 2,000.00");
    }

    [Fact, Trait("Requirement", "OX-07")]
    public async Task The_persons_limits_hold_within_a_mandate()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        await alice.GrantAsync(system, client.Agent);
        var before = await client.AskAsync(BackchannelClient.Order("1", "90.00", "90.00"));
        await using (var scope = system.Running.Authority.Services.CreateAsyncScope())
            await scope.ServiceProvider.GetRequiredService<StockMcp.Authority.TradingLimits.TradingLimitStore>().SetAsync(new() { PersonId = Guid.Parse(client.Subject), LargestOrder = 80 }, CancellationToken.None);

        (await client.AskAsync(BackchannelClient.Order("1", "85.00", "85.00")))["limit"].Should().Be("largest_order");
        (await client.PollAsync(before["auth_req_id"]!))["error"].Should().Be("access_denied");
        (await client.AskAsync(BackchannelClient.Order("1", "75.00", "75.00")))["mandate_id"].Should().NotBeNull();
        (await alice.LeftAsync(system)).Should().Equal("1,925.00 of 2,000.00");
    }

    [Fact]
    public async Task The_agent_reads_what_is_left_and_no_other_agents_mandates()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var other = await BackchannelClient.ConnectAsync(system, alice);
        await alice.GrantAsync(system, client.Agent);
        await client.AskAsync(BackchannelClient.Order("1", "90.00", "90.00"));
        using var api = await client.ApiAsync();

        var mine = JsonNode.Parse(await api.GetStringAsync($"limits?sub={client.Subject}&client_id={client.Agent}"))!["mandates"]!.AsArray();

        mine.Should().ContainSingle();
        (mine[0]!["left_today"]!.GetValue<string>(), mine[0]!["left"]!.GetValue<string>()).Should().Be(("910.00", "1910.00"));
        JsonNode.Parse(await api.GetStringAsync($"limits?sub={client.Subject}&client_id={other.Agent}"))!["mandates"]!.AsArray().Should().BeEmpty();
    }

    private static JsonObject With(JsonObject order, params (string Member, string? Value)[] changes)
    {
        foreach (var (member, value) in changes)
        {
            if (value is null) order.Remove(member);
            else order[member] = value;
        }
        return order;
    }

    private static async Task<IReadOnlyList<AuditEntry>> AuditAsync(StockMcpSystem system)
    {
        await using var scope = system.Running.Authority.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<AuditEntry>().AsNoTracking().OrderBy(entry => entry.Seq).ToListAsync();
    }
}

internal static class Base64UrlText
{
    public static byte[] FromBase64Url(this string text) => System.Buffers.Text.Base64Url.DecodeFromChars(text);
}
