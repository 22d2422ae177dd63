using System.Net;
using System.Text.Json;
using StockMcp.Brokerage.Users;
using StockMcp.Hosting;

namespace StockMcp.Brokerage.Tests.AuthorizationDetails;

public sealed class OneOrderTokenTests : BrowserTest
{
    private async Task<StockOrder> AnOrderAsync(string accessToken)
    {
        using var client = Brokerage.Client(accessToken);
        var account = JsonDocument.Parse(await client.GetStringAsync("/v2/account")).RootElement;
        return new StockOrder(account.Text("account_number"), Guid.NewGuid()).AtLimit(70.5m);
    }

    [Fact, Trait("Requirement", "OX-03"), Trait("Requirement", "UP-03")]
    public async Task A_refresh_with_authorization_details_gives_a_short_token_that_carries_them_and_the_next_one_does_not()
    {
        var tokens = await App.GetTokensAsync(Alice);
        var order = await AnOrderAsync(tokens.AccessToken());

        var answer = await App.RefreshForOrderAsync(tokens.RefreshToken(), order.AuthorizationDetails(), order.Txn);

        JsonSerializer.Serialize(answer.GetProperty("authorization_details")).Should().Be(order.AuthorizationDetails());
        answer.GetProperty("expires_in").GetInt32().Should().BeInRange(100, 120);
        answer.Text("scope").Should().Be("orders:read trading");
        var claims = answer.Claims();
        claims.GetProperty("authorization_details").GetRawText().Should().Be(order.AuthorizationDetails(), "an array of one stays an array");
        claims.Text("txn").Should().Be(order.Txn);
        claims.Text("jti").Should().NotBeEmpty();
        claims.Text("aud").Should().Be("http://localhost:7003/v2");
        (claims.GetProperty("exp").GetInt64() - claims.GetProperty("iat").GetInt64()).Should().BeLessThanOrEqualTo(120);

        answer.RefreshToken().Should().NotBe(tokens.RefreshToken());
        var plain = await App.RefreshAsync(answer.RefreshToken());
        plain.TryGetProperty("authorization_details", out _).Should().BeFalse();
        plain.Claims().TryGetProperty("authorization_details", out _).Should().BeFalse();
        plain.Claims().TryGetProperty("txn", out _).Should().BeFalse();
        plain.GetProperty("expires_in").GetInt32().Should().BeGreaterThan(500);
        (await App.RefreshForOrderAsync(tokens.RefreshToken(), order.AuthorizationDetails(), order.Txn, HttpStatusCode.BadRequest)).Text("error").Should().Be("invalid_grant", "a used refresh token ends the grant for these as for all");
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task Introspection_tells_the_order_that_a_token_is_for()
    {
        var tokens = await App.GetTokensAsync(Alice);
        var order = await AnOrderAsync(tokens.AccessToken());
        var answer = await App.RefreshForOrderAsync(tokens.RefreshToken(), order.AuthorizationDetails(), order.Txn);

        var known = await App.PostAsync("/connect/introspect", HttpStatusCode.OK, ("token", answer.AccessToken()));
        known.GetProperty("active").GetBoolean().Should().BeTrue();
        JsonSerializer.Serialize(known.GetProperty("authorization_details")).Should().Be(order.AuthorizationDetails());
        known.Text("txn").Should().Be(order.Txn);

        var plain = await App.PostAsync("/connect/introspect", HttpStatusCode.OK, ("token", tokens.AccessToken()));
        plain.TryGetProperty("authorization_details", out _).Should().BeFalse();
    }

    [Fact, Trait("Requirement", "CB-05")]
    public async Task Details_that_name_no_exact_order_are_refused_and_use_nothing_up()
    {
        var tokens = await App.GetTokensAsync(Alice);
        var bobs = (await AnOrderAsync((await App.GetTokensAsync(await SignedInAsync(Bob))).AccessToken())).Account;
        var order = await AnOrderAsync(tokens.AccessToken());
        string With(string field, object? value) => Array(order, details => details[field] = value);
        string Without(string field) => Array(order, details => details.Remove(field));
        string[] wrong =
        [
            "", "{", "{}", "[]", "null", "7", "\"stock_order\"", "[[]]", "[\"stock_order\"]", "[null]",
            JsonSerializer.Serialize(order.Details()),
            JsonSerializer.Serialize(new[] { order.Details(), order.Details() }),
            order.AuthorizationDetails().Replace("\"side\":\"buy\"", "\"side\":\"sell\",\"side\":\"buy\""),
            order.AuthorizationDetails() + new string(' ', 4096),
            .. order.Details().Keys.Select(Without),
            .. order.Details().Keys.Select(field => With(field, null)),
            .. order.Details().Keys.Select(field => With(field, "")),
            .. order.Details().Keys.Select(field => With(field, true)),
            .. order.Details().Keys.Select(field => With(field, new[] { order.Details()[field] })),
            With("quantity", 10), With("limit_price", 70.5), With("max_total", 705), With("type", 1),
            With("note", "hello"), With("Symbol", "WAYNE"), With("qty", "10"),
            With("type", "payment"), With("currency", "EUR"), With("account", bobs), With("account", order.Account.ToLowerInvariant()),
            With("symbol", "wayne"), With("symbol", "WAYNE "), With("symbol", "NOPE"), With("symbol", "TOOLONG"), With("side", "Buy"), With("side", "0"), With("side", "sell_short"),
            With("order_type", "stop-limit"), With("order_type", "StopLimit"), With("order_type", "market"), With("order_type", "stop"), With("order_type", "stop_limit"), With("stop_price", "71"),
            With("time_in_force", "GTC"), With("time_in_force", "opg"),
            .. new[] { "0", "-1", "+10", "1e1", "10,5", "0x10", " 10", "10 ", "010", ".5", "10.", "NaN", "1000001", "1.5", "0.0000000001", "99999999999999999999999999999", "١٠" }.Select(quantity => With("quantity", quantity)),
            .. new[] { "0", "-70.50", "70.505", "7.05e1", "1000001" }.Select(limit => With("limit_price", limit)),
            .. new[] { "0", "-705", "705.001", "704.99", "705.01", "1e3" }.Select(total => With("max_total", total)),
            Array(order with { Type = "market", LimitPrice = null, TimeInForce = "day", MaxTotal = "700.001" }, _ => { }),
            Array(order with { Type = "market", LimitPrice = null, TimeInForce = "day", MaxTotal = "0.00" }, _ => { }),
        ];
        foreach (var details in wrong)
        {
            var refusal = await App.RefreshForOrderAsync(tokens.RefreshToken(), details, order.Txn, HttpStatusCode.BadRequest);
            refusal.Text("error").Should().Be("invalid_authorization_details", details);
            refusal.Text("error_description").Should().NotBeEmpty();
        }
        foreach (var transaction in new[] { "", "1", order.Txn[1..], $"{{{order.Txn}}}", order.Transaction.ToString("N"), Guid.Empty.ToString(), order.Txn + " " })
            (await App.RefreshForOrderAsync(tokens.RefreshToken(), order.AuthorizationDetails(), transaction, HttpStatusCode.BadRequest)).Text("error").Should().Be("invalid_authorization_details", transaction);
        (await App.TokenAsync(HttpStatusCode.BadRequest, ("grant_type", "refresh_token"), ("refresh_token", tokens.RefreshToken()), ("txn", order.Txn))).Text("error").Should().Be("invalid_authorization_details");
        (await App.TokenAsync(HttpStatusCode.BadRequest, ("grant_type", "refresh_token"), ("refresh_token", tokens.RefreshToken()), ("authorization_details", order.AuthorizationDetails()))).Text("error").Should().Be("invalid_authorization_details");
        (await App.RefreshForOrderAsync(tokens.RefreshToken(), order.AuthorizationDetails(), order.Txn, HttpStatusCode.BadRequest, "orders:read")).Text("error").Should().Be("invalid_scope", "an order needs trading");

        await App.RefreshForOrderAsync(tokens.RefreshToken(), order.AuthorizationDetails(), order.Txn);
    }

    [Theory, Trait("Requirement", "CB-05")]
    [InlineData("market", "1.5", null, null, "day", "200.00")]
    [InlineData("market", "1.50", null, null, "day", "200")]
    [InlineData("limit", "3", "33.33", null, "fok", "99.99")]
    [InlineData("limit", "0.333333333", "71.50", null, "day", "23.84")]
    [InlineData("stop", "3", null, "90.10", "gtc", "300.00")]
    [InlineData("stop_limit", "3", "91", "90.10", "gtc", "273.00")]
    public async Task Each_type_of_order_has_its_own_fields(string type, string quantity, string? limit, string? stop, string timeInForce, string maxTotal)
    {
        var tokens = await App.GetTokensAsync(Alice);
        var order = await AnOrderAsync(tokens.AccessToken()) with { Type = type, Quantity = quantity, LimitPrice = limit, StopPrice = stop, TimeInForce = timeInForce, MaxTotal = maxTotal };
        await App.RefreshForOrderAsync(tokens.RefreshToken(), order.AuthorizationDetails(), order.Txn);
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task An_app_whose_settings_do_not_name_the_type_gets_no_such_token()
    {
        await using var brokerage = await TestApp.StartBrokerageAsync(settings: ("Clients:0:AuthorizationDetailsTypes:0", null));
        using var app = new TestApp(brokerage);
        using var alice = new Browser(brokerage);
        var tokens = await app.GetTokensAsync(alice);
        using var client = brokerage.Client(tokens.AccessToken());
        var order = new StockOrder(JsonDocument.Parse(await client.GetStringAsync("/v2/account")).RootElement.Text("account_number"), Guid.NewGuid()).AtLimit(70m);

        (await app.RefreshForOrderAsync(tokens.RefreshToken(), order.AuthorizationDetails(), order.Txn, HttpStatusCode.BadRequest)).Text("error").Should().Be("invalid_authorization_details");
        await app.RefreshAsync(tokens.RefreshToken());
    }

    [Theory]
    [InlineData("Clients:0:AuthorizationDetailsTypes:0", "stock-order", "stock_order")]
    [InlineData("Clients:0:ClientSecret", null, "neither a secret nor keys")]
    public async Task A_setting_that_cannot_be_stops_the_start(string key, string? value, string why)
        => (await FluentActions.Awaiting(() => TestApp.StartBrokerageAsync(settings: (key, value))).Should().ThrowAsync<StartupException>()).Which.Message.Should().Contain(why);

    [Fact]
    public async Task Details_anywhere_else_than_at_a_refresh_are_refused_and_never_overlooked()
    {
        var details = new StockOrder("SM000000001", Guid.NewGuid()).AtLimit(70m).AuthorizationDetails();
        await Alice.GetAsync(App.AuthorizationUrl(TestApp.Everything, ("authorization_details", details)));
        (Alice.Left, Alice.Status).Should().Be((null, HttpStatusCode.BadRequest));
        Alice.Page.Should().Contain("authorization_details");
        var parameters = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(App.AuthorizationUrl(TestApp.Everything, ("authorization_details", details)).Split('?')[1]);
        (await App.PostAsync("/connect/par", HttpStatusCode.BadRequest, [.. parameters.Select(parameter => (parameter.Key, parameter.Value.ToString()))])).Text("error").Should().Be("invalid_authorization_details");

        var code = await App.GetCodeAsync(Alice);
        (await App.TokenAsync(HttpStatusCode.BadRequest, ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", TestApp.Callback), ("code_verifier", App.Verifier), ("authorization_details", details), ("txn", Guid.NewGuid().ToString())))
            .Text("error").Should().Be("invalid_authorization_details");
        await App.RedeemAsync(code);
    }

    [Fact]
    public async Task Discovery_names_the_types()
    {
        using var http = Brokerage.Client();
        var metadata = JsonDocument.Parse(await http.GetStringAsync("/.well-known/oauth-authorization-server")).RootElement;
        JsonSerializer.Serialize(metadata.GetProperty("authorization_details_types_supported")).Should().Be("""["stock_order","stock_trading_mandate"]""");
        metadata.GetProperty("scopes_supported").EnumerateArray().Select(scope => scope.GetString()).Should().Contain("email");
    }

    private static string Array(StockOrder order, Action<Dictionary<string, object?>> change)
    {
        var details = order.Details();
        change(details);
        return JsonSerializer.Serialize(new[] { details });
    }

    private static async Task<Browser> SignedInAsync(Browser bob)
    {
        var user = DemoUsers.All.Single(user => user.UserName == "bob");
        await bob.SignInAsync(user.UserName, user.Password);
        return bob;
    }
}
