using System.Net;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.Tests.Database;

public sealed class ParallelTests : BrowserTest
{
    [Fact]
    public async Task Orders_refreshes_sign_ins_and_reads_at_once_never_fail_in_the_database()
    {
        var tokens = await App.GetTokensAsync(Alice);
        var alice = Guid.Parse(tokens.Claims().Text("sub"));
        using var client = Brokerage.Client(tokens.AccessToken());

        async Task<HttpStatusCode> ReadAsync(int i)
        {
            using var response = await client.GetAsync(i % 2 == 0 ? "/v2/account" : "/v2/orders?status=all");
            return response.StatusCode;
        }
        async Task<HttpStatusCode> OrderAsync(int i)
        {
            await Brokerage.Desk.PlaceOrderAsync(alice, new NewOrder { Symbol = "WAYNE", Side = OrderSide.Buy, Type = OrderType.Limit, TimeInForce = TimeInForce.Gtc, Quantity = 1, LimitPrice = 5 + i });
            return HttpStatusCode.OK;
        }
        async Task<HttpStatusCode> RefreshAsync(string refreshToken, int times)
        {
            for (var i = 0; i < times; i++) refreshToken = (await App.RefreshAsync(refreshToken, "account:read")).RefreshToken();
            return HttpStatusCode.OK;
        }
        async Task<HttpStatusCode> SignInAsync()
        {
            using var browser = new Browser(Brokerage);
            await browser.SignInAsync("bob", "yes-we-can-42");
            return browser.Status;
        }

        var answers = await Task.WhenAll(
        [
            .. Enumerable.Range(0, 40).Select(i => Task.Run(() => ReadAsync(i))),
            .. Enumerable.Range(0, 25).Select(i => Task.Run(() => OrderAsync(i))),
            .. Enumerable.Range(0, 8).Select(_ => Task.Run(SignInAsync)),
            Task.Run(() => RefreshAsync(tokens.RefreshToken(), 10)),
        ]);

        answers.Should().AllBeEquivalentTo(HttpStatusCode.OK);
        (await Brokerage.Desk.ListOrdersAsync(alice, new OrderQuery())).Should().HaveCount(25);
    }
}
