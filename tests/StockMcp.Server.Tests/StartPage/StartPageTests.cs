using System.Net;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.StartPage;

public sealed class StartPageTests(RefusalSystem fixture) : IClassFixture<RefusalSystem>
{
    private readonly TestSystem system = fixture.System;

    [Fact]
    public async Task The_start_page_says_how_to_add_this_server_to_a_client()
    {
        using var response = await system.Server.Http.GetAsync("/");
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.Should().Be("text/html");
        var page = WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync());
        page.Should().Contain("claude mcp add --transport http stock http://localhost:7001/mcp")
            .And.Contain("npx @modelcontextprotocol/inspector --transport http --server-url http://localhost:7001/mcp")
            .And.Contain("""{ "servers": { "stock": { "type": "http", "url": "http://localhost:7001/mcp" } } }""")
            .And.Contain(system.Authority.Issuer)
            .And.Contain("review_order");
        response.Headers.GetValues("Content-Security-Policy").Single().Should().Contain("frame-ancestors 'none'").And.NotContain("unsafe");
    }

    [Theory]
    [InlineData("/assets/server.css", "text/css")]
    [InlineData("/assets/icon.svg", "image/svg+xml")]
    public async Task Its_styles_come_with_it(string path, string type)
    {
        using var response = await system.Server.Http.GetAsync(path);
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.Should().Be(type);
    }
}
