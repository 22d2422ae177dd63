using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using StockMcp.Authority.AuthorizationDetails;
using StockMcp.Authority.Tests.Backchannel;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.AuthorizationDetails;

public sealed class DetailsTypeTests
{
    private const string Schema = """
        { "type": "object", "additionalProperties": false, "required": [ "type", "to", "amount" ],
          "properties": { "type": { "const": "money_transfer" }, "to": { "type": "string", "maxLength": 40 }, "amount": { "type": "string", "pattern": "^[0-9]+\\.[0-9]{2}$" }, "note": { "type": "string" } } }
        """;

    [Fact, Trait("Requirement", "CB-04")]
    public async Task A_second_type_needs_a_schema_and_settings_alone()
    {
        var schema = Path.GetTempFileName();
        await File.WriteAllTextAsync(schema, Schema);
        await using var system = await StockMcpSystem.StartAsync(options => options with
        {
            AuthoritySettings = new Dictionary<string, string?>
            {
                ["AuthorizationDetailsTypes:money_transfer:SchemaFile"] = schema,
                ["AuthorizationDetailsTypes:money_transfer:Title"] = "SEND {amount} USD to {to}",
                ["AuthorizationDetailsTypes:money_transfer:Lines:0:Label"] = "Note",
                ["AuthorizationDetailsTypes:money_transfer:Lines:0:Value"] = "{note}",
                ["AuthorizationDetailsTypes:money_transfer:Total"] = "amount",
            },
        });
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var transfer = new JsonObject { ["type"] = "money_transfer", ["to"] = "Bob", ["amount"] = "12.50" };

        var granted = await client.ApprovedAsync(transfer);

        JsonNode.DeepEquals(JsonNode.Parse(granted["authorization_details"]!), new JsonArray(transfer.DeepClone())).Should().BeTrue();
        var types = system.Running.Authority.Services.GetRequiredService<AuthorizationDetailsTypes>();
        var terms = types.Stored(granted["authorization_details"]!).Terms;
        (terms.Title, terms.Lines.Count, terms.Total).Should().Be(("SEND 12.50 USD to Bob", 0, 12.50m), "a line without its field is left out");
        (await client.AskAsync(new JsonObject { ["type"] = "money_transfer", ["to"] = "Bob", ["amount"] = 12.5 }))["error"].Should().Be("invalid_authorization_details");
        (await client.AskAsync(new JsonObject { ["type"] = "money_transfer", ["to"] = new string('x', 41), ["amount"] = "1.00" }))["error"].Should().Be("invalid_authorization_details");
        (await client.AskAsync()).Status.Should().Be(HttpStatusCode.OK, "the first type is still there");
        File.Delete(schema);
    }

    [Theory]
    [InlineData("{\"type\":\"stock_order\",\"account\":\"PA1\",\"symbol\":\"WAYNE\",\"side\":\"sell\",\"quantity\":\"0.5\",\"order_type\":\"stop_limit\",\"limit_price\":\"70\",\"stop_price\":\"71\",\"time_in_force\":\"day\",\"currency\":\"USD\",\"max_total\":\"35.00\"}",
        "SELL 0.5 WAYNE", "Stop limit: the limit or better, once the stop is reached|70 USD a share or better|wakes at 71 USD a share|35.00 USD|Until the trading day ends (day)|PA1")]
    [InlineData("{\"type\":\"stock_order\",\"account\":\"PA1\",\"symbol\":\"BRK.B\",\"side\":\"buy\",\"quantity\":\"3\",\"order_type\":\"market\",\"time_in_force\":\"fok\",\"currency\":\"USD\",\"max_total\":\"220.00\"}",
        "BUY 3 BRK.B", "Market: the price of the moment|220.00 USD|At once and whole, or not at all (fok)|PA1")]
    public async Task An_order_reads_as_what_it_is(string json, string title, string lines)
    {
        await using var system = await StockMcpSystem.StartAsync();
        var read = system.Running.Authority.Services.GetRequiredService<AuthorizationDetailsTypes>().Read($"[{json}]", out var mistake);

        mistake.Should().BeNull();
        read!.Terms.Title.Should().Be(title);
        string.Join('|', read.Terms.Lines.Select(line => line.Value)).Should().Be(lines);
    }
}
