using System.Net;
using System.Text.Json;
using StockMcp.Brokerage.Tests.AuthorizationDetails;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.Tests.TradingApi;

/// <summary>Orders by an app, each with a token for this order alone.</summary>
public sealed class ThirdPartyOrderTests : BrowserTest
{
    private string refreshToken = "";
    private string plainToken = "";
    private string account = "";
    private Guid alice;

    private decimal Ask => Brokerage.Market.LatestQuote("WAYNE").Ask;

    private async Task ConnectAsync()
    {
        var tokens = await App.GetTokensAsync(Alice);
        (refreshToken, plainToken, alice) = (tokens.RefreshToken(), tokens.AccessToken(), Guid.Parse(tokens.Claims().Text("sub")));
        account = (await Brokerage.Desk.GetAccountAsync(alice)).Number;
    }

    /// <summary>An order that stays open: far below the price.</summary>
    private StockOrder Resting(Guid? transaction = null) => new StockOrder(account, transaction ?? Guid.NewGuid()).AtLimit(20m);

    private StockOrder Market(decimal maxTotal, string quantity = "10") => new StockOrder(account, Guid.NewGuid()) { Type = "market", TimeInForce = "day", Quantity = quantity, MaxTotal = StockOrder.Figure(maxTotal) };

    private async Task<string> TokenAsync(StockOrder order)
    {
        var answer = await App.RefreshForOrderAsync(refreshToken, order.AuthorizationDetails(), order.Txn);
        refreshToken = answer.RefreshToken();
        return answer.AccessToken();
    }

    private async Task<JsonElement> PostAsync(string token, Dictionary<string, object?> body, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var client = Brokerage.Client(token);
        using var response = await client.PostAsync("/v2/orders", StockOrder.Json(body));
        var text = await response.Content.ReadAsStringAsync();
        response.StatusCode.Should().Be(expected, text);
        return JsonDocument.Parse(text).RootElement.Clone();
    }

    private async Task<JsonElement> PlaceAsync(StockOrder order, HttpStatusCode expected = HttpStatusCode.OK) => await PostAsync(await TokenAsync(order), order.Body(), expected);

    private Task<IReadOnlyList<Order>> OrdersAsync() => Brokerage.Desk.ListOrdersAsync(alice, new OrderQuery { Status = OrderStatusFilter.All });

    [Fact, Trait("Requirement", "OX-03")]
    public async Task An_order_with_exactly_the_terms_of_its_token_is_placed()
    {
        await ConnectAsync();
        var terms = Market(maxTotal: decimal.Round(12 * Ask, 2));
        var price = Ask;

        var order = await PlaceAsync(terms);

        order.Text("status").Should().Be("filled");
        order.Text("client_order_id").Should().Be(terms.ClientOrderId);
        order.Text("filled_avg_price").Should().Be(price.ToString("0.####"));
        order.TryGetProperty("reject_reason", out _).Should().BeFalse();
        (await Brokerage.Desk.GetAccountAsync(alice)).Cash.Should().Be(10_000m - 10 * price);
        var stored = (await OrdersAsync()).Should().ContainSingle().Subject;
        stored.TransactionId.Should().Be(terms.Transaction);
        stored.TokenId.Should().NotBeNullOrEmpty();
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task Figures_are_compared_as_numbers_and_never_as_text()
    {
        await ConnectAsync();
        var terms = Resting() with { Quantity = "10.000", LimitPrice = "20.0", MaxTotal = "200" };
        var body = terms.Body();
        (body["qty"], body["limit_price"]) = ("10", 20.00m);
        (await PostAsync(await TokenAsync(terms), body)).Text("status").Should().Be("new");
    }

    [Fact, Trait("Requirement", "OX-03"), Trait("Requirement", "OX-08")]
    public async Task An_order_that_differs_from_its_token_in_one_field_is_refused_and_the_token_stays_good_for_its_own()
    {
        await ConnectAsync();
        var limit = Resting() with { Quantity = "2" };
        limit = limit.AtLimit(20m);
        var stopLimit = limit with { Transaction = Guid.NewGuid(), Type = "stop_limit", StopPrice = "500", LimitPrice = "510", MaxTotal = "1020" };
        var market = Market(maxTotal: 3 * Ask + 0.01m - (3 * Ask + 0.01m) % 0.01m, quantity: "2") with { TimeInForce = "fok" };
        (StockOrder Terms, string Field, object? Value)[] differences =
        [
            (limit, "symbol", "ACME"), (limit, "qty", "3"), (limit, "qty", "1"), (limit, "qty", "2.000000001"), (limit, "side", "sell"),
            (limit, "limit_price", "20.01"), (limit, "limit_price", "19.99"), (limit, "time_in_force", "day"), (limit, "time_in_force", "ioc"),
            (limit, "client_order_id", null), (limit, "client_order_id", "mine"), (limit, "client_order_id", limit.Txn), (limit, "client_order_id", $"stockmcp-{Guid.NewGuid():N}"), (limit, "client_order_id", limit.ClientOrderId.ToUpperInvariant()),
            (stopLimit, "stop_price", "499"), (stopLimit, "limit_price", "511"), (market, "time_in_force", "day"), (market, "side", "sell"), (market, "qty", "20"),
        ];
        foreach (var terms in differences.Select(difference => difference.Terms).Distinct())
        {
            var token = await TokenAsync(terms);
            foreach (var (_, field, value) in differences.Where(difference => difference.Terms == terms))
            {
                var body = terms.Body();
                body[field] = value;
                if (field == "qty" && value is "2.000000001") body["time_in_force"] = "day";
                var refusal = await PostAsync(token, body, HttpStatusCode.Forbidden);
                refusal.GetProperty("code").GetInt32().Should().Be(40310000);
                refusal.Text("message").Should().ContainAny(field, "authorization_details");
            }
        }
        // The type cannot change alone: each has its own prices.
        var limitToken = await TokenAsync(limit);
        var asMarket = limit.Body();
        (asMarket["type"], asMarket["limit_price"]) = ("market", null);
        (await PostAsync(limitToken, asMarket, HttpStatusCode.Forbidden)).Text("message").Should().Contain("type");
        var asStop = limit.Body();
        (asStop["type"], asStop["limit_price"], asStop["stop_price"]) = ("stop", null, "20");
        await PostAsync(limitToken, asStop, HttpStatusCode.Forbidden);
        (await OrdersAsync()).Should().BeEmpty();

        (await PostAsync(limitToken, limit.Body())).Text("status").Should().Be("new");
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task A_token_without_details_places_nothing_and_cancels_what_is_there()
    {
        await ConnectAsync();
        var terms = Resting();
        (await PostAsync(plainToken, terms.Body(), HttpStatusCode.Forbidden)).Text("message").Should().Contain("authorization_details");
        (await OrdersAsync()).Should().BeEmpty();

        var placed = await PlaceAsync(terms);
        using var plain = Brokerage.Client((await App.RefreshAsync(refreshToken, "orders:read trading")).AccessToken());
        JsonDocument.Parse(await plain.GetStringAsync($"/v2/orders:by_client_order_id?client_order_id={terms.ClientOrderId}")).RootElement.Text("id").Should().Be(placed.Text("id"));
        (await plain.DeleteAsync($"/v2/orders/{placed.Text("id")}")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await OrdersAsync()).Should().ContainSingle().Which.Status.Should().Be(OrderStatus.Canceled);
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task A_token_past_its_time_places_nothing()
    {
        await ConnectAsync();
        var terms = Resting();
        var token = await TokenAsync(terms);
        Brokerage.Clock.Advance(TimeSpan.FromSeconds(125));
        await PostAsync(token, terms.Body(), HttpStatusCode.Unauthorized);
        (await OrdersAsync()).Should().BeEmpty();
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task The_same_order_again_is_the_same_order_also_with_another_token_and_after_its_end()
    {
        await ConnectAsync();
        var terms = Resting();
        var token = await TokenAsync(terms);
        var first = await PostAsync(token, terms.Body());

        (await PostAsync(token, terms.Body())).GetRawText().Should().Be(first.GetRawText());
        (await PostAsync(await TokenAsync(terms), terms.Body())).GetRawText().Should().Be(first.GetRawText());
        await Brokerage.Desk.CancelOrderAsync(alice, Guid.Parse(first.Text("id")));
        var after = await PostAsync(token, terms.Body());
        (after.Text("id"), after.Text("status")).Should().Be((first.Text("id"), "canceled"));
        Brokerage.Clock.Advance(TimeSpan.FromDays(1));
        refreshToken = (await App.RefreshAsync(refreshToken)).RefreshToken();
        (await PostAsync(await TokenAsync(terms), terms.Body())).Text("id").Should().Be(first.Text("id"));
        (await OrdersAsync()).Should().ContainSingle();
    }

    [Fact, Trait("Requirement", "OX-03"), Trait("Requirement", "OX-08")]
    public async Task A_second_order_for_the_same_transaction_is_a_conflict_for_ever()
    {
        await ConnectAsync();
        var first = Resting();
        var order = await PlaceAsync(first);

        StockOrder[] others = [first.AtLimit(21m), first with { Quantity = "9", MaxTotal = "180" }, first with { Side = "sell" }, first with { TimeInForce = "day" }, Market(maxTotal: 900m) with { Transaction = first.Transaction }, Market(maxTotal: 901m) with { Transaction = first.Transaction }];
        foreach (var other in others)
        {
            var refusal = await PlaceAsync(other, HttpStatusCode.Conflict);
            refusal.GetProperty("code").GetInt32().Should().Be(40910000);
        }
        await Brokerage.Desk.CancelOrderAsync(alice, Guid.Parse(order.Text("id")));
        await PlaceAsync(others[0], HttpStatusCode.Conflict);
        (await OrdersAsync()).Should().ContainSingle();
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task Somebody_elses_transaction_is_a_conflict_too()
    {
        await ConnectAsync();
        var first = Resting();
        await PlaceAsync(first);
        await Bob.SignInAsync("bob", "yes-we-can-42");
        var bobs = await App.GetTokensAsync(Bob);
        var bob = Guid.Parse(bobs.Claims().Text("sub"));
        var same = first with { Account = (await Brokerage.Desk.GetAccountAsync(bob)).Number };
        var token = (await App.RefreshForOrderAsync(bobs.RefreshToken(), same.AuthorizationDetails(), same.Txn)).AccessToken();

        var refusal = await PostAsync(token, same.Body(), HttpStatusCode.Conflict);
        refusal.GetRawText().Should().NotContain(account);
        (await Brokerage.Desk.ListOrdersAsync(bob, new OrderQuery { Status = OrderStatusFilter.All })).Should().BeEmpty();
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task Of_fifty_posts_at_once_with_two_tokens_one_order_comes()
    {
        await ConnectAsync();
        var terms = Market(maxTotal: decimal.Round(12 * Ask, 2), quantity: "10");
        var price = Ask;
        var tokens = new[] { await TokenAsync(terms), await TokenAsync(terms) };

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => PostAsync(tokens[i % 2], terms.Body()))));

        answers.Select(answer => answer.Text("id")).Distinct().Should().ContainSingle();
        answers.Select(answer => answer.Text("status")).Should().AllBe("filled");
        (await OrdersAsync()).Should().ContainSingle();
        (await Brokerage.Desk.GetAccountAsync(alice)).Cash.Should().Be(10_000m - 10 * price);
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task A_market_order_beyond_its_bound_ends_rejected_and_moves_nothing()
    {
        await ConnectAsync();
        var terms = Market(maxTotal: decimal.Round(10 * Ask, 2) - 0.01m);

        var order = await PlaceAsync(terms);

        order.Text("status").Should().Be("rejected");
        order.Text("reject_reason").Should().Be("price_beyond_bound");
        order.Text("failed_at").Should().NotBeEmpty();
        order.Text("filled_qty").Should().Be("0");
        var books = await Brokerage.Desk.GetAccountAsync(alice);
        (books.Cash, books.BuyingPower).Should().Be((10_000m, 10_000m));
        (await Brokerage.Desk.ListPositionsAsync(alice)).Should().BeEmpty();
        (await PlaceAsync(terms)).GetRawText().Should().Be(order.GetRawText(), "the approval gave this order, and gives no other");

        await Alice.GetAsync("/dashboard");
        Alice.Page.Should().Contain("more than you approved");
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task A_market_order_at_its_bound_is_filled()
    {
        await ConnectAsync();
        (await PlaceAsync(Market(maxTotal: decimal.Round(10 * Ask, 2, MidpointRounding.ToPositiveInfinity)))).Text("status").Should().Be("filled");
    }

    [Theory, Trait("Requirement", "OX-03")]
    [InlineData("-0.01", OrderStatus.Rejected)]
    [InlineData("50.00", OrderStatus.Filled)]
    public async Task A_stop_order_meets_its_bound_when_it_wakes(string above, OrderStatus expected)
    {
        await ConnectAsync();
        var stop = decimal.Round(Ask, 2) + 0.50m;
        var terms = new StockOrder(account, Guid.NewGuid()) { Type = "stop", StopPrice = StockOrder.Figure(stop), MaxTotal = StockOrder.Figure(10 * stop + decimal.Parse(above)) };
        var placed = await PlaceAsync(terms);
        placed.Text("status").Should().Be("new");
        (await Brokerage.Desk.GetAccountAsync(alice)).BuyingPower.Should().BeGreaterThanOrEqualTo(10_000m - decimal.Parse(terms.MaxTotal), "no more is held back than may be spent");

        var order = await Brokerage.Desk.GetOrderAsync(alice, Guid.Parse(placed.Text("id")));
        while (order.IsOpen && order.ExpiresAt > Brokerage.Clock.GetUtcNow())
        {
            Brokerage.Clock.Advance(TimeSpan.FromHours(1));
            await Brokerage.Desk.SettleAllAsync();
            order = await Brokerage.Desk.GetOrderAsync(alice, order.Id);
        }

        order.Status.Should().Be(expected);
        var books = await Brokerage.Desk.GetAccountAsync(alice);
        books.BuyingPower.Should().Be(books.Cash).And.Be(10_000m - order.FilledTotal);
        if (expected == OrderStatus.Rejected)
        {
            order.RejectReason.Should().Be(RejectReason.PriceBeyondBound);
            (await Brokerage.Desk.ListPositionsAsync(alice)).Should().BeEmpty();
        }
        else
        {
            order.FilledTotal.Should().BeLessThanOrEqualTo(decimal.Parse(terms.MaxTotal));
        }
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task A_sale_may_bring_more_than_it_was_counted_as()
    {
        await ConnectAsync();
        await Brokerage.Desk.PlaceOrderAsync(alice, new NewOrder { Symbol = "WAYNE", Side = OrderSide.Buy, Type = OrderType.Market, TimeInForce = TimeInForce.Day, Quantity = 10 });
        (await PlaceAsync(Market(maxTotal: 1.00m) with { Side = "sell" })).Text("status").Should().Be("filled");
        var limit = (new StockOrder(account, Guid.NewGuid()) { Side = "sell" }).AtLimit(1m);
        (await PlaceAsync(limit, HttpStatusCode.Forbidden)).Text("message").Should().Contain("insufficient qty");
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task An_order_that_the_money_is_not_enough_for_is_refused_and_its_approval_stays_good()
    {
        await ConnectAsync();
        var hold = await Brokerage.Desk.PlaceOrderAsync(alice, new NewOrder { Symbol = "ACME", Side = OrderSide.Buy, Type = OrderType.Limit, TimeInForce = TimeInForce.Gtc, Quantity = 990, LimitPrice = 10 });
        var terms = Resting();
        var token = await TokenAsync(terms);

        var refusal = await PostAsync(token, terms.Body(), HttpStatusCode.Forbidden);

        refusal.Text("message").Should().Be("insufficient buying power");
        refusal.Text("buying_power").Should().Be("100");
        (await OrdersAsync()).Should().ContainSingle().Which.Id.Should().Be(hold.Id);
        await Brokerage.Desk.CancelOrderAsync(alice, hold.Id);
        (await PostAsync(token, terms.Body())).Text("status").Should().Be("new");
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task A_transaction_is_used_up_over_a_restart_too()
    {
        var data = Directory.CreateTempSubdirectory("stockmcp-").FullName;
        try
        {
            StockOrder terms;
            string token, refresh, id;
            await using (var before = await TestApp.StartBrokerageAsync(data))
            {
                using var browser = new Browser(before);
                using var app = new TestApp(before);
                var tokens = await app.GetTokensAsync(browser);
                terms = new StockOrder((await before.Desk.GetAccountAsync(Guid.Parse(tokens.Claims().Text("sub")))).Number, Guid.NewGuid()).AtLimit(20m);
                var one = await app.RefreshForOrderAsync(tokens.RefreshToken(), terms.AuthorizationDetails(), terms.Txn);
                (token, refresh) = (one.AccessToken(), one.RefreshToken());
                using var client = before.Client(token);
                using var response = await client.PostAsync("/v2/orders", StockOrder.Json(terms.Body()));
                id = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.Text("id");
            }
            await using var after = await TestApp.StartBrokerageAsync(data);
            using var again = new TestApp(after);
            using var same = after.Client(token);
            JsonDocument.Parse(await (await same.PostAsync("/v2/orders", StockOrder.Json(terms.Body()))).Content.ReadAsStringAsync()).RootElement.Text("id").Should().Be(id);
            var other = terms.AtLimit(21m);
            using var different = after.Client((await again.RefreshForOrderAsync(refresh, other.AuthorizationDetails(), other.Txn)).AccessToken());
            (await different.PostAsync("/v2/orders", StockOrder.Json(other.Body()))).StatusCode.Should().Be(HttpStatusCode.Conflict);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Theory, Trait("Requirement", "OX-03")]
    [InlineData("as it is", HttpStatusCode.OK)]
    [InlineData("another account", HttpStatusCode.Forbidden)]
    [InlineData("two orders", HttpStatusCode.Forbidden)]
    [InlineData("another type", HttpStatusCode.Forbidden)]
    [InlineData("no transaction", HttpStatusCode.Forbidden)]
    [InlineData("a transaction that is none", HttpStatusCode.Forbidden)]
    [InlineData("a number", HttpStatusCode.Forbidden)]
    [InlineData("text", HttpStatusCode.Forbidden)]
    public async Task A_token_is_checked_again_where_it_is_used(string what, HttpStatusCode expected)
    {
        await using var brokerage = await TestBrokerage.StartAsync(configure: TestTokens.WithoutTokenRows);
        var (person, other) = (await brokerage.OpenAccountAsync(), await brokerage.OpenAccountAsync());
        var terms = new StockOrder((await brokerage.Desk.GetAccountAsync(person)).Number, Guid.NewGuid()).AtLimit(20m);
        var details = terms.Details().ToDictionary(field => field.Key, field => field.Value!);
        object claim = what switch { "two orders" => new[] { details, details }, "text" => "stock_order", _ => new[] { details } };
        if (what == "another account") details["account"] = (await brokerage.Desk.GetAccountAsync(other)).Number;
        if (what == "another type") details["type"] = "payment";
        if (what == "a number") details["quantity"] = 10;
        var claims = new Dictionary<string, object> { ["authorization_details"] = claim };
        if (what != "no transaction") claims["txn"] = what == "a transaction that is none" ? "7" : terms.Txn;

        using var client = brokerage.Client(brokerage.TokenFor(person, "trading", claims: claims));
        using var response = await client.PostAsync("/v2/orders", StockOrder.Json(terms.Body()));

        response.StatusCode.Should().Be(expected, await response.Content.ReadAsStringAsync());
        (await brokerage.Desk.ListOrdersAsync(person, new OrderQuery())).Should().HaveCount(expected == HttpStatusCode.OK ? 1 : 0);
        (await brokerage.Desk.ListOrdersAsync(other, new OrderQuery())).Should().BeEmpty();
    }
}
