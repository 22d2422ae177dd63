using System.Net;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.Tests.OrderTicket;

public sealed class OrderTicketTests : BrowserTest
{
    private static readonly (string, string?)[] BuyTen = [("symbol", "WAYNE"), ("side", "buy"), ("qty", "10"), ("type", "market"), ("time_in_force", "day")];

    private async Task<Guid> AliceIdAsync()
    {
        var token = (await App.GetTokensAsync(Alice)).Claims();
        return Guid.Parse(token.Text("sub"));
    }

    [Fact]
    public async Task A_person_fills_in_reviews_and_places_an_order()
    {
        var alice = await AliceIdAsync();
        await Alice.GetAsync("/dashboard");
        var review = await Alice.SubmitAsync("/trade/review", BuyTen);
        var quote = Brokerage.Market.LatestQuote("WAYNE");
        review.Should().Contain("Review your order").And.Contain("10 WAYNE").And.Contain($"${10 * quote.Ask:#,##0.00}").And.Contain("$10,000.00");
        (await Brokerage.Desk.ListOrdersAsync(alice, new OrderQuery())).Should().BeEmpty("a review orders nothing");

        var dashboard = await Alice.SubmitAsync("/trade");
        Alice.Path.Should().StartWith("/dashboard?", "reloading the page orders nothing again");
        dashboard.Should().Contain($"You bought 10 WAYNE for ${10 * quote.Ask:#,##0.00}").And.Contain("Filled at");
        var order = (await Brokerage.Desk.ListOrdersAsync(alice, new OrderQuery())).Should().ContainSingle().Subject;
        order.Should().Match<Order>(placed => placed.Symbol == "WAYNE" && placed.Quantity == 10 && placed.Side == OrderSide.Buy && placed.Status == OrderStatus.Filled);
    }

    [Fact]
    public async Task The_same_form_sent_twice_is_one_order()
    {
        var alice = await AliceIdAsync();
        await Alice.GetAsync("/trade");
        await Alice.SubmitAsync("/trade/review", BuyTen);
        var fields = Alice.Forms().Single(form => form.Action == "/trade").Fields;
        await Alice.PostAsync("/trade", fields);
        (await Alice.PostAsync("/trade", fields)).Should().Contain("You bought 10 WAYNE");
        (await Brokerage.Desk.ListOrdersAsync(alice, new OrderQuery())).Should().ContainSingle();
    }

    [Theory]
    [InlineData("qty", "", "Say how many shares")]
    [InlineData("qty", "1,000", "This is not a number")]
    [InlineData("qty", "0", "Quantity must be above 0")]
    [InlineData("qty", "-1", "Quantity must be above 0")]
    [InlineData("qty", "1000001", "Quantity must be at most 1000000")]
    [InlineData("qty", "9999", "your buying power is $10,000.00")]
    [InlineData("qty", "0.001", "An order must be for $1.00 at least")]
    [InlineData("symbol", "<script>", "Choose a share")]
    [InlineData("symbol", "NOPE", "not found")]
    [InlineData("side", "steal", "Choose buy or sell")]
    [InlineData("type", "hope", "Choose a type of order")]
    [InlineData("type", "limit", "Say the worst price that you accept")]
    [InlineData("type", "stop", "Say the price that wakes the order")]
    [InlineData("time_in_force", "forever", "Choose how long the order stays open")]
    public async Task A_mistake_is_shown_beside_its_field_and_what_was_filled_in_stays(string field, string value, string message)
    {
        await Alice.SignInAsync();
        await Alice.GetAsync("/trade");
        var page = await Alice.SubmitAsync("/trade/review", [.. BuyTen.Where(given => given.Item1 != field), (field, value)]);
        Alice.Status.Should().Be(HttpStatusCode.UnprocessableEntity);
        page.Should().Contain("Nothing was ordered").And.Contain(message).And.NotContain("<script>");
        if (field != "side") page.Should().Contain(field == "type" && value != "hope" ? "_price-error\"" : $"id=\"{field}-error\"");
        if (field != "qty") page.Should().Contain("value=\"10\"");
    }

    [Fact]
    public async Task What_became_impossible_after_the_review_is_refused_at_placing()
    {
        var alice = await AliceIdAsync();
        await Alice.GetAsync("/trade");
        await Alice.SubmitAsync("/trade/review", BuyTen);
        await Brokerage.Desk.PlaceOrderAsync(alice, new NewOrder { Symbol = "ACME", Side = OrderSide.Buy, Type = OrderType.Limit, TimeInForce = TimeInForce.Gtc, Quantity = 990, LimitPrice = 10 });
        (await Alice.SubmitAsync("/trade")).Should().Contain("your buying power is $100.00");
        Alice.Status.Should().Be(HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    public async Task A_sale_of_more_than_is_held_says_what_can_be_sold()
    {
        var alice = await AliceIdAsync();
        await Alice.GetAsync("/trade/review?symbol=WAYNE&side=sell&qty=1&type=market&time_in_force=day");
        Alice.Page.Should().Contain("You hold no WAYNE");
        await Brokerage.Desk.PlaceOrderAsync(alice, new NewOrder { Symbol = "WAYNE", Side = OrderSide.Buy, Type = OrderType.Market, TimeInForce = TimeInForce.Day, Quantity = 5 });
        await Alice.GetAsync("/trade/review?symbol=WAYNE&side=sell&qty=6&type=market&time_in_force=day");
        Alice.Page.Should().Contain("You can sell 5: you hold 5, and open orders hold back 0.");
    }

    [Fact]
    public async Task An_open_order_is_cancelled_by_its_owner_alone()
    {
        await Alice.SignInAsync();
        await Bob.SignInAsync("bob", "yes-we-can-42");
        await Alice.GetAsync("/trade/review?symbol=WAYNE&side=buy&qty=10&type=limit&limit_price=5&time_in_force=gtc");
        Alice.Page.Should().Contain("It would stay open until its price is reached");
        (await Alice.SubmitAsync("/trade")).Should().Contain("is open until").And.Contain(">$9,950.00<");
        var cancel = Alice.Forms().Single(form => form.Action.EndsWith("/cancel", StringComparison.Ordinal)).Action;

        await Bob.GetAsync("/trade");
        (await Bob.PostAsync(cancel, Bob.Forms().First().Fields)).Should().Contain("You have no such order");
        Bob.Status.Should().Be(HttpStatusCode.NotFound);
        (await Bob.GetAsync("/dashboard?order=" + cancel.Split('/')[2])).Should().NotContain("WAYNE</b>").And.NotContain("is open until");

        (await Alice.SubmitAsync(cancel)).Should().Contain("is cancelled. Nothing was bought.").And.Contain(">$10,000.00<");
        (await Alice.PostAsync(cancel, Alice.Forms().First().Fields)).Should().Contain("is cancelled", "twice is no mistake");
    }

    [Fact]
    public async Task The_dashboard_follows_the_orders_by_itself()
    {
        var alice = await AliceIdAsync();
        await Brokerage.Desk.PlaceOrderAsync(alice, new NewOrder { Symbol = "WAYNE", Side = OrderSide.Buy, Type = OrderType.Market, TimeInForce = TimeInForce.Day, Quantity = 20 });
        var page = await Alice.GetAsync("/dashboard");
        foreach (var part in new[] { "balance", "positions", "orders", "share" })
        {
            var version = page.Split($"<section id=\"{part}\"")[1].Split("data-version=\"")[1].Split('"')[0];
            version.Should().NotBeEmpty();
            (await Alice.GetAsync("/live/dashboard?symbol=WAYNE")).Should().Contain($"data-version=\"{version}\"", "nothing changed since");
        }
        Brokerage.Clock.Advance(TimeSpan.FromMinutes(5));
        var later = await Alice.GetAsync("/live/dashboard?symbol=WAYNE");
        later.Should().Contain($"{Brokerage.Market.LatestQuote("WAYNE").Last:$#,##0.00}").And.NotContain("<html");
        var account = await Brokerage.Desk.GetAccountAsync(alice);
        later.Should().Contain($"{decimal.Round(account.Equity, 2):$#,##0.00}");
    }
}
