using System.Net;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.ProtectedResource;

public sealed class MetadataTests(RefusalSystem fixture) : IClassFixture<RefusalSystem>
{
    private readonly TestSystem system = fixture.System;

    [Theory, Trait("Requirement", "RS-12")]
    [InlineData("/.well-known/oauth-protected-resource")]
    [InlineData("/.well-known/oauth-protected-resource/mcp")]
    public async Task The_metadata_are_the_same_under_both_paths_and_built_from_the_public_url(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Host = "127.0.0.1";
        request.Headers.TryAddWithoutValidation("X-Forwarded-Host", "evil.example");
        request.Headers.TryAddWithoutValidation("Origin", "https://some.page.example");
        using var response = await system.Server.Http.SendAsync(request);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.Should().Be("application/json");
        response.Headers.GetValues("Access-Control-Allow-Origin").Should().Equal("*");
        response.Headers.CacheControl!.MaxAge.Should().Be(TimeSpan.FromMinutes(5));
        (await response.Content.ReadAsStringAsync()).Should().Be(
            $$"""{"resource":"http://localhost:7001/mcp","authorization_servers":["{{system.Authority.Issuer}}"],"scopes_supported":["portfolio:read","orders:read","orders:write"],"bearer_methods_supported":["header"],"resource_name":"StockMcp","resource_documentation":"http://localhost:7001/"}""");
    }

    [Theory, Trait("Requirement", "RS-05")]
    [InlineData("POST")]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task Without_a_token_the_challenge_names_metadata_and_scopes_and_no_error(string method)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/mcp");
        using var response = await system.Server.Http.SendAsync(request);

        response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        response.Challenge().Should().Be("""Bearer resource_metadata="http://localhost:7001/.well-known/oauth-protected-resource/mcp", scope="portfolio:read orders:read" """.TrimEnd());
        (await response.ReadRpcAsync())["error"]!["message"]!.GetValue<string>().Should().Contain("needs an access token");
    }

    [Theory, Trait("Requirement", "RS-01")]
    [InlineData("/mcp?access_token={0}", null)]
    [InlineData("/mcp", "access_token={0}")]
    public async Task A_token_is_taken_from_the_header_alone(string path, string? cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, string.Format(path, system.Token()));
        if (cookie is not null) request.Headers.Add("Cookie", string.Format(cookie, system.Token()));
        using var response = await system.Server.Http.SendAsync(request);

        response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        response.Challenge().Should().NotContain("error=");
    }

    [Theory]
    [InlineData("Basic YWxpY2U6c2VjcmV0")]
    [InlineData("Bearer")]
    [InlineData("DPoP abc")]
    public async Task Credentials_of_another_kind_are_no_token(string authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var response = await system.Server.Http.SendAsync(request);

        response.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        response.Challenge().Should().NotContain("error=");
    }
}
