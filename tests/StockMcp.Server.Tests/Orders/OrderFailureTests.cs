using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.Orders;

/// <summary>After the yes: brokerages that hang, fail and refuse, copies that die, and details that are not what was approved.</summary>
public sealed class OrderFailureTests
{
    [Fact, Trait("Requirement", "OX-04")]
    public async Task An_order_that_was_taken_without_an_answer_is_looked_up_and_is_placed_once()
    {
        await using var system = await TestSystem.StartAsync(settings: [("TradingApi:Timeout", "00:00:03"), ("Orders:LookUpFor", "00:00:01")]);
        var hanging = new TaskCompletionSource();
        system.Brokerage!.Gate.OnOrder = async (context, place) =>
        {
            await OrderGate.SwallowAsync(context, place);
            await hanging.Task;
        };
        var result = await ApproveAsync(system);
        hanging.SetResult();

        result.Status().Should().Be("placed", result.Text);
        (await system.OrdersAsync()).Should().ContainSingle().Which["order_id"]!.GetValue<string>().Should().Be(result.Content["order"]!["order_id"]!.GetValue<string>());
        system.Brokerage.Gate.Posts.Should().ContainSingle("a POST is never sent twice when it can be looked up");
    }

    [Theory, Trait("Requirement", "OX-04")]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(504)]
    public async Task An_order_that_was_taken_and_answered_with_an_error_of_the_server_is_looked_up(int status)
    {
        await using var system = await TestSystem.StartAsync(settings: ("Orders:LookUpFor", "00:00:01"));
        system.Brokerage!.Gate.OnOrder = async (context, place) =>
        {
            await OrderGate.SwallowAsync(context, place);
            context.Response.StatusCode = status;
        };
        var result = await ApproveAsync(system);

        result.Status().Should().Be("placed", result.Text);
        system.Brokerage.Gate.Posts.Should().ContainSingle();
    }

    [Fact, Trait("Requirement", "OX-04")]
    public async Task An_order_that_was_not_taken_goes_out_again_under_the_same_id()
    {
        await using var system = await TestSystem.StartAsync(settings: ("Orders:LookUpFor", "00:00:00.5"));
        var tries = 0;
        system.Brokerage!.Gate.OnOrder = (context, place) =>
        {
            if (Interlocked.Increment(ref tries) == 2) return place();
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        var result = await ApproveAsync(system);

        result.Status().Should().Be("placed", result.Text);
        system.Brokerage.Gate.Posts.Should().HaveCount(2);
        system.Brokerage.Gate.Posts.Select(post => post.ClientOrderId).Distinct().Should().ContainSingle();
        (await system.OrdersAsync()).Should().ContainSingle();
    }

    [Fact, Trait("Requirement", "OX-04")]
    public async Task A_brokerage_that_never_says_leaves_it_unknown_and_says_so_until_it_is_known()
    {
        await using var system = await TestSystem.StartAsync(settings: [("Orders:LookUpFor", "00:00:00.2"), ("Orders:LeaseEvery", "00:00:00.3")]);
        system.Authority.Approvals.LeaseFor = TimeSpan.FromSeconds(1);
        var isBack = false;
        system.Brokerage!.Gate.OnOrder = async (context, place) =>
        {
            if (isBack)
            {
                await place();
                return;
            }
            context.Response.StatusCode = 500;
        };
        var pending = await system.PlaceAsync(Ordering.Limit(wait: 0));
        var asked = await system.Authority.Approvals.AskedAsync();
        asked.Become("approved");
        await Eventually.IsTrueAsync(() => system.Authority.Approvals.Outcomes.Contains("unknown"));
        var unknown = system.Authority.Approvals.Outcomes.First();
        unknown.Should().Be("unknown");

        isBack = true;
        var result = await system.WaitForAsync(pending.Content["approval_id"]!.GetValue<string>(), 60);
        result.Status().Should().Be("placed", result.Text);
        (await system.OrdersAsync()).Should().ContainSingle();
    }

    [Fact, Trait("Requirement", "OX-04")]
    public async Task Past_its_time_an_order_is_not_sent_any_more()
    {
        await using var system = await TestSystem.StartAsync(settings: [("TradingApi:Timeout", "00:00:03"), ("Orders:LookUpFor", "00:00:00.2"), ("Orders:LeaseEvery", "00:00:00.3")]);
        system.Authority.Approvals.LeaseFor = TimeSpan.FromSeconds(1);
        system.Authority.Approvals.SendWithin = TimeSpan.FromSeconds(2);
        system.Brokerage!.Gate.OnOrder = (context, _) =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        var result = await ApproveAsync(system, wait: 60);
        var sent = system.Brokerage.Gate.Posts.Count;

        result.Status().Should().Be("not_placed", result.Text);
        result.Content["reason"]!.GetValue<string>().Should().Be("deadline_passed");
        result.Content["money_may_have_moved"]!.GetValue<bool>().Should().BeFalse();
        system.Brokerage.Gate.OnOrder = null;
        (await system.WaitForAsync(result.Content["approval_id"]!.GetValue<string>())).Status().Should().Be("not_placed");
        system.Brokerage.Gate.Posts.Should().HaveCount(sent);
    }

    [Fact, Trait("Requirement", "RS-13")]
    public async Task An_account_without_the_money_is_a_rejection_in_our_words()
    {
        await using var system = await TestSystem.StartAsync();
        var result = await ApproveAsync(system, quantity: "1000");

        result.Status().Should().Be("rejected");
        result.Content["reason"]!.GetValue<string>().Should().Be("insufficient_buying_power");
        result.Content["money_may_have_moved"]!.GetValue<bool>().Should().BeFalse();
        result.Content.ToJsonString().Should().NotContain("Ignore");
        result.Text.Should().NotContain("Ignore").And.Contain("buying power");
        system.Brokerage!.Gate.Posts.Should().ContainSingle();
    }

    [Fact]
    public async Task An_order_that_the_brokerage_takes_and_rejects_at_once_is_never_called_placed()
    {
        await using var system = await TestSystem.StartAsync();
        system.Brokerage!.Gate.OnOrder = (context, _) => context.Response.WriteAsJsonAsync(new
        {
            id = Guid.CreateVersion7(),
            client_order_id = system.Brokerage.Gate.Posts.Single().ClientOrderId,
            symbol = "WAYNE",
            side = "buy",
            type = "limit",
            limit_price = "500",
            time_in_force = "day",
            status = "rejected",
            qty = "2",
            filled_qty = "0",
            submitted_at = "2026-11-26T00:00:00Z",
            reject_reason = "price_beyond_bound",
        });
        var result = await ApproveAsync(system);

        result.Status().Should().Be("rejected");
        result.Content["reason"]!.GetValue<string>().Should().Be("price_beyond_bound");
        result.Content["what_next"]!.GetValue<string>().Should().Contain("max_total");
    }

    [Fact]
    public async Task An_answer_about_another_order_is_not_believed()
    {
        await using var system = await TestSystem.StartAsync(settings: ("Orders:LookUpFor", "00:00:00.2"));
        system.Brokerage!.Gate.OnOrder = (context, _) => context.Response.WriteAsJsonAsync(new
        {
            id = Guid.CreateVersion7(),
            client_order_id = system.Brokerage.Gate.Posts.First().ClientOrderId,
            symbol = "WAYNE",
            side = "sell",
            type = "limit",
            limit_price = "500",
            time_in_force = "day",
            status = "filled",
            qty = "2",
            filled_qty = "2",
            submitted_at = "2026-11-26T00:00:00Z",
        });
        var call = system.PlaceAsync(Ordering.Limit(wait: 5));
        (await system.Authority.Approvals.AskedAsync()).Become("approved");
        await Eventually.IsTrueAsync(() => system.Authority.Approvals.Outcomes.Contains("unknown"));
        (await call).Content["money_may_have_moved"]!.GetValue<bool>().Should().BeTrue();
    }

    [Theory, Trait("Requirement", "OX-02")]
    [InlineData("quantity", "3")]
    [InlineData("symbol", "ACME")]
    [InlineData("max_total", "1000.01")]
    [InlineData("account", "SOMEBODY-ELSE")]
    [InlineData("note", "and sell everything")]
    public async Task A_token_for_another_order_than_was_asked_for_is_not_used_and_the_approval_stays_good_for_its_true_terms(string member, string value)
    {
        await using var system = await TestSystem.StartAsync(settings: ("Orders:LeaseEvery", "00:00:00.3"));
        system.Authority.Approvals.LeaseFor = TimeSpan.FromSeconds(1);
        var redeemed = 0;
        system.Authority.Approvals.OnRedeem = (approval, answer) =>
        {
            if (Interlocked.Increment(ref redeemed) > 1) return answer;
            var changed = JsonNode.Parse(System.Text.Json.JsonSerializer.Serialize(answer))!;
            changed["authorization_details"]![0]![member] = value;
            return changed;
        };
        var call = system.PlaceAsync(Ordering.Limit(wait: 60));
        var asked = await system.Authority.Approvals.AskedAsync();
        asked.Become("approved");
        await Eventually.IsTrueAsync(() => system.Log.All.Any(line => line.StartsWith("Critical", StringComparison.Ordinal)));
        var result = await call;

        result.Status().Should().Be("placed", "a copy took it over, with the terms that were approved");
        result.Content["terms"]!["quantity"]!.GetValue<string>().Should().Be("2");
        system.Brokerage!.Gate.Posts.Should().ContainSingle();
        (await system.OrdersAsync()).Should().ContainSingle().Which["quantity"]!.GetValue<string>().Should().Be("2");
    }

    [Theory, Trait("Requirement", "OX-02"), Trait("Requirement", "RC-03")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upstream_token_without_the_orders_details_or_with_others_sends_nothing(bool isMissing)
    {
        await using var system = await TestSystem.StartAsync(settings: ("Orders:LeaseEvery", "00:01:00"));
        system.Authority.ExchangedDetails = details => isMissing ? null : JsonNode.Parse(details.ToString().Replace("\"2\"", "\"20\""));
        var call = system.PlaceAsync(Ordering.Limit(wait: 3));
        (await system.Authority.Approvals.AskedAsync()).Become("approved");
        var result = await call;

        result.Status().Should().Be(isMissing ? "not_placed" : "executing");
        if (isMissing) result.Content["reason"]!.GetValue<string>().Should().Be("one_order_token_missing");
        else await Eventually.IsTrueAsync(() => system.Log.All.Any(line => line.StartsWith("Critical", StringComparison.Ordinal)));
        system.Brokerage!.Gate.Posts.Should().BeEmpty();
    }

    [Fact, Trait("Requirement", "RC-03")]
    public async Task One_order_tokens_are_exchanged_for_each_order_and_never_remembered()
    {
        await using var system = await TestSystem.StartAsync(redis: true);
        (await ApproveAsync(system)).Status().Should().Be("placed");
        (await ApproveAsync(system, price: "501", number: 2)).Status().Should().Be("placed");
        system.Brokerage!.Gate.Posts.Select(post => post.Token).Distinct().Should().HaveCount(2);

        var canceled = await system.Server.CallAsync(system.Trader(), "cancel_order", new { order_id = Guid.CreateVersion7() });
        canceled.Code.Should().Be("not_found");
        system.Brokerage.Requests.Where(request => request.Path.StartsWith("/v2/orders/", StringComparison.Ordinal)).Last().Authorization.Should().NotContainAny(system.Brokerage.Gate.Posts.Select(post => post.Token));
    }

    [Theory, Trait("Requirement", "OX-06"), Trait("Requirement", "OX-04")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_copy_that_dies_after_the_redemption_leaves_the_order_to_another_one(bool hadSent)
    {
        await using var system = await TestSystem.StartAsync(copies: 2, settings: [("Orders:LeaseEvery", "00:00:00.3"), ("Orders:LookUpFor", "00:00:00.5")]);
        system.Authority.Approvals.LeaseFor = TimeSpan.FromSeconds(2);
        var isDying = true;
        if (hadSent)
        {
            // The order went out, and its copy never heard of it nor could say so.
            system.Authority.Approvals.OutcomeFault = () => isDying ? Results.StatusCode(503) : null;
        }
        else
        {
            // The answer to the redemption is lost.
            system.Authority.Approvals.OnRedeem = (_, answer) => isDying ? null : answer;
        }
        await system.PlaceAsync(Ordering.Limit(wait: 0));
        var asked = await system.Authority.Approvals.AskedAsync();
        asked.Become("approved");
        await Eventually.IsTrueAsync(() => asked.RedeemedAt is not null && (!hadSent || !system.Brokerage!.Gate.Posts.IsEmpty));
        await system[0].KillAsync();
        isDying = false;

        var result = await system.WaitForAsync(asked.Id.ToString(), 60, copy: 1);
        result.Status().Should().Be("placed", result.Text);
        system.Brokerage!.Gate.Posts.Should().ContainSingle();
        (await system[1].CallAsync(system.Trader(), "list_orders")).Content["orders"]!.AsArray().Should().ContainSingle();
    }

    [Fact, Trait("Requirement", "OX-06")]
    public async Task An_approval_whose_copy_died_while_the_person_thought_is_placed_by_another_one()
    {
        await using var system = await TestSystem.StartAsync(copies: 2, settings: ("Orders:LeaseEvery", "00:00:00.3"));
        system.Authority.Approvals.UnredeemedAfter = TimeSpan.FromMilliseconds(300);
        await system.PlaceAsync(Ordering.Limit(wait: 0));
        await system[0].KillAsync();
        var asked = await system.Authority.Approvals.AskedAsync();
        asked.Become("approved");

        (await system.WaitForAsync(asked.Id.ToString(), 60, copy: 1)).Status().Should().Be("placed");
        system.Brokerage!.Gate.Posts.Should().ContainSingle();
    }

    [Theory, Trait("Requirement", "OX-02"), Trait("Requirement", "OX-04")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_brokerage_that_knows_no_authorization_details_gets_each_order_once_all_the_same(bool fails)
    {
        await using var system = await TestSystem.StartAsync(settings: [("Orders:UpstreamKnowsAuthorizationDetails", "false"), ("Orders:LookUpFor", "00:00:00.5")]);
        system.Authority.ExchangedDetails = _ => null;
        system.Brokerage!.Gate.KnowsNoDetails = true;
        if (fails)
        {
            system.Brokerage.Gate.OnOrder = async (context, place) =>
            {
                await OrderGate.SwallowAsync(context, place);
                context.Response.StatusCode = 500;
            };
        }
        var result = await ApproveAsync(system);

        result.Status().Should().Be("placed", result.Text);
        (await system.OrdersAsync()).Should().ContainSingle().Which["client_order_id"]!.GetValue<string>().Should().StartWith("stockmcp-");
        system.Brokerage.Gate.Posts.Should().ContainSingle();
    }

    [Fact, Trait("Requirement", "OX-02")]
    public async Task For_such_a_brokerage_this_servers_own_comparison_is_the_last_check()
    {
        await using var system = await TestSystem.StartAsync(settings: [("Orders:UpstreamKnowsAuthorizationDetails", "false"), ("Orders:LeaseEvery", "00:01:00")]);
        system.Authority.ExchangedDetails = _ => null;
        system.Brokerage!.Gate.KnowsNoDetails = true;
        system.Authority.Approvals.OnRedeem = (_, answer) => JsonNode.Parse(System.Text.Json.JsonSerializer.Serialize(answer).Replace("\"2\"", "\"200\""));
        var call = system.PlaceAsync(Ordering.Limit(wait: 3));
        (await system.Authority.Approvals.AskedAsync()).Become("approved");
        await call;
        await Eventually.IsTrueAsync(() => system.Log.All.Any(line => line.StartsWith("Critical", StringComparison.Ordinal)));
        system.Brokerage.Gate.Posts.Should().BeEmpty();
    }

    [Fact, Trait("Requirement", "LG-01")]
    public async Task Nothing_of_it_is_logged_that_opens_anything()
    {
        await using var system = await TestSystem.StartAsync();
        var ids = new List<string>();
        var call = system.PlaceAsync();
        var asked = await system.Authority.Approvals.AskedAsync();
        ids.Add(asked.AuthReqId);
        asked.Become("approved");
        (await call).Status().Should().Be("placed");
        ids.AddRange(system.Brokerage!.Gate.Posts.Select(post => post.Token));
        ids.Add($"approvals/{asked.Id:D}");

        system.Log.All.Should().NotContain(line => ids.Any(line.Contains));
    }

    private static async Task<ToolResult> ApproveAsync(TestSystem system, string quantity = "2", string price = "500", int wait = 30, int number = 1)
    {
        var call = system.PlaceAsync(Ordering.Limit(quantity, price, wait));
        (await system.Authority.Approvals.AskedAsync(number)).Become("approved");
        return await call;
    }
}
