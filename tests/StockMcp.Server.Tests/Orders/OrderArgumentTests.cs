using System.Text.Json;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.Orders;

/// <summary>Orders that nobody is asked about.</summary>
public sealed class OrderArgumentTests(ReadingSystem fixture) : IClassFixture<ReadingSystem>
{
    private readonly TestSystem system = fixture.System;

    [Theory]
    [InlineData("""{"symbol":"WAYNE","side":"buy","quantity":"2"}""", "max_total", "collar of 3 %")]
    [InlineData("""{"symbol":"WAYNE","side":"buy","quantity":"2","order_type":"stop","stop_price":"900"}""", "max_total", "1854.00")]
    [InlineData("""{"symbol":"WAYNE","side":"buy","quantity":"2","max_total":"0.02"}""", "max_total", "less than the order would cost")]
    [InlineData("""{"symbol":"WAYNE","side":"buy","quantity":"2","order_type":"limit","limit_price":"71.50","max_total":"144"}""", "max_total", "143.00")]
    [InlineData("""{"symbol":"WAYNE","side":"buy","quantity":"2","order_type":"limit"}""", "limit_price", "needed")]
    [InlineData("""{"symbol":"WAYNE","side":"buy","quantity":"0.5","order_type":"limit","limit_price":"71.50","time_in_force":"gtc"}""", "time_in_force", "day")]
    [InlineData("""{"symbol":"WAYNE","side":"buy","quantity":"2","order_type":"limit","limit_price":"71.50","review_id":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""", "review_id", "ten minutes")]
    public async Task An_order_that_cannot_be_is_refused_before_anybody_is_asked(string arguments, string argument, string words)
    {
        var result = await system.Server.CallAsync(system.Trader(), "place_order", JsonDocument.Parse(arguments).RootElement);

        result.Code.Should().Be("invalid_argument");
        result.Content["error"]!["argument"]!.GetValue<string>().Should().Be(argument);
        result.Content["error"]!["message"]!.GetValue<string>().Should().Contain(words);
        result.Content["error"]!["money_may_have_moved"]!.GetValue<bool>().Should().BeFalse();
        system.Authority.Approvals.All.Should().BeEmpty();
    }
}
