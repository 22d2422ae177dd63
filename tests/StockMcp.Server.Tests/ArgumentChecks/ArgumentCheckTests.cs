using System.Text.Json;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.ArgumentChecks;

public sealed class ArgumentCheckTests(ReadingSystem fixture) : IClassFixture<ReadingSystem>
{
    private readonly TestSystem system = fixture.System;

    [Theory, Trait("Requirement", "RS-10")]
    [InlineData("get_quote", """{}""", "symbol", "symbol is missing")]
    [InlineData("get_quote", """{"symbol":"<script>alert(1)</script>"}""", "symbol", "symbol must be a string of 1 to 7 characters that matches ^[A-Z]{1,5}")]
    [InlineData("get_quote", """{"symbol":"wayne"}""", "symbol", "matches ^[A-Z]{1,5}")]
    [InlineData("get_quote", """{"symbol":"WAYNE\n"}""", "symbol", "matches ^[A-Z]{1,5}")]
    [InlineData("get_quote", """{"symbol":"../v2/account"}""", "symbol", "matches ^[A-Z]{1,5}")]
    [InlineData("get_quote", """{"symbol":7}""", "symbol", "not a number")]
    [InlineData("get_quote", """{"symbol":["WAYNE"]}""", "symbol", "not an array")]
    [InlineData("get_quote", """{"symbol":null}""", "symbol", "not null")]
    [InlineData("get_quote", """{"symbol":"WAYNE","verbose":true}""", "verbose", "There is no argument 'verbose'. This tool takes symbol.")]
    [InlineData("get_market_clock", """{"zone":"UTC"}""", "zone", "This tool takes none.")]
    [InlineData("list_orders", """{"limit":"7"}""", "limit", "limit must be a whole number from 1 to 100, not a string")]
    [InlineData("list_orders", """{"limit":0}""", "limit", "limit must be a whole number from 1 to 100")]
    [InlineData("list_orders", """{"limit":1000000000}""", "limit", "limit must be a whole number from 1 to 100")]
    [InlineData("list_orders", """{"limit":99999999999999999999999}""", "limit", "limit must be a whole number from 1 to 100")]
    [InlineData("list_orders", """{"limit":1e1}""", "limit", "limit must be a whole number from 1 to 100")]
    [InlineData("list_orders", """{"limit":10.0}""", "limit", "limit must be a whole number from 1 to 100")]
    [InlineData("list_orders", """{"status":"done"}""", "status", "status must be one of: all, open, closed")]
    [InlineData("list_orders", """{"status":0}""", "status", "status must be one of: all, open, closed")]
    [InlineData("list_orders", """{"side":"hold"}""", "side", "side must be one of: buy, sell")]
    [InlineData("list_orders", """{"cursor":"bm90IG91cnM"}""", "cursor", "cursor must be the next_cursor")]
    [InlineData("list_orders", """{"cursor":"a b"}""", "cursor", "cursor must be")]
    [InlineData("get_order", """{}""", "order_id", "exactly one of")]
    [InlineData("get_order", """{"order_id":"7"}""", "order_id", "order_id must be")]
    [InlineData("get_portfolio", """{"include_history":"yes"}""", "include_history", "include_history must be true or false, not a string")]
    [InlineData("get_price_history", """{"symbol":"WAYNE","days":366}""", "days", "days must be a whole number from 1 to 365")]
    [InlineData("get_price_history", """{"symbol":"WAYNE","days":30,"interval":"five_minutes"}""", "days", "days must be at most 3 with interval five_minutes")]
    [InlineData("search_stocks", """{"query":"  "}""", "query", "must not be blank")]
    [InlineData("search_stocks", """{"query":"a;b"}""", "query", "query must be")]
    [InlineData("review_order", """{"symbol":"WAYNE","side":"buy","quantity":10}""", "quantity", "not a number")]
    [InlineData("review_order", """{"symbol":"WAYNE","side":"buy","quantity":"1e3"}""", "quantity", "quantity must be")]
    [InlineData("review_order", """{"symbol":"WAYNE","side":"buy","quantity":"-1"}""", "quantity", "quantity must be")]
    [InlineData("review_order", """{"symbol":"WAYNE","side":"buy","quantity":"0"}""", "quantity", "more than 0")]
    [InlineData("review_order", """{"symbol":"WAYNE","side":"buy","quantity":"1","limit_price":"5"}""", "limit_price", "does not belong to order_type market")]
    [InlineData("review_order", """{"symbol":"WAYNE","side":"buy","quantity":"1","order_type":"limit"}""", "limit_price", "is needed for order_type limit")]
    [InlineData("review_order", """{"symbol":"WAYNE","side":"buy","quantity":"1","order_type":"limit","limit_price":"5.001"}""", "limit_price", "at most 2 decimal places")]
    [InlineData("review_order", """{"symbol":"WAYNE","side":"buy","quantity":"1.5","time_in_force":"gtc"}""", "time_in_force", "must be day for a fraction")]
    public async Task A_wrong_argument_is_named_and_what_is_allowed_is_said(string tool, string arguments, string argument, string message)
    {
        var before = system.UpstreamCalls.Count();
        var result = await system.Server.CallAsync(system.Token(), tool, JsonDocument.Parse(arguments).RootElement);

        result.IsError.Should().BeTrue();
        result.Code.Should().Be("invalid_argument");
        result.Content["error"]!["argument"]!.GetValue<string>().Should().Be(argument);
        result.Content["error"]!["message"]!.GetValue<string>().Should().Contain(message);
        result.Content["error"]!["money_may_have_moved"]!.GetValue<bool>().Should().BeFalse();
        result.Content["error"]!["retry"]!.GetValue<bool>().Should().BeFalse();
        result.Text.Should().Contain(message).And.Contain("no money has moved");
        system.UpstreamCalls.Count().Should().Be(before);
    }

    [Fact, Trait("Requirement", "RS-10")]
    public async Task A_symbol_of_ten_thousand_characters_is_refused_in_few_words()
    {
        var result = await system.Server.CallAsync(system.Token(), "get_quote", new { symbol = new string('A', 10_000) });
        result.Code.Should().Be("invalid_argument");
        result.Text.Length.Should().BeLessThan(500);
        var unknown = await system.Server.CallAsync(system.Token(), "get_market_clock", new Dictionary<string, object> { [new string('x', 10_000)] = 1 });
        unknown.Text.Length.Should().BeLessThan(500);
    }

    [Theory]
    [InlineData("get_quote")]
    [InlineData("get_price_history")]
    [InlineData("review_order")]
    public async Task A_symbol_that_does_not_exist_is_not_found(string tool)
    {
        object arguments = tool == "review_order" ? new { symbol = "NOPE", side = "buy", quantity = "1" } : new { symbol = "NOPE" };
        var result = await system.Server.CallAsync(system.Token(), tool, arguments);
        result.Code.Should().Be("not_found");
        result.Content["error"]!["argument"]!.GetValue<string>().Should().Be("symbol");
        result.Text.Should().Contain("search_stocks");
    }
}
