using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace StockMcp.AuthorizationServer.Tests;

public sealed class HardeningTests
{
    private const string Challenge = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    private const string Request = "/connect/authorize?client_id=app&response_type=code&scope=read&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback";

    [Theory, Trait("Requirement", "RS-12")]
    [InlineData("/.well-known/openid-configuration")]
    [InlineData("/.well-known/oauth-authorization-server")]
    public async Task Both_discovery_documents_name_the_public_url_whatever_address_was_asked(string path)
    {
        await using var server = await TestServer.StartAsync();

        var document = await server.Http.GetFromJsonAsync<JsonElement>(path);

        document.GetProperty("issuer").GetString().Should().Be("https://auth.example.com/");
        document.EnumerateObject().Where(member => member.Name.EndsWith("_endpoint", StringComparison.Ordinal) || member.Name == "jwks_uri")
            .Select(member => member.Value.GetString()).Should().NotBeEmpty().And.OnlyContain(url => url!.StartsWith("https://auth.example.com/"));
        document.GetProperty("response_modes_supported").EnumerateArray().Select(mode => mode.GetString()).Should().Equal("query");
        document.GetProperty("code_challenge_methods_supported").EnumerateArray().Select(method => method.GetString()).Should().Equal("S256");
        document.GetProperty("authorization_response_iss_parameter_supported").GetBoolean().Should().BeTrue();
    }

    [Fact, Trait("Requirement", "RS-11")]
    public async Task A_host_that_is_not_ours_is_a_400()
    {
        await using var server = await TestServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/connect/jwks") { Headers = { Host = "rebound.example.net" } };

        using var response = await server.Http.SendAsync(request);

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task An_allowed_host_is_served_and_the_links_still_name_the_public_url()
    {
        await using var server = await TestServer.StartAsync(null, ("AdditionalHosts", "inside.local; other.local"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/.well-known/openid-configuration") { Headers = { Host = "other.local" } };

        using var response = await server.Http.SendAsync(request);

        (await response.Content.ReadAsStringAsync()).Should().Contain("https://auth.example.com/connect/token").And.NotContain("other.local");
    }

    [Fact, Trait("Requirement", "AS-02")]
    public async Task A_proper_request_passes_through()
    {
        await using var server = await TestServer.StartAsync();
        (await server.Http.GetStringAsync(Request + Challenge)).Should().Be("passed through");
    }

    [Theory, Trait("Requirement", "AS-02")]
    [InlineData("")]
    [InlineData("&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    [InlineData("&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=plain")]
    [InlineData("&code_challenge_method=S256")]
    public async Task A_request_without_an_S256_challenge_is_refused(string challenge)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.Http.GetAsync(Request + challenge);

        (response.Headers.Location?.Query ?? await response.Content.ReadAsStringAsync()).Should().Contain("invalid_request");
    }

    [Theory, Trait("Requirement", "AS-03")]
    [InlineData("https://app.example.com/callback/more")]
    [InlineData("https://app.example.com/callbac")]
    [InlineData("https://app.example.com.evil.net/callback")]
    [InlineData("javascript:alert(1)")]
    public async Task An_unregistered_redirect_uri_ends_on_a_page_and_never_on_a_redirect(string uri)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.Http.GetAsync("/connect/authorize?client_id=app&response_type=code&scope=read&redirect_uri=" + Uri.EscapeDataString(uri) + Challenge);

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        response.Headers.Location.Should().BeNull();
        response.Content.Headers.ContentType!.MediaType.Should().Be("text/html");
        response.Headers.GetValues("Content-Security-Policy").Single().Should().Contain("frame-ancestors 'none'");
    }

    [Theory, Trait("Requirement", "AS-07")]
    [InlineData("&client_id=app")]
    [InlineData("&scope=read")]
    [InlineData("&resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example")]
    public async Task A_repeated_parameter_is_refused_on_a_page(string repeated)
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.Http.GetAsync(Request + Challenge + repeated);

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync()).Should().Contain("given more than once").And.Contain("invalid_request");
    }

    [Fact, Trait("Requirement", "AS-07")]
    public async Task The_paths_case_is_no_way_around_it()
    {
        await using var server = await TestServer.StartAsync();

        using var response = await server.Http.GetAsync(Request.Replace("/connect", "/CONNECT", StringComparison.Ordinal) + Challenge + "&scope=read");

        (await response.Content.ReadAsStringAsync()).Should().Contain("given more than once");
    }

    [Fact, Trait("Requirement", "AS-07")]
    public async Task A_form_that_cannot_be_read_is_an_oauth_error()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var (form, type) in new[]
        {
            (string.Join('&', Enumerable.Range(0, 1100).Select(number => $"p{number}=1")), "application/x-www-form-urlencoded"),
            (new string('p', 3000) + "=1", "application/x-www-form-urlencoded"),
            ("client_id=%00", "application/x-www-form-urlencoded"),
            ("grant_type", "multipart/form-data"),
            ("--b\r\ncut off", "multipart/form-data; boundary=b"),
        })
        {
            using var body = new StringContent(form);
            body.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type);
            using var response = await server.Http.PostAsync(new Uri("/connect/token", UriKind.Relative), body);
            response.StatusCode.Should().Be(HttpStatusCode.BadRequest, type);
            (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString().Should().Be("invalid_request");
        }
    }

    [Fact, Trait("Requirement", "AS-07")]
    public async Task A_repeated_parameter_at_the_token_endpoint_is_an_oauth_error()
    {
        await using var server = await TestServer.StartAsync();
        using var body = new StringContent("grant_type=authorization_code&grant_type=refresh_token", null, "application/x-www-form-urlencoded");

        using var response = await server.Http.PostAsync(new Uri("/connect/token", UriKind.Relative), body);

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString().Should().Be("invalid_request");
    }

    [Theory, Trait("Requirement", "AS-01")]
    [InlineData("password")]
    [InlineData("client_credentials")]
    [InlineData("urn:ietf:params:oauth:grant-type:device_code")]
    public async Task Other_grants_are_not_supported(string grant)
    {
        await using var server = await TestServer.StartAsync();
        using var body = new FormUrlEncodedContent([new("grant_type", grant), new("client_id", "app")]);

        using var response = await server.Http.PostAsync(new Uri("/connect/token", UriKind.Relative), body);

        (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString().Should().Be("unsupported_grant_type");
    }
}
