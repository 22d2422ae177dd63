using System.Net;
using System.Text;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.StrictJson;

public sealed class StrictJsonTests(RefusalSystem fixture) : IClassFixture<RefusalSystem>
{
    private readonly TestSystem system = fixture.System;

    [Theory, Trait("Requirement", "RS-10")]
    [InlineData("", -32700)]
    [InlineData("{", -32700)]
    [InlineData("""{"jsonrpc":"2.0","id":NaN,"method":"tools/list"}""", -32700)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list"} {}""", -32700)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list"}""", -32700)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_quote","arguments":{"symbol":"WAYNE","symbol":"ACME"}}}""", -32700)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_quote","arguments":{"symbol":"WAYNE","SYMBOL":"ACME"}}}""", -32600)]
    [InlineData("""[]""", -32600)]
    [InlineData("""["tools/list"]""", -32600)]
    [InlineData("""true""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1.5,"method":"tools/list"}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":{},"method":"tools/list"}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":7}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list","extra":1}""", -32600)]
    public async Task A_body_that_is_no_single_clear_message_is_refused(string body, int code)
    {
        using var response = await system.Server.PostAsync(system.Token(), body);
        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.ReadRpcAsync())["error"]!["code"]!.GetValue<int>().Should().Be(code);
    }

    [Theory, Trait("Requirement", "RS-10"), Trait("Requirement", "RS-13")]
    [InlineData("""{"jsonrpc":"2.0","id":"\ud800","method":"tools/list"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list\udc00"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami\ud800","arguments":{}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"\ud800":1}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_quote","arguments":{"\ud800":1}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_quote","arguments":{"symbol":"\ud800"}}}""")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":\"\u00ff\",\"method\":\"tools/list\"}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"get_quote\",\"arguments\":{\"symbol\":\"W\u00ff\"}}}")]
    public async Task A_text_that_is_no_unicode_is_a_400_and_not_a_mistake_of_ours(string body)
    {
        using var content = new ByteArrayContent(Encoding.Latin1.GetBytes(body)); // U+00FF becomes a byte that UTF-8 does not have
        content.Headers.ContentType = new("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = content };
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + system.Token());

        using var response = await system.Server.Http.SendAsync(request);

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.ReadRpcAsync())["error"]!["code"]!.GetValue<int>().Should().Be(-32700);
    }

    [Theory, Trait("Requirement", "RS-10")]
    [InlineData(20, HttpStatusCode.OK)]
    [InlineData(40, HttpStatusCode.BadRequest)]
    public async Task Nesting_ends_at_32(int depth, HttpStatusCode status)
    {
        var nested = new string('[', depth) + new string(']', depth);
        var body = """{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"x":""" + nested + "}}}";
        using var response = await system.Server.PostAsync(system.Token(), body);
        response.StatusCode.Should().Be(status);
    }

    [Theory, Trait("Requirement", "RS-10"), Trait("Requirement", "PX-03")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_256_KiB_is_too_large_whether_it_says_so_or_not(bool chunked)
    {
        var body = """{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"x":" """ + new string('x', 256 * 1024) + "\"}}}";
        using var response = await SendAsync(5);

        response.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);

        // The server answers and hangs up while the rest is still on its way, which the client may notice first.
        async Task<HttpResponseMessage> SendAsync(int tries)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = new ByteArrayContent(Encoding.ASCII.GetBytes(body)) };
            request.Content.Headers.ContentType = new("application/json");
            if (chunked) request.Headers.TransferEncodingChunked = true;
            request.Headers.ConnectionClose = true; // or the next test would get this connection
            request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + system.Token());
            try
            {
                return await system.Server.Http.SendAsync(request);
            }
            catch (HttpRequestException) when (tries > 1)
            {
                return await SendAsync(tries - 1);
            }
        }
    }

    [Theory, Trait("Requirement", "RS-09")]
    [InlineData("Mcp-Method", "tools/list")]
    [InlineData("Mcp-Name", "whoami")]
    [InlineData("Mcp-Name", "=?base64?d2hvYW1p?=")]
    [InlineData("MCP-Protocol-Version", "2025-11-25")]
    public async Task A_header_that_does_not_say_the_same_as_the_body_is_refused(string header, string value)
    {
        var body = ServerCopy.Message("tools/call", new { name = "get_market_clock", arguments = new { }, _meta = new Dictionary<string, object> { ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28" } });
        using var response = await system.Server.PostAsync(system.Token(), body, (header, value));
        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.ReadRpcAsync())["error"]!["code"]!.GetValue<int>().Should().Be(-32020);
    }

    [Fact, Trait("Requirement", "RS-09")]
    public async Task A_body_that_names_its_revision_needs_the_header_that_a_proxy_decides_by()
    {
        var meta = new Dictionary<string, object> { ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28" };
        using var response = await system.Server.PostAsync(system.Token(), ServerCopy.Message("tools/call", new { name = "get_market_clock", arguments = new { }, _meta = meta }), ("Mcp-Method", "tools/call"), ("Mcp-Name", "get_market_clock"));
        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.ReadRpcAsync())["error"]!["code"]!.GetValue<int>().Should().Be(-32020);
    }

    [Theory, Trait("Requirement", "RS-09")]
    [InlineData("whoami")]
    [InlineData("=?base64?d2hvYW1p?=")]
    public async Task A_header_that_says_the_same_passes(string name)
    {
        using var response = await system.Server.PostAsync(system.Token(), ServerCopy.Message("tools/call", new { name = "whoami", arguments = new { } }), ("Mcp-Method", "tools/call"), ("Mcp-Name", name));
        response.StatusCode.Should().Be(HttpStatusCode.OK);
    }
}
