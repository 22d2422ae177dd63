using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using StockMcp.Tools.OrderApprovals;

namespace StockMcp.Tools.Tests.OrderApprovals;

public sealed class StockOrderDetailsTests
{
    private const string Limit = """{"type":"stock_order","account":"SM1","symbol":"WAYNE","side":"buy","quantity":"10","order_type":"limit","limit_price":"71.50","time_in_force":"day","currency":"USD","max_total":"715.00"}""";

    [Fact, Trait("Requirement", "OX-02")]
    public void Details_are_written_as_they_were_read_and_figures_are_compared_as_figures()
    {
        var order = Read(Limit)!;
        order.ToJson().ToJsonString().Should().Be(Limit.Replace("71.50", "71.5", StringComparison.Ordinal));
        var same = Read(Limit.Replace("71.50", "71.500", StringComparison.Ordinal).Replace("\"10\"", "\"10.0\"", StringComparison.Ordinal).Replace("715.00", "715", StringComparison.Ordinal))!;
        order.DifferencesFrom(same).Should().BeEmpty();
    }

    [Theory, Trait("Requirement", "OX-02")]
    [InlineData("account", "SM2")]
    [InlineData("symbol", "ACME")]
    [InlineData("side", "sell")]
    [InlineData("quantity", "10.000000001")]
    [InlineData("limit_price", "71.51")]
    [InlineData("time_in_force", "gtc")]
    [InlineData("max_total", "715.01")]
    public void One_that_differs_in_any_member_is_another_order_and_the_member_is_named(string member, string value)
    {
        var changed = JsonNode.Parse(Limit)!;
        changed[member] = value;
        Read(Limit)!.DifferencesFrom(Read(changed.ToJsonString())!).Should().Equal(member);
    }

    [Fact, Trait("Requirement", "OX-02")]
    public void Another_kind_of_order_differs_in_its_kind_and_in_its_prices()
    {
        var stop = Limit.Replace("\"order_type\":\"limit\",\"limit_price\"", "\"order_type\":\"stop\",\"stop_price\"", StringComparison.Ordinal);
        Read(Limit)!.DifferencesFrom(Read(stop)!).Should().Equal("order_type", "limit_price", "stop_price");
    }

    [Theory, Trait("Requirement", "OX-02")]
    [InlineData("type", "\"stock_orders\"")]
    [InlineData("account", "\"\"")]
    [InlineData("symbol", "\"wayne\"")]
    [InlineData("symbol", "\"WAYNE\\n\"")]
    [InlineData("side", "\"Buy\"")]
    [InlineData("quantity", "10")]
    [InlineData("quantity", "\"1e1\"")]
    [InlineData("quantity", "\"-1\"")]
    [InlineData("quantity", "\"0\"")]
    [InlineData("limit_price", "null")]
    [InlineData("stop_price", "\"70\"")]
    [InlineData("time_in_force", "\"week\"")]
    [InlineData("currency", "\"EUR\"")]
    [InlineData("max_total", "\"715.001\"")]
    [InlineData("note", "\"and all the rest\"")]
    public void Anything_else_is_no_order(string member, string value)
    {
        var changed = JsonNode.Parse(Limit)!;
        changed[member] = JsonNode.Parse(value);
        Read(changed.ToJsonString()).Should().BeNull();
    }

    [Theory, Trait("Requirement", "OX-02")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("[1]")]
    [InlineData("[" + Limit + "," + Limit + "]")]
    [InlineData("[{\"type\":\"stock_order\",\"type\":\"stock_order\"}]")]
    public void Exactly_one_order_is_taken(string json) => StockOrderDetails.ReadSingle(JsonDocument.Parse(json).RootElement).Should().BeNull();

    [Fact]
    public void Whatever_is_written_is_read_again() => Gen.Select(Gen.Long[1, 1_000_000_000_000_000], Gen.Int[1, 100_000_000], Gen.Int[1, 100_000_000], Gen.Bool).Sample((quantity, price, total, buys) =>
    {
        var order = Read(Limit)! with { Quantity = quantity / 1_000_000_000m, LimitPrice = price / 100m, MaxTotal = total / 100m, Side = buys ? "buy" : "sell" };
        Read(order.ToJson().ToJsonString()).Should().Be(order);
    });

    private static StockOrderDetails? Read(string json) => StockOrderDetails.ReadSingle(JsonDocument.Parse($"[{json}]").RootElement);
}
