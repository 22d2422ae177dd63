using System.Net;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.McpEndpoint;

public sealed class ProtocolTests(ReadingSystem fixture) : IClassFixture<ReadingSystem>
{
    private readonly TestSystem system = fixture.System;

    [Theory]
    [InlineData(null)]
    [InlineData("2026-07-28")]
    [InlineData("2025-11-25")]
    [InlineData("2025-06-18")]
    public async Task The_official_client_lists_and_calls_tools_in_each_revision(string? revision)
    {
        var transport = new HttpClientTransport(new()
        {
            Endpoint = new Uri(system.Server.Url, "mcp"),
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = "Bearer " + system.Token() },
        });
        await using var client = await McpClient.CreateAsync(transport, new McpClientOptions { ProtocolVersion = revision }, cancellationToken: TestContext.Current.CancellationToken);

        client.NegotiatedProtocolVersion.Should().Be(revision ?? "2026-07-28");
        client.ServerInfo!.Name.Should().Be("stockmcp");
        client.ServerInstructions.Should().Contain("whoami");
        var tools = await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken);
        tools.Select(tool => tool.Name).Should().StartWith("get_quote").And.HaveCount(16);
        var result = await client.CallToolAsync("get_portfolio", cancellationToken: TestContext.Current.CancellationToken);
        (result.IsError ?? false).Should().BeFalse();
        result.StructuredContent!.Value.GetProperty("positions").GetArrayLength().Should().Be(2);
        result.Content.OfType<TextContentBlock>().Single().Text.Should().Contain("WAYNE");
    }

    [Fact]
    public async Task A_request_of_2026_07_28_needs_no_handshake()
    {
        var body = ServerCopy.Message("tools/call", new { name = "get_quote", arguments = new { symbol = "WAYNE" }, _meta = Meta });
        using var response = await system.Server.PostAsync(system.Token(), body, ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "get_quote"));
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        (await response.ReadRpcAsync())["result"]!["structuredContent"]!["symbol"]!.GetValue<string>().Should().Be("WAYNE");
    }

    [Fact, Trait("Requirement", "RS-09")]
    public async Task A_request_of_2026_07_28_without_its_headers_is_refused()
    {
        var body = ServerCopy.Message("tools/call", new { name = "get_quote", arguments = new { symbol = "WAYNE" }, _meta = Meta });
        using var response = await system.Server.PostAsync(system.Token(), body, ("MCP-Protocol-Version", "2026-07-28"));
        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.ReadRpcAsync())["error"]!["code"]!.GetValue<int>().Should().Be(-32020);
    }

    [Fact]
    public async Task Orders_come_in_pages_and_a_cursor_belongs_to_its_list()
    {
        for (var i = 0; i < 5; i++) await system.Brokerage!.OrderAsync("pages", limit: 1 + i, clientOrderId: "page-" + i);
        var token = system.Token("pages");
        var ids = new List<string>();
        string? cursor = null;
        do
        {
            var page = await system.Server.CallAsync(token, "list_orders", cursor is null ? new { limit = 2 } : new { limit = 2, cursor });
            ids.AddRange(page.Content["orders"]!.AsArray().Select(order => order!["client_order_id"]!.GetValue<string>()));
            cursor = page.Content["next_cursor"]?.GetValue<string>();
        }
        while (cursor is not null);
        ids.Should().Equal("page-4", "page-3", "page-2", "page-1", "page-0");

        var first = await system.Server.CallAsync(token, "list_orders", new { limit = 2 });
        var other = await system.Server.CallAsync(token, "list_orders", new { limit = 2, status = "open", cursor = first.Content["next_cursor"]!.GetValue<string>() });
        other.Code.Should().Be("invalid_argument");
        var byId = await system.Server.CallAsync(token, "get_order", new { order_id = first.Content["orders"]![0]!["order_id"]!.GetValue<string>() });
        byId.Content["client_order_id"]!.GetValue<string>().Should().Be("page-4");
        (await system.Server.CallAsync(system.Token("somebody"), "get_order", new { client_order_id = "page-4" })).Code.Should().Be("not_found", "somebody else's order answers exactly like one that does not exist");
    }

    private static Dictionary<string, object> Meta => new()
    {
        ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28",
        ["io.modelcontextprotocol/clientInfo"] = new { name = "test", version = "1" },
        ["io.modelcontextprotocol/clientCapabilities"] = new { },
    };
}
