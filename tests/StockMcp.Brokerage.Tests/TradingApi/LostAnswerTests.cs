using System.Net;
using System.Text.Json;
using StockMcp.Brokerage.Tests.AuthorizationDetails;
using StockMcp.Brokerage.Trading;
using StockMcp.Testing.Harness;

namespace StockMcp.Brokerage.Tests.TradingApi;

/// <summary>What an app finds that does not know whether its order arrived.</summary>
public sealed class LostAnswerTests : BrowserTest
{
    [Theory, Trait("Requirement", "OX-03")]
    [InlineData("NoAnswer", true)]
    [InlineData("ErrorAfter", true)]
    [InlineData("ErrorBefore", false)]
    [InlineData("Lost", false)]
    [InlineData("Late", true)]
    public async Task An_order_without_an_answer_is_looked_up_by_its_id_and_sent_again_without_a_second_one(string fault, bool arrives)
    {
        var tokens = await App.GetTokensAsync(Alice);
        var alice = Guid.Parse(tokens.Claims().Text("sub"));
        var terms = new StockOrder((await Brokerage.Desk.GetAccountAsync(alice)).Number, Guid.NewGuid()).AtLimit(20m);
        var token = (await App.RefreshForOrderAsync(tokens.RefreshToken(), terms.AuthorizationDetails(), terms.Txn)).AccessToken();
        await using var faults = await BrokerageFaults.StartAsync(Brokerage.Address);
        faults.Enqueue(Enum.Parse<OrderFault>(fault));
        faults.Delay = TimeSpan.FromSeconds(30);
        using var client = new HttpClient { BaseAddress = faults.Url, DefaultRequestHeaders = { Authorization = new("Bearer", token) } };

        using var impatience = new CancellationTokenSource();
        var first = client.PostAsync("/v2/orders", StockOrder.Json(terms.Body()), impatience.Token);
        if (fault.StartsWith("Error", StringComparison.Ordinal))
        {
            (await first).StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        }
        else
        {
            while (arrives ? faults.PassedOn == 0 : faults.Received == 0) await Task.Delay(20);
            first.IsCompleted.Should().BeFalse();
            await impatience.CancelAsync();
            await FluentActions.Awaiting(() => first).Should().ThrowAsync<OperationCanceledException>();
        }

        using var found = await client.GetAsync($"/v2/orders:by_client_order_id?client_order_id={terms.ClientOrderId}");
        found.StatusCode.Should().Be(arrives ? HttpStatusCode.OK : HttpStatusCode.NotFound);
        using var again = await client.PostAsync("/v2/orders", StockOrder.Json(terms.Body()));
        var order = JsonDocument.Parse(await again.Content.ReadAsStringAsync()).RootElement;
        order.Text("status").Should().Be("new");
        if (arrives) JsonDocument.Parse(await found.Content.ReadAsStringAsync()).RootElement.Text("id").Should().Be(order.Text("id"));
        (faults.Received, faults.PassedOn).Should().Be((2, arrives ? 2 : 1));
        (await Brokerage.Desk.ListOrdersAsync(alice, new OrderQuery())).Should().ContainSingle();
    }
}
