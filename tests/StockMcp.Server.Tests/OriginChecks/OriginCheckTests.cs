using System.Net;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.OriginChecks;

public sealed class OriginCheckTests
{
    [Fact, Trait("Requirement", "RS-11")]
    public async Task Only_pages_that_are_allowed_may_call()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false, settings: ("AllowedOrigins", "http://localhost:6274; https://inspector.example"));

        (await FromAsync("http://evil.example")).StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await FromAsync("null")).StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await FromAsync("http://localhost:6275")).StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await FromAsync("http://localhost:7001")).StatusCode.Should().Be(HttpStatusCode.OK);
        var allowed = await FromAsync("https://inspector.example");
        allowed.StatusCode.Should().Be(HttpStatusCode.OK);
        allowed.Headers.GetValues("Access-Control-Allow-Origin").Should().Equal("https://inspector.example");
        allowed.Headers.Contains("Access-Control-Allow-Credentials").Should().BeFalse();

        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/mcp");
        preflight.Headers.TryAddWithoutValidation("Origin", "http://localhost:6274");
        preflight.Headers.TryAddWithoutValidation("Access-Control-Request-Method", "POST");
        preflight.Headers.TryAddWithoutValidation("Access-Control-Request-Headers", "authorization,content-type,mcp-method,mcp-name,mcp-protocol-version");
        using var answer = await system.Server.Http.SendAsync(preflight);
        answer.StatusCode.Should().Be(HttpStatusCode.NoContent);
        answer.Headers.GetValues("Access-Control-Allow-Origin").Should().Equal("http://localhost:6274");

        Task<HttpResponseMessage> FromAsync(string origin) => system.Server.PostAsync(system.Token(), ServerCopy.Message("tools/list", new { }), ("Origin", origin));
    }

    [Theory, Trait("Requirement", "RS-11"), Trait("Requirement", "RS-06"), Trait("Requirement", "RS-10")]
    [InlineData("/MCP")]
    [InlineData("/Mcp/")]
    [InlineData("/%4dcp")]
    public async Task The_paths_case_is_no_way_around_the_checks(string path)
    {
        await using var system = await TestSystem.StartAsync(brokerage: false);

        (await ToAsync("tools/list", new { }, ("Origin", "http://evil.example"))).Should().Be(HttpStatusCode.Forbidden);
        (await ToAsync("tools/call", new { name = "list_orders", arguments = new { } })).Should().Be(HttpStatusCode.Forbidden, "the token lacks the tool's scope");
        (await ToAsync("tools/list", new { Cursor = "x" })).Should().Be(HttpStatusCode.BadRequest);
        (await ToAsync("tools/list", new { })).Should().Be(HttpStatusCode.OK);

        async Task<HttpStatusCode> ToAsync(string method, object parameters, params (string Name, string Value)[] headers)
        {
            using var response = await system.Server.PostToAsync(path, system.Token(scope: "portfolio:read"), ServerCopy.Message(method, parameters), headers);
            return response.StatusCode;
        }
    }

    [Fact, Trait("Requirement", "RS-11")]
    public async Task A_host_that_is_not_ours_is_refused()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/.well-known/oauth-protected-resource");
        request.Headers.Host = "rebound.example";
        (await system.Server.Http.SendAsync(request)).StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }
}
