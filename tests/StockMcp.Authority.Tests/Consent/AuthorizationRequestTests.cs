using System.Net;
using Microsoft.AspNetCore.WebUtilities;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Consent;

public sealed class AuthorizationRequestTests(SharedSystem shared)
{
    [Theory, Trait("Requirement", "AS-03")]
    [InlineData("https://agent.example.com/callback/more")]
    [InlineData("https://agent.example.com/callbac")]
    [InlineData("https://agent.example.com.evil.example/callback")]
    [InlineData("http://agent.example.com/callback")]
    [InlineData("https://agent.example.com:444/callback")]
    public async Task A_redirect_uri_that_was_not_registered_ends_on_a_page(string uri)
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system, "https://agent.example.com/callback");

        using var response = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, agent.Flow(redirectUri2: new Uri(uri)).AuthorizationUrl));

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        response.Headers.Location.Should().BeNull();
        response.Content.Headers.ContentType!.MediaType.Should().Be("text/html");
    }

    [Theory, Trait("Requirement", "AS-03")]
    [InlineData("http://localhost:33418/callback", "http://localhost:50123/callback", true)]
    [InlineData("http://127.0.0.1:33418/callback", "http://127.0.0.1:50123/callback", true)]
    [InlineData("http://localhost:33418/callback", "http://127.0.0.1:33418/callback", false)]
    [InlineData("http://localhost:33418/callback", "http://localhost:50123/other", false)]
    public async Task A_native_app_may_use_any_port_of_the_loopback_name_that_it_registered(string registered, string used, bool allowed)
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system, registered);

        using var response = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, agent.Flow(redirectUri2: new Uri(used)).AuthorizationUrl));

        response.StatusCode.Should().Be(allowed ? HttpStatusCode.Redirect : HttpStatusCode.BadRequest);
    }

    // RFC 9700, section 4.11.2: anybody can register here, so a request that is wrong from the start sends nobody anywhere.
    [Theory, Trait("Requirement", "AS-06"), Trait("Requirement", "AS-02"), Trait("Requirement", "AS-07")]
    [InlineData("resource", "https://elsewhere.example/mcp", "invalid_target")]
    [InlineData("resource", "http://localhost", "invalid_target")]
    [InlineData("scope", "portfolio:read everything", "invalid_scope")]
    [InlineData("scope", "connected_accounts:read", "invalid_request")]
    [InlineData("code_challenge_method", "plain", "invalid_request")]
    [InlineData("code_challenge", null, "invalid_request")]
    [InlineData("response_type", "token", "unsupported_response_type")]
    [InlineData("response_type", "code id_token", "unsupported_response_type")]
    [InlineData("client_id", "nobody", "invalid_request")]
    public async Task A_wrong_request_ends_on_a_page_that_names_the_error(string parameter, string? value, string error)
    {
        using var response = await AskAsync(parameter, value);

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        response.Headers.Location.Should().BeNull();
        (await response.Content.ReadAsStringAsync()).Should().Contain($"<code>{error}</code>");
    }

    [Fact, Trait("Requirement", "AS-05")]
    public async Task Who_must_not_be_asked_and_is_not_signed_in_goes_back_with_login_required()
    {
        using var response = await AskAsync("prompt", "none");

        var answer = QueryHelpers.ParseQuery(response.Headers.Location!.Query);
        answer["error"].ToString().Should().Be("login_required");
        answer["iss"].ToString().Should().Be(TestAgent.Issuer(await shared.GetAsync()).AbsoluteUri);
    }

    [Fact]
    public async Task A_client_that_the_operator_registered_needs_no_registration_and_carries_no_warning()
    {
        var redirectUri = new Uri("https://known.example.com/callback");
        await using var system = await StockMcpSystem.StartAsync(options => options with
        {
            AuthoritySettings = new Dictionary<string, string?>
            {
                ["Clients:1:ClientId"] = "known-agent",
                ["Clients:1:ClientSecret"] = "a secret of the operator's choice",
                ["Clients:1:DisplayName"] = "Known agent",
                ["Clients:1:RedirectUris:0"] = redirectUri.AbsoluteUri,
                ["Clients:1:Scopes:0"] = "portfolio:read",
                ["Clients:1:Resources:0"] = $"http://localhost:{options.ServerPort}/mcp",
            },
        });
        using var alice = Person.Alice(system);
        var agent = new TestAgent(system, "known-agent", "a secret of the operator's choice", redirectUri);
        var flow = agent.Flow("portfolio:read");

        var code = flow.CodeOf(await alice.AuthorizeAsync(flow.AuthorizationUrl));
        var tokens = await agent.TokenAsync(("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectUri.AbsoluteUri), ("code_verifier", flow.Verifier));

        alice.Pages[^1].Should().Contain("Known agent").And.NotContain("Nobody has checked");
        (await TestAgent.ExchangeAsync(system, tokens["access_token"]!)).Status.Should().Be(HttpStatusCode.OK);
        using var beyond = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, agent.Flow("orders:read").AuthorizationUrl));
        beyond.StatusCode.Should().Be(HttpStatusCode.BadRequest, "the operator gave it one scope");
    }

    [Fact, Trait("Requirement", "AS-06")]
    public async Task Without_a_resource_and_scopes_the_token_is_for_the_only_resource_with_the_default_scopes()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var flow = new CodeFlow(TestAgent.Issuer(system), agent.ClientId, TestAgent.Loopback, "");

        var tokens = await flow.RedeemAsync(await alice.AuthorizeAsync(flow.AuthorizationUrl));

        tokens.Scope.Should().Be("portfolio:read orders:read");
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken)).Status.Should().Be(HttpStatusCode.OK, "its audience is the MCP server");
    }

    [Fact, Trait("Requirement", "AS-16")]
    public async Task A_pushed_request_is_good_for_one_answer()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var pushed = QueryHelpers.ParseQuery(agent.Flow().AuthorizationUrl.Query).ToDictionary(pair => pair.Key, pair => pair.Value.ToString());
        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(system) };
        using var body = new FormUrlEncodedContent(pushed);
        var request = (await TestAgent.ReadAsync(await http.PostAsync("connect/par", body)))["request_uri"]!;
        var url = new Uri(QueryHelpers.AddQueryString(new Uri(TestAgent.Issuer(system), "connect/authorize").AbsoluteUri, new Dictionary<string, string?> { ["client_id"] = agent.ClientId, ["request_uri"] = request }));

        QueryHelpers.ParseQuery((await alice.AuthorizeAsync(url)).Query).Should().ContainKey("code");
        using var again = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, url));

        again.StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }

    private async Task<HttpResponseMessage> AskAsync(string parameter, string? value)
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var url = (await TestAgent.RegisterAsync(system)).Flow().AuthorizationUrl;
        var query = QueryHelpers.ParseQuery(url.Query).ToDictionary(pair => pair.Key, pair => (string?)pair.Value.ToString());
        query[parameter] = value;
        return await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, QueryHelpers.AddQueryString(url.GetLeftPart(UriPartial.Path), query.Where(pair => pair.Value is not null).ToDictionary())));
    }
}
