using System.Net;
using System.Text.Json;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.Tests.AuthorizationDetails;

/// <summary>Orders within a mandate: the token carries both, and the order must lie within the bounds.</summary>
public sealed class MandateOrderTests
{
    private static Dictionary<string, object> Mandate() => new()
    {
        ["type"] = "stock_trading_mandate",
        ["mandate_id"] = Guid.NewGuid().ToString(),
        ["agent"] = "some-agent",
        ["symbols"] = new[] { "WAYNE" },
        ["sides"] = new[] { "buy" },
        ["largest_order"] = "500.00",
        ["daily_budget"] = "1000.00",
        ["budget"] = "2000.00",
        ["highest_price"] = "30.00",
        ["currency"] = "USD",
        ["expires_at"] = "2999-12-31T23:59:59Z",
    };

    [Fact, Trait("Requirement", "OX-03")]
    public async Task A_refresh_gives_a_token_with_the_order_and_its_mandate_and_the_order_is_placed()
    {
        await using var brokerage = await TestApp.StartBrokerageAsync();
        using var app = new TestApp(brokerage);
        using var alice = new Browser(brokerage);
        var tokens = await app.GetTokensAsync(alice);
        using var reader = brokerage.Client(tokens.AccessToken());
        var order = new StockOrder(JsonDocument.Parse(await reader.GetStringAsync("/v2/account")).RootElement.Text("account_number"), Guid.NewGuid()).AtLimit(20m);
        var details = JsonSerializer.Serialize(new object[] { order.Details(), Mandate() });

        var answer = await app.RefreshForOrderAsync(tokens.RefreshToken(), details, order.Txn);
        using var client = brokerage.Client(answer.AccessToken());
        using var response = await client.PostAsync("/v2/orders", StockOrder.Json(order.Body()));

        answer.Claims().GetProperty("authorization_details").GetRawText().Should().Be(details);
        response.StatusCode.Should().Be(HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        (await app.RefreshForOrderAsync(answer.RefreshToken(), JsonSerializer.Serialize(new object[] { order.Details(), new Dictionary<string, object>(Mandate()) { ["symbols"] = new[] { "ACME" } } }), Guid.NewGuid().ToString(), HttpStatusCode.BadRequest))
            .Text("error_description").Should().Contain("outside the mandate: symbol");
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task An_app_whose_settings_do_not_name_the_type_gets_no_token_with_a_mandate()
    {
        await using var brokerage = await TestApp.StartBrokerageAsync(settings: ("Clients:0:AuthorizationDetailsTypes:1", null));
        using var app = new TestApp(brokerage);
        using var alice = new Browser(brokerage);
        var tokens = await app.GetTokensAsync(alice);
        using var reader = brokerage.Client(tokens.AccessToken());
        var order = new StockOrder(JsonDocument.Parse(await reader.GetStringAsync("/v2/account")).RootElement.Text("account_number"), Guid.NewGuid()).AtLimit(20m);

        (await app.RefreshForOrderAsync(tokens.RefreshToken(), JsonSerializer.Serialize(new object[] { order.Details(), Mandate() }), order.Txn, HttpStatusCode.BadRequest)).Text("error").Should().Be("invalid_authorization_details");
        await app.RefreshForOrderAsync(tokens.RefreshToken(), order.AuthorizationDetails(), order.Txn);
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task A_tokens_mandate_is_checked_again_where_it_is_used()
    {
        await using var brokerage = await TestBrokerage.StartAsync(configure: TestTokens.WithoutTokenRows);
        var person = await brokerage.OpenAccountAsync();
        var account = (await brokerage.Desk.GetAccountAsync(person)).Number;
        (string What, Action<Dictionary<string, object>> Change, HttpStatusCode Expected)[] cases =
        [
            ("as it is", _ => { }, HttpStatusCode.OK),
            ("its account", mandate => mandate["accounts"] = new[] { account }, HttpStatusCode.OK),
            ("another account", mandate => mandate["accounts"] = new[] { "SM999" }, HttpStatusCode.Forbidden),
            ("another symbol", mandate => mandate["symbols"] = new[] { "STARK" }, HttpStatusCode.Forbidden),
            ("another side", mandate => { mandate["sides"] = new[] { "sell" }; mandate["lowest_price"] = "1.00"; }, HttpStatusCode.Forbidden),
            ("too small", mandate => mandate["largest_order"] = "199.99", HttpStatusCode.Forbidden),
            ("too small in all", mandate => mandate["budget"] = "199.99", HttpStatusCode.Forbidden),
            ("too low a price", mandate => mandate["highest_price"] = "19.99", HttpStatusCode.Forbidden),
            ("over", mandate => mandate["expires_at"] = "2020-01-01T00:00:00Z", HttpStatusCode.Forbidden),
            ("no id", mandate => mandate.Remove("mandate_id"), HttpStatusCode.Forbidden),
            ("an unknown field", mandate => mandate["x"] = "y", HttpStatusCode.Forbidden),
            ("a number", mandate => mandate["budget"] = 2000, HttpStatusCode.Forbidden),
            ("another type", mandate => mandate["type"] = "stock_order", HttpStatusCode.Forbidden),
        ];
        foreach (var (what, change, expected) in cases)
        {
            var order = new StockOrder(account, Guid.NewGuid()).AtLimit(20m);
            var mandate = Mandate();
            change(mandate);
            using var client = brokerage.Client(brokerage.TokenFor(person, "trading", claims: new() { ["authorization_details"] = new object[] { order.Details().ToDictionary(field => field.Key, field => field.Value!), mandate }, ["txn"] = order.Txn }));
            using var response = await client.PostAsync("/v2/orders", StockOrder.Json(order.Body()));
            response.StatusCode.Should().Be(expected, "{0}: {1}", what, await response.Content.ReadAsStringAsync());
        }
        (await brokerage.Desk.ListOrdersAsync(person, new OrderQuery())).Should().HaveCount(2);
    }
}
