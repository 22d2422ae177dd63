using System.Net;
using System.Text;
using System.Text.Json;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.Tests.TradingApi;

public sealed class TradingApiTests : IAsyncLifetime
{
    private const string Everything = "account:read orders:read trading";
    private TestBrokerage brokerage = null!;
    private Guid alice;

    public async ValueTask InitializeAsync()
    {
        brokerage = await TestBrokerage.StartAsync(configure: TestTokens.WithoutTokenRows);
        alice = await brokerage.OpenAccountAsync();
    }

    public ValueTask DisposeAsync() => brokerage.DisposeAsync();

    private HttpClient Alice(string scope = Everything) => brokerage.Client(brokerage.TokenFor(alice, scope));

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage response, HttpStatusCode status = HttpStatusCode.OK)
    {
        var text = await response.Content.ReadAsStringAsync();
        response.StatusCode.Should().Be(status, text);
        response.Content.Headers.ContentType!.MediaType.Should().Be("application/json");
        return JsonDocument.Parse(text).RootElement.Clone();
    }

    private Task<Order> BuyAsync(decimal quantity, decimal? limit = null, string? clientOrderId = null) => brokerage.Desk.PlaceOrderAsync(alice, new NewOrder
    {
        Symbol = "WAYNE",
        Side = OrderSide.Buy,
        Type = limit is null ? OrderType.Market : OrderType.Limit,
        TimeInForce = TimeInForce.Day,
        Quantity = quantity,
        LimitPrice = limit,
        ClientOrderId = clientOrderId,
    });

    [Fact]
    public async Task The_account_has_money_as_strings()
    {
        using var client = Alice("account:read");
        await BuyAsync(3);
        var account = await JsonAsync(await client.GetAsync("/v2/account"));

        account.GetProperty("status").GetString().Should().Be("ACTIVE");
        account.GetProperty("cash").GetString().Should().Be((10_000m - 3 * brokerage.Market.LatestQuote("WAYNE").Ask).ToString("0.00##"));
        account.GetProperty("last_equity").GetString().Should().Be("10000");
        account.GetProperty("currency").GetString().Should().Be("USD");
    }

    [Fact]
    public async Task A_position_is_found_by_its_symbol_and_by_its_asset_id()
    {
        using var client = Alice("account:read");
        await BuyAsync(2.5m);
        var bySymbol = await JsonAsync(await client.GetAsync("/v2/positions/WAYNE"));
        var byId = await JsonAsync(await client.GetAsync("/v2/positions/" + bySymbol.GetProperty("asset_id").GetString()));

        byId.GetProperty("symbol").GetString().Should().Be("WAYNE");
        bySymbol.GetProperty("qty").GetString().Should().Be("2.5");
        bySymbol.GetProperty("side").GetString().Should().Be("long");
        (await JsonAsync(await client.GetAsync("/v2/positions"))).GetArrayLength().Should().Be(1);
        var missing = await JsonAsync(await client.GetAsync("/v2/positions/ACME"), HttpStatusCode.NotFound);
        missing.GetRawText().Should().Be("""{"code":40410000,"message":"position does not exist"}""");
    }

    [Fact]
    public async Task Orders_are_listed_newest_first_and_paged()
    {
        using var client = Alice("orders:read");
        for (var i = 0; i < 5; i++)
        {
            await BuyAsync(1, limit: 10 + i, clientOrderId: "order-" + i);
            brokerage.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        static IEnumerable<string?> Ids(JsonElement page) => page.EnumerateArray().Select(order => order.GetProperty("client_order_id").GetString());
        var first = await JsonAsync(await client.GetAsync("/v2/orders?limit=2"));
        var last = first[1].GetProperty("id").GetString();
        Ids(first).Should().Equal("order-4", "order-3");
        Ids(await JsonAsync(await client.GetAsync($"/v2/orders?limit=2&before_order_id={last}"))).Should().Equal("order-2", "order-1");
        Ids(await JsonAsync(await client.GetAsync($"/v2/orders?after_order_id={last}"))).Should().Equal("order-4");
        Ids(await JsonAsync(await client.GetAsync("/v2/orders?direction=asc&limit=1"))).Should().Equal("order-0");
        Ids(await JsonAsync(await client.GetAsync("/v2/orders?status=closed"))).Should().BeEmpty();
        Ids(await JsonAsync(await client.GetAsync("/v2/orders?after=2026-11-24T16:00:02.5Z"))).Should().Equal("order-4", "order-3");
        Ids(await JsonAsync(await client.GetAsync("/v2/orders?symbols=ACME,STARK"))).Should().BeEmpty();
        (await JsonAsync(await client.GetAsync("/v2/orders:by_client_order_id?client_order_id=order-2"))).GetProperty("limit_price").GetString().Should().Be("12");
    }

    [Fact]
    public async Task An_open_order_is_cancelled_twice_and_a_filled_one_never()
    {
        using var client = Alice();
        var open = await BuyAsync(1, limit: 10);
        (await client.DeleteAsync($"/v2/orders/{open.Id}")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await client.DeleteAsync($"/v2/orders/{open.Id}")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        var cancelled = await JsonAsync(await client.GetAsync($"/v2/orders/{open.Id}"));
        cancelled.GetProperty("status").GetString().Should().Be("canceled");
        cancelled.GetProperty("canceled_at").GetString().Should().Be("2026-11-24T16:00:00Z");

        var filled = await BuyAsync(1);
        var refusal = await JsonAsync(await client.DeleteAsync($"/v2/orders/{filled.Id}"), HttpStatusCode.UnprocessableEntity);
        refusal.GetRawText().Should().Be("""{"code":42210000,"message":"order is already in \u0022filled\u0022 state"}""");
    }

    [Fact]
    public async Task All_open_orders_are_cancelled_at_once()
    {
        using var client = Alice();
        await BuyAsync(1, limit: 10);
        await BuyAsync(1, limit: 11);
        var answers = await JsonAsync(await client.DeleteAsync("/v2/orders"), HttpStatusCode.MultiStatus);
        answers.EnumerateArray().Select(answer => answer.GetProperty("status").GetInt32()).Should().Equal(200, 200);
        (await brokerage.Desk.GetAccountAsync(alice)).BuyingPower.Should().Be(10_000m);
    }

    [Fact, Trait("Requirement", "OX-08")]
    public async Task Somebody_elses_order_answers_like_one_that_does_not_exist()
    {
        var bob = await brokerage.OpenAccountAsync();
        using var client = brokerage.Client(brokerage.TokenFor(bob, Everything));
        var order = await BuyAsync(1, limit: 10, clientOrderId: "alices");

        const string NotFound = """{"code":40410000,"message":"order not found"}""";
        (await JsonAsync(await client.GetAsync($"/v2/orders/{order.Id}"), HttpStatusCode.NotFound)).GetRawText().Should().Be(NotFound);
        (await JsonAsync(await client.GetAsync($"/v2/orders/{Guid.CreateVersion7()}"), HttpStatusCode.NotFound)).GetRawText().Should().Be(NotFound);
        (await JsonAsync(await client.DeleteAsync($"/v2/orders/{order.Id}"), HttpStatusCode.NotFound)).GetRawText().Should().Be(NotFound);
        (await JsonAsync(await client.GetAsync("/v2/orders:by_client_order_id?client_order_id=alices"), HttpStatusCode.NotFound)).GetRawText().Should().Be(NotFound);
        (await brokerage.Desk.GetOrderAsync(alice, order.Id)).IsOpen.Should().BeTrue();
    }

    [Fact, Trait("Requirement", "OX-03")]
    public async Task A_third_party_places_no_order_with_a_plain_trading_scope()
    {
        using var client = Alice();
        const string Order = """{"symbol":"WAYNE","qty":"1","side":"buy","type":"market","time_in_force":"day"}""";
        var refusal = await JsonAsync(await client.PostAsync("/v2/orders", new StringContent(Order, Encoding.UTF8, "application/json")), HttpStatusCode.Forbidden);

        refusal.GetProperty("code").GetInt32().Should().Be(40310000);
        refusal.GetProperty("message").GetString().Should().Contain("authorization_details");
        (await brokerage.Desk.ListOrdersAsync(alice, new OrderQuery())).Should().BeEmpty();

        var details = new Dictionary<string, object> { ["authorization_details"] = new[] { new Dictionary<string, object> { ["type"] = "anything" } } };
        using var claiming = brokerage.Client(brokerage.TokenFor(alice, Everything, claims: details));
        await JsonAsync(await claiming.PostAsync("/v2/orders", new StringContent(Order, Encoding.UTF8, "application/json")), HttpStatusCode.Forbidden);
        (await brokerage.Desk.ListOrdersAsync(alice, new OrderQuery())).Should().BeEmpty();
    }

    [Theory, Trait("Requirement", "RS-10")]
    [InlineData("""{""", 400, "JSON")]
    [InlineData("""[]""", 400, "JSON object")]
    [InlineData("""{"symbol":"WAYNE","symbol":"ACME"}""", 400, "once")]
    [InlineData("""{"qty":"1","side":"buy","type":"market","time_in_force":"day"}""", 422, "symbol is required")]
    [InlineData("""{"symbol":7,"qty":"1","side":"buy","type":"market","time_in_force":"day"}""", 422, "symbol must be a string")]
    [InlineData("""{"symbol":"NOPE","qty":"1","side":"buy","type":"market","time_in_force":"day"}""", 422, "asset \"NOPE\" not found")]
    [InlineData("""{"symbol":"<script>alert(1)</script>","qty":"1","side":"buy","type":"market","time_in_force":"day"}""", 422, "symbol must be 1 to 5 capital letters")]
    [InlineData("""{"symbol":"WAYNE","side":"buy","type":"market","time_in_force":"day"}""", 422, "qty is required")]
    [InlineData("""{"symbol":"WAYNE","qty":"0","side":"buy","type":"market","time_in_force":"day"}""", 422, "qty must be > 0")]
    [InlineData("""{"symbol":"WAYNE","qty":"-1","side":"buy","type":"market","time_in_force":"day"}""", 422, "qty must be > 0")]
    [InlineData("""{"symbol":"WAYNE","qty":"1000001","side":"buy","type":"market","time_in_force":"day"}""", 422, "qty must be <= 1000000")]
    [InlineData("""{"symbol":"WAYNE","qty":"1e3","side":"buy","type":"market","time_in_force":"day"}""", 422, "qty must be a decimal number")]
    [InlineData("""{"symbol":"WAYNE","qty":true,"side":"buy","type":"market","time_in_force":"day"}""", 422, "qty must be a decimal number")]
    [InlineData("""{"symbol":"WAYNE","qty":{},"side":"buy","type":"market","time_in_force":"day"}""", 422, "qty must be a decimal number")]
    [InlineData("""{"symbol":"WAYNE","qty":"99999999999999999999999999999","side":"buy","type":"market","time_in_force":"day"}""", 422, "qty must be a decimal number")]
    [InlineData("""{"symbol":"WAYNE","qty":"0.0000000001","side":"buy","type":"market","time_in_force":"day"}""", 422, "qty must have at most 9 decimal places")]
    [InlineData("""{"symbol":"WAYNE","qty":"1.5","side":"buy","type":"market","time_in_force":"gtc"}""", 422, "time_in_force must be day")]
    [InlineData("""{"symbol":"WAYNE","qty":"1","side":"steal","type":"market","time_in_force":"day"}""", 422, "side must be one of")]
    [InlineData("""{"symbol":"WAYNE","qty":"1","side":1,"type":"market","time_in_force":"day"}""", 422, "side must be a string")]
    [InlineData("""{"symbol":"WAYNE","qty":"1","side":"buy","type":"trailing_stop","time_in_force":"day"}""", 422, "type must be one of")]
    [InlineData("""{"symbol":"WAYNE","qty":"1","side":"buy","type":"market","time_in_force":"opg"}""", 422, "time_in_force must be one of")]
    [InlineData("""{"symbol":"WAYNE","qty":"1","side":"buy","type":"limit","time_in_force":"day"}""", 422, "limit orders require limit_price")]
    [InlineData("""{"symbol":"WAYNE","qty":"1","side":"buy","type":"stop_limit","time_in_force":"day","limit_price":"70"}""", 422, "stop_limit orders require stop_price")]
    [InlineData("""{"symbol":"WAYNE","qty":"1","side":"buy","type":"market","time_in_force":"day","limit_price":"70"}""", 422, "market orders must not have limit_price")]
    [InlineData("""{"symbol":"WAYNE","qty":"1","side":"buy","type":"limit","time_in_force":"day","limit_price":"0"}""", 422, "limit_price must be > 0")]
    [InlineData("""{"symbol":"WAYNE","qty":"1","side":"buy","type":"limit","time_in_force":"day","limit_price":1000000000}""", 422, "limit_price must be <= 1000000")]
    [InlineData("""{"symbol":"WAYNE","qty":"1","side":"buy","type":"limit","time_in_force":"day","limit_price":"70.005"}""", 422, "invalid limit_price 70.005")]
    [InlineData("""{"symbol":"WAYNE","notional":"100","side":"buy","type":"market","time_in_force":"day"}""", 422, "notional is not supported")]
    [InlineData("""{"symbol":"WAYNE","qty":"1","side":"buy","type":"market","time_in_force":"day","extended_hours":true}""", 422, "extended_hours must be false")]
    [InlineData("""{"symbol":"WAYNE","qty":"1","side":"buy","type":"market","time_in_force":"day","order_class":"bracket"}""", 422, "order_class must be simple")]
    [InlineData("""{"symbol":"WAYNE","qty":"1","side":"buy","type":"market","time_in_force":"day","limitprice":"70"}""", 422, "unknown field")]
    [InlineData("""{"symbol":"WAYNE","qty":"1","side":"buy","type":"market","time_in_force":"day","client_order_id":""}""", 422, "client_order_id must have 1 to 128 characters")]
    [InlineData("""{"symbol":"WAYNE","qty":"1","side":"buy","type":"market","time_in_force":"day","client_order_id":"a\nb"}""", 422, "client_order_id must be printable")]
    public async Task A_wrong_order_is_refused_with_the_name_of_the_field(string body, int status, string message)
    {
        using var client = Alice();
        var refusal = await JsonAsync(await client.PostAsync("/v2/orders", new StringContent(body, Encoding.UTF8, "application/json")), (HttpStatusCode)status);
        refusal.GetProperty("message").GetString().Should().Contain(message);
        refusal.GetProperty("code").GetInt32().Should().BeOneOf(40010000, 40010001);
    }

    [Theory]
    [InlineData("/v2/orders?status=maybe", "status must be one of")]
    [InlineData("/v2/orders?limit=0", "limit must be a whole number from 1 to 500")]
    [InlineData("/v2/orders?limit=501", "limit must be a whole number from 1 to 500")]
    [InlineData("/v2/orders?limit=five", "limit must be a whole number")]
    [InlineData("/v2/orders?after=yesterday", "after must be a time")]
    [InlineData("/v2/orders?direction=up", "direction must be one of")]
    [InlineData("/v2/orders?symbols=%3Cscript%3E", "symbols must be 1 to 100 symbols")]
    [InlineData("/v2/orders?before_order_id=7", "before_order_id must be a UUID")]
    [InlineData("/v2/orders?before_order_id=0198c2f0-0000-7000-8000-000000000000", "before_order_id must be the id of an order of this account")]
    [InlineData("/v2/orders/7", "order_id must be a UUID")]
    [InlineData("/v2/orders:by_client_order_id", "client_order_id is required")]
    [InlineData("/v2/account/portfolio/history?period=forever", "period must be a number and D, W, M or A")]
    [InlineData("/v2/account/portfolio/history?period=1A&timeframe=1Min", "timeframe 1Min is allowed for at most 7 days")]
    [InlineData("/v2/calendar?start=2026-12-01&end=2026-11-01", "end must not be before start")]
    [InlineData("/v2/assets?status=gone", "status must be one of")]
    public async Task A_wrong_parameter_is_refused_by_name(string path, string message)
    {
        using var client = Alice();
        (await JsonAsync(await client.GetAsync(path), HttpStatusCode.UnprocessableEntity)).GetProperty("message").GetString().Should().Contain(message);
    }

    [Fact]
    public async Task Ten_thousand_characters_are_refused_and_not_repeated()
    {
        using var client = Alice();
        var long1 = new string('A', 10_000);
        foreach (var path in new[] { "/v2/positions/" + long1, "/v2/assets/" + long1, "/v2/stocks/" + long1 + "/bars?timeframe=1Day", "/v2/stocks/quotes/latest?symbols=" + long1, "/v2/orders?symbols=" + long1 })
        {
            using var response = await client.GetAsync(path);
            ((int)response.StatusCode).Should().BeInRange(400, 422);
            (await response.Content.ReadAsStringAsync()).Length.Should().BeLessThan(300);
        }
    }

    [Theory, Trait("Requirement", "RS-05")]
    [InlineData("GET", "/v2/account", "orders:read trading", "account:read")]
    [InlineData("GET", "/v2/account/portfolio/history", "orders:read trading", "account:read")]
    [InlineData("GET", "/v2/positions", "orders:read trading", "account:read")]
    [InlineData("GET", "/v2/positions/WAYNE", "orders:read trading", "account:read")]
    [InlineData("GET", "/v2/orders", "account:read trading", "orders:read")]
    [InlineData("GET", "/v2/orders/0198c2f0-0000-7000-8000-000000000000", "account:read trading", "orders:read")]
    [InlineData("GET", "/v2/orders:by_client_order_id?client_order_id=a", "account:read trading", "orders:read")]
    [InlineData("POST", "/v2/orders", "account:read orders:read", "trading")]
    [InlineData("DELETE", "/v2/orders", "account:read orders:read", "trading")]
    [InlineData("DELETE", "/v2/orders/0198c2f0-0000-7000-8000-000000000000", "account:read orders:read", "trading")]
    public async Task A_token_without_the_scope_is_403_and_no_token_is_401(string method, string path, string held, string needed)
    {
        using var client = Alice(held);
        using var forbidden = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path) { Headers = { Host = "localhost:7003" } });
        var body = await JsonAsync(forbidden, HttpStatusCode.Forbidden);
        body.GetProperty("code").GetInt32().Should().Be(40310000);
        body.GetProperty("message").GetString().Should().EndWith(needed);

        using var nobody = brokerage.Client();
        using var unauthorized = await nobody.SendAsync(new HttpRequestMessage(new HttpMethod(method), path) { Headers = { Host = "localhost:7003" } });
        (await JsonAsync(unauthorized, HttpStatusCode.Unauthorized)).GetProperty("code").GetInt32().Should().Be(40110000);
        unauthorized.Headers.WwwAuthenticate.Should().ContainSingle().Which.Scheme.Should().Be("Bearer");
    }

    [Theory, Trait("Requirement", "RS-02")]
    [InlineData("garbage")]
    [InlineData("other-audience")]
    [InlineData("expired")]
    public async Task A_token_that_is_not_valid_here_is_401_even_where_none_is_needed(string kind)
    {
        var token = kind switch
        {
            "garbage" => "garbage",
            "other-audience" => brokerage.TokenFor(alice, Everything, audience: "http://localhost:7001/mcp"),
            _ => brokerage.TokenFor(alice, Everything),
        };
        if (kind == "expired") brokerage.Clock.Advance(TimeSpan.FromMinutes(20));
        using var client = brokerage.Client(token);
        foreach (var path in new[] { "/v2/account", "/v2/orders", "/v2/clock", "/v2/assets", "/v2/stocks/WAYNE/quotes/latest" })
        {
            using var response = await client.GetAsync(path);
            (await JsonAsync(response, HttpStatusCode.Unauthorized)).GetProperty("code").GetInt32().Should().Be(40110000);
            response.Headers.WwwAuthenticate.ToString().Should().Contain("invalid_token");
        }
    }

    [Fact, Trait("Requirement", "RS-01")]
    public async Task A_token_in_the_query_is_none()
    {
        using var client = brokerage.Client();
        await JsonAsync(await client.GetAsync("/v2/account?access_token=" + brokerage.TokenFor(alice, Everything)), HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Assets_clock_and_calendar_need_no_token()
    {
        using var client = brokerage.Client();
        var assets = await JsonAsync(await client.GetAsync("/v2/assets"));
        assets.EnumerateArray().Select(asset => asset.GetProperty("symbol").GetString()).Should().BeInAscendingOrder(StringComparer.Ordinal).And.Contain(["ACME", "STARK", "WAYNE"]).And.OnlyContain(symbol => Stock.IsSymbol(symbol));
        (await JsonAsync(await client.GetAsync("/v2/assets/DUFF.B"))).GetProperty("name").GetString().Should().Be("Duff Breweries Class B");
        (await JsonAsync(await client.GetAsync("/v2/assets/NOPE"), HttpStatusCode.NotFound)).GetRawText().Should().Be("""{"code":40410000,"message":"asset not found for NOPE"}""");

        var clock = await JsonAsync(await client.GetAsync("/v2/clock"));
        clock.GetRawText().Should().Be("""{"timestamp":"2026-11-24T11:00:00-05:00","is_open":true,"next_open":"2026-11-25T00:00:00-05:00","next_close":"2026-11-25T00:00:00-05:00","always_open":true}""");

        var calendar = await JsonAsync(await client.GetAsync("/v2/calendar?start=2026-11-27T00:00:00.000Z&end=2026-11-28"));
        calendar.GetRawText().Should().Be("""[{"date":"2026-11-27","open":"00:00","close":"23:59","session_open":"0000","session_close":"2359","settlement_date":"2026-11-30"},{"date":"2026-11-28","open":"00:00","close":"23:59","session_open":"0000","session_close":"2359","settlement_date":"2026-11-30"}]""");
        (await JsonAsync(await client.GetAsync("/v2/watchlists"), HttpStatusCode.NotFound)).GetProperty("message").GetString().Should().Be("endpoint not found");
    }

    [Fact]
    public async Task The_portfolio_history_follows_the_account_and_ends_with_its_equity_of_now()
    {
        using var client = Alice("account:read");
        await BuyAsync(20);
        brokerage.Clock.Advance(TimeSpan.FromDays(3));
        using var later = Alice("account:read");
        var history = await JsonAsync(await later.GetAsync("/v2/account/portfolio/history?period=1W&timeframe=1H"));

        var account = await brokerage.Desk.GetAccountAsync(alice);
        var (times, equity) = (history.GetProperty("timestamp"), history.GetProperty("equity"));
        times.GetArrayLength().Should().Be(equity.GetArrayLength()).And.Be(73);
        times[0].GetInt64().Should().Be(TestBrokerage.Start.ToUnixTimeSeconds());
        equity[72].GetDecimal().Should().Be(decimal.Round(account.Equity, 2));
        history.GetProperty("base_value").GetDecimal().Should().Be(10_000m);
        history.GetProperty("profit_loss")[72].GetDecimal().Should().Be(decimal.Round(account.Equity - 10_000m, 2));
        history.GetProperty("timeframe").GetString().Should().Be("1H");
    }
}
