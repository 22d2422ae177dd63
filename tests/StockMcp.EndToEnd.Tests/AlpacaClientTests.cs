using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using StockMcp.Brokerage.Database;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.Trading;
using StockMcp.Brokerage.Users;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>The Brokerage speaks Alpaca's API well enough for Alpaca's own client.</summary>
public sealed class AlpacaClientTests
{
    [Fact, Requires(Tool.Node)]
    public async Task Alpacas_own_client_reads_account_positions_assets_clock_orders_quotes_and_bars()
    {
        await using var system = await StockMcpSystem.StartAsync(options => options with { BrokerageSettings = BrokerageApp.Settings });
        var services = system.Running.Brokerage.Services;
        var market = services.GetRequiredService<StockMarket>();
        var order = await services.GetRequiredService<TradingDesk>().PlaceOrderAsync(await UserIdAsync(services, "alice"), new NewOrder
        {
            Symbol = "WAYNE",
            Side = OrderSide.Buy,
            Type = OrderType.Market,
            TimeInForce = TimeInForce.Day,
            Quantity = 2.5m,
            ClientOrderId = "bought-by-alice",
        });
        using var alice = Person.Alice(system);
        var tokens = await BrokerageApp.ConnectAsync(system, alice);

        await using var client = ForeignProcess.StartScript("alpaca.mjs", [system.Running.Brokerage.Url.AbsoluteUri.TrimEnd('/')]);
        await client.WriteLineAsync(tokens.AccessToken);
        using var json = JsonDocument.Parse(await client.SucceedAsync());
        var read = json.RootElement;

        var spent = order.FilledTotal;
        Decimal(read, "account", "cash").Should().Be(10_000 - spent);
        Text(read, "account", "status").Should().Be("ACTIVE");
        Decimal(read, "account", "longMarketValue").Should().BeGreaterThan(0);
        read.GetProperty("positions").GetArrayLength().Should().Be(1);
        Text(read, "position", "symbol").Should().Be("WAYNE");
        Decimal(read, "position", "qty").Should().Be(2.5m);
        Decimal(read, "position", "costBasis").Should().Be(spent);
        read.GetProperty("assets").EnumerateArray().Select(asset => asset.GetProperty("symbol").GetString()).Should().BeEquivalentTo(market.Stocks.Select(stock => stock.Symbol));
        Text(read, "asset", "name").Should().Be(market.Find("WAYNE")!.Name);
        read.GetProperty("asset").GetProperty("tradable").GetBoolean().Should().BeTrue();
        read.GetProperty("clock").GetProperty("isOpen").GetBoolean().Should().BeTrue();
        read.GetProperty("calendar").EnumerateArray().Select(day => day.GetProperty("date").GetString()![..10]).Should().Equal(["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27", "2026-11-28"], "this market never closes");
        read.GetProperty("history").GetProperty("equity").GetArrayLength().Should().BeGreaterThan(0);

        foreach (var name in new[] { "order", "sameOrder" })
        {
            Text(read, name, "id").Should().Be(order.Id.ToString());
            Text(read, name, "clientOrderId").Should().Be("bought-by-alice");
            Text(read, name, "status").Should().Be("filled");
            Decimal(read, name, "filledQty").Should().Be(2.5m);
        }
        read.GetProperty("orders").GetArrayLength().Should().Be(1);

        var quote = read.GetProperty("quote").GetProperty("quote");
        quote.GetProperty("ap").GetDecimal().Should().BeGreaterThan(quote.GetProperty("bp").GetDecimal());
        read.GetProperty("quotes").GetProperty("quotes").EnumerateObject().Select(found => found.Name).Should().BeEquivalentTo("WAYNE", "ACME");
        read.GetProperty("trades").GetProperty("trades").GetProperty("WAYNE").GetProperty("p").GetDecimal().Should().BeGreaterThan(0);
        read.GetProperty("bars").GetProperty("bars").GetProperty("WAYNE").GetArrayLength().Should().Be(5);

        Text(read, "noPosition", "name").Should().Be("NotFoundError");
        Text(read, "noOrder", "name").Should().Be("PermissionError", "an app was given no right to trade");
    }

    private static async Task<Guid> UserIdAsync(IServiceProvider services, string userName)
    {
        await using var scope = services.CreateAsyncScope();
        return scope.ServiceProvider.GetRequiredService<BrokerageDbContext>().Set<User>().Single(user => user.UserName == userName).Id;
    }

    private static string? Text(JsonElement read, string part, string name) => read.GetProperty(part).GetProperty(name).GetString();

    private static decimal Decimal(JsonElement read, string part, string name) => decimal.Parse(Text(read, part, name)!, CultureInfo.InvariantCulture);
}
