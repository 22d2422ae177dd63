using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.Orders;

/// <summary>From place_order to the person's answer, and to what became of the order.</summary>
public sealed class PlaceOrderTests
{
    [Fact, Trait("Requirement", "CB-07"), Trait("Requirement", "OX-04")]
    public async Task An_order_is_placed_once_the_person_says_yes_and_the_call_tells_that_it_waits()
    {
        await using var system = await TestSystem.StartAsync();
        var call = system.CallWithProgressAsync("place_order", Ordering.Limit());
        var asked = await system.Authority.Approvals.AskedAsync();
        (asked.Subject, asked.Agent).Should().Be(("alice", "an-agent"));
        system.Brokerage!.Gate.Posts.Should().BeEmpty("nothing is sent before the yes");
        asked.Become("approved");
        var (progress, result) = await call;

        result.Status().Should().Be("placed", result.Text);
        result.Content["money_may_have_moved"]!.GetValue<bool>().Should().BeTrue();
        result.Content["code"]!.GetValue<string>().Should().MatchRegex("^[A-HJ-NP-Z2-9]{3}-[A-HJ-NP-Z2-9]{3}$").And.Be(asked.Code);
        result.Content["terms"]!["max_total"]!.GetValue<string>().Should().Be("1000");
        progress.Should().NotBeEmpty();
        progress[0]["message"]!.GetValue<string>().Should().Be($"Waiting for your approval, code {asked.Code}: {system.Authority.Issuer}approvals/{asked.Id:D}");
        asked.Details.ToString().Should().Be($$"""[{"type":"stock_order","account":"{{asked.Details[0].GetProperty("account")}}","symbol":"WAYNE","side":"buy","quantity":"2","order_type":"limit","limit_price":"500","time_in_force":"day","currency":"USD","max_total":"1000.00"}]""");
        asked.Form["request_context"].Should().Contain("Buying power").And.Contain("at least 9000.00 USD").And.Contain("Wayne");
        var order = (await system.OrdersAsync()).Should().ContainSingle().Subject;
        order["order_id"]!.GetValue<string>().Should().Be(result.Content["order"]!["order_id"]!.GetValue<string>());
        order["client_order_id"]!.GetValue<string>().Should().Be($"stockmcp-{asked.Id:N}");
        system.Brokerage.Gate.Posts.Should().ContainSingle();
    }

    [Theory]
    [InlineData("denied", "said no")]
    [InlineData("expired", "did not answer in time")]
    [InlineData("cancelled", "withdrawn")]
    public async Task Without_a_yes_nothing_is_ordered(string status, string next)
    {
        await using var system = await TestSystem.StartAsync();
        var call = system.PlaceAsync();
        (await system.Authority.Approvals.AskedAsync()).Become(status);
        var result = await call;

        result.IsError.Should().BeFalse("it is an answer");
        result.Status().Should().Be(status);
        result.Content["money_may_have_moved"]!.GetValue<bool>().Should().BeFalse();
        result.Content["what_next"]!.GetValue<string>().Should().Contain(next);
        result.Text.Should().Contain("nothing was ordered");
        system.Brokerage!.Gate.Posts.Should().BeEmpty();
    }

    [Fact, Trait("Requirement", "OX-05")]
    public async Task A_call_that_does_not_wait_gives_code_and_link_and_another_call_goes_on_from_there()
    {
        await using var system = await TestSystem.StartAsync(copies: 2);
        var pending = await system.PlaceAsync(Ordering.Limit(wait: 0));
        var asked = await system.Authority.Approvals.AskedAsync();
        pending.Status().Should().Be("approval_pending");
        pending.Content["approval_url"]!.GetValue<string>().Should().Be($"{system.Authority.Issuer}approvals/{asked.Id:D}");
        pending.Text.Should().StartWith($"Waiting for your approval, code {asked.Code}: {system.Authority.Issuer}approvals/{asked.Id:D}");
        pending.Content["money_may_have_moved"]!.GetValue<bool>().Should().BeFalse();

        (await system.WaitForAsync(asked.Id.ToString(), wait: 0, copy: 1)).Status().Should().Be("approval_pending");
        var waiting = system.WaitForAsync(asked.Id.ToString(), copy: 1);
        asked.Become("approved");
        (await waiting).Status().Should().Be("placed");
        var again = await system[1].CallAsync(system.Trader(), "get_order_approval", new { approval_id = asked.Id });
        again.Content["order"]!["status"]!.GetValue<string>().Should().Be("filled");
        (await system.WaitForAsync(asked.Id.ToString())).Content["order"]!.ToJsonString().Should().Be(again.Content["order"]!.ToJsonString(), "the same approval is the same answer");
        system.Brokerage!.Gate.Posts.Should().ContainSingle();
    }

    [Fact, Trait("Requirement", "OX-05")]
    public async Task The_same_order_again_while_it_is_pending_is_the_same_request_and_one_order()
    {
        await using var system = await TestSystem.StartAsync(copies: 2);
        var first = await system.PlaceAsync(Ordering.Limit(wait: 0));
        var second = await system.PlaceAsync(Ordering.Limit(wait: 0, quantity: "2.0"), copy: 1);
        second.Content["approval_id"]!.GetValue<string>().Should().Be(first.Content["approval_id"]!.GetValue<string>(), "2 and 2.0 are one figure");
        var third = system.PlaceAsync(copy: 1);
        await Eventually.IsTrueAsync(() => system.Authority.Requests.Count(path => path == "/connect/backchannel") == 3);
        system.Authority.Approvals.All[Guid.Parse(first.Content["approval_id"]!.GetValue<string>())].Become("approved");
        var result = await third;

        result.Status().Should().Be("placed");
        result.Content["approval_id"]!.GetValue<string>().Should().Be(first.Content["approval_id"]!.GetValue<string>());
        result.Content["code"]!.GetValue<string>().Should().Be(first.Content["code"]!.GetValue<string>(), "it is the code that the person sees");
        system.Brokerage!.Gate.Posts.Should().ContainSingle();
    }

    [Fact, Trait("Requirement", "OX-05")]
    public async Task A_call_that_was_cancelled_does_not_stop_the_order()
    {
        await using var system = await TestSystem.StartAsync();
        using var leave = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = new StringContent(ServerCopy.Message("tools/call", new { name = "place_order", arguments = Ordering.Limit() }), null, "application/json") };
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + system.Trader());
        var call = system.Server.Http.SendAsync(request, leave.Token);
        var asked = await system.Authority.Approvals.AskedAsync();
        await leave.CancelAsync();
        await call.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();

        asked.Become("approved");
        await Eventually.IsTrueAsync(() => asked.Status == "placed");
        (await system.OrdersAsync()).Should().ContainSingle();
    }

    [Fact, Trait("Requirement", "RS-07")]
    public async Task An_approval_of_somebody_else_or_of_another_agent_answers_like_one_that_does_not_exist()
    {
        await using var system = await TestSystem.StartAsync();
        await system.PlaceAsync(Ordering.Limit(wait: 0));
        var asked = await system.Authority.Approvals.AskedAsync();
        var nobodys = await system.Server.CallAsync(system.Trader(), "get_order_approval", new { approval_id = Guid.CreateVersion7() });
        foreach (var token in new[] { system.Trader("bob"), system.Trader(client: "another-agent") })
        {
            var answer = await system.Server.CallAsync(token, "get_order_approval", new { approval_id = asked.Id });
            answer.Code.Should().Be("not_found");
            answer.Content["error"]!["message"]!.GetValue<string>().Should().Be(nobodys.Content["error"]!["message"]!.GetValue<string>());
        }
    }

    [Fact]
    public async Task The_authorization_server_is_away_and_no_money_has_moved()
    {
        await using var system = await TestSystem.StartAsync();
        (await system.Server.CallAsync(system.Trader(), "get_account")).IsError.Should().BeFalse("its keys and the token of the account are known");
        await system.Server.CallAsync(system.Trader(), "get_portfolio");
        await system.Authority.StopAsync();
        var result = await system.PlaceAsync();

        result.Code.Should().Be("upstream_unavailable");
        result.Content["error"]!["money_may_have_moved"]!.GetValue<bool>().Should().BeFalse();
        result.Content["error"]!["retry"]!.GetValue<bool>().Should().BeTrue();
    }

    [Fact]
    public async Task Who_asks_about_an_order_while_the_authorization_server_is_away_is_told_that_money_may_have_moved()
    {
        await using var system = await TestSystem.StartAsync();
        var pending = await system.PlaceAsync(Ordering.Limit(wait: 0));
        await system.Authority.StopAsync();
        foreach (var tool in new[] { "get_order_approval", "wait_for_order_approval" })
        {
            var result = await system.Server.CallAsync(system.Trader(), tool, new { approval_id = pending.Content["approval_id"]!.GetValue<string>() });
            result.Code.Should().Be("upstream_unavailable");
            result.Content["error"]!["money_may_have_moved"]!.GetValue<bool>().Should().BeTrue();
        }
    }

    [Fact]
    public async Task A_token_of_the_servers_own_that_ended_early_is_replaced()
    {
        await using var system = await TestSystem.StartAsync();
        var pending = await system.PlaceAsync(Ordering.Limit(wait: 0));
        (await system.WaitForAsync(pending.Content["approval_id"]!.GetValue<string>(), wait: 0)).Status().Should().Be("approval_pending");
        system.Authority.Approvals.RefuseOnce();
        (await system.WaitForAsync(pending.Content["approval_id"]!.GetValue<string>(), wait: 0)).Status().Should().Be("approval_pending");
    }

    [Fact]
    public async Task A_review_gives_an_id_that_holds_the_order_to_what_was_reviewed()
    {
        await using var system = await TestSystem.StartAsync();
        var review = await system.Server.CallAsync(system.Trader(), "review_order", new { symbol = "WAYNE", side = "buy", quantity = "2" });
        var (id, total) = (review.Content["review_id"]!.GetValue<string>(), review.Content["max_total"]!.GetValue<string>());
        review.Text.Should().Contain(id);

        var placed = await system.PlaceAsync(new { symbol = "WAYNE", side = "buy", quantity = "2", review_id = id, wait_seconds = 0 });
        placed.Status().Should().Be("approval_pending");
        placed.Content["terms"]!["max_total"]!.GetValue<string>().Should().Be(total);

        (await system.PlaceAsync(new { symbol = "WAYNE", side = "buy", quantity = "3", review_id = id })).Content["error"]!["argument"]!.GetValue<string>().Should().Be("review_id");
        (await system.PlaceAsync(new { symbol = "WAYNE", side = "buy", quantity = "2", review_id = id }, subject: "bob")).Content["error"]!["argument"]!.GetValue<string>().Should().Be("review_id", "it is alice's");
        (await system.Server.CallAsync(system.Trader(client: "another-agent"), "place_order", new { symbol = "WAYNE", side = "buy", quantity = "2", review_id = id })).Content["error"]!["argument"]!.GetValue<string>().Should().Be("review_id");
    }

    [Fact]
    public async Task A_sale_is_counted_and_not_bound()
    {
        await using var system = await TestSystem.StartAsync();
        await system.Brokerage!.OrderAsync("alice", quantity: 3);
        var call = system.PlaceAsync(new { symbol = "WAYNE", side = "sell", quantity = "2" });
        var asked = await system.Authority.Approvals.AskedAsync();
        decimal.Parse(asked.Details[0].GetProperty("max_total").GetString()!).Should().BePositive();
        asked.Form["request_context"].Should().Contain("\"before\":\"3\",\"after\":\"1\"");
        asked.Become("approved");

        (await call).Status().Should().Be("placed");
    }

    [Fact]
    public async Task Without_portfolio_read_an_order_needs_a_brokerage_that_shows_the_account_to_who_trades_in_it()
    {
        await using var system = await TestSystem.StartAsync();
        var result = await system.Server.CallAsync(system.Token(scope: "orders:write"), "place_order", Ordering.Limit(wait: 0));
        if (result.IsError)
        {
            result.Code.Should().Be("authorization_refused");
            result.Content["error"]!["message"]!.GetValue<string>().Should().Contain("portfolio:read");
        }
        else
        {
            result.Status().Should().Be("approval_pending");
        }
    }
}
