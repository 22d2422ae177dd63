using System.Net;
using AngleSharp.Html.Parser;
using Microsoft.AspNetCore.WebUtilities;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Consent;

public sealed class ConsentTests(SharedSystem shared)
{
    [Fact, Trait("Requirement", "AS-08")]
    public async Task What_is_unticked_is_not_granted()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);

        var tokens = await agent.ConnectAsync(alice, consent: ConsentAnswer.Without("orders:read"));

        tokens.Scope.Should().Be("portfolio:read");
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken, "orders:read"))["error"].Should().Be("invalid_scope");
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken, "portfolio:read")).Status.Should().Be(HttpStatusCode.OK);
    }

    [Theory, Trait("Requirement", "AS-08")]
    [InlineData("tick:orders:read")]
    [InlineData("TICK:orders:read")]
    [InlineData("Tick:Orders:Read")]
    public async Task The_apps_own_link_ticks_nothing_for_the_person(string parameter)
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var flow = (await TestAgent.RegisterAsync(system)).Flow();

        var tokens = await flow.RedeemAsync(await alice.AuthorizeAsync(new Uri(QueryHelpers.AddQueryString(flow.AuthorizationUrl.AbsoluteUri, parameter, "on")), ConsentAnswer.Without("orders:read")));

        tokens.Scope.Should().Be("portfolio:read");
    }

    [Fact, Trait("Requirement", "AS-08")]
    public async Task The_apps_own_link_presses_no_button_for_the_person()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var flow = (await TestAgent.RegisterAsync(system)).Flow();

        var answer = await alice.AuthorizeAsync(new Uri(QueryHelpers.AddQueryString(flow.AuthorizationUrl.AbsoluteUri, "DECISION", "allow")), ConsentAnswer.Deny);

        QueryHelpers.ParseQuery(answer.Query)["error"].ToString().Should().Be("access_denied");
    }

    [Fact, Trait("Requirement", "AS-05")]
    public async Task A_no_goes_back_to_the_app_with_the_issuers_name()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var flow = (await TestAgent.RegisterAsync(system)).Flow();

        var answer = QueryHelpers.ParseQuery((await alice.AuthorizeAsync(flow.AuthorizationUrl, ConsentAnswer.Deny)).Query);

        answer["error"].ToString().Should().Be("access_denied");
        answer["iss"].ToString().Should().Be(TestAgent.Issuer(system).AbsoluteUri);
        answer.Should().NotContainKey("code");
    }

    [Fact, Trait("Requirement", "AS-08"), Trait("Requirement", "AS-10")]
    public async Task The_page_shows_the_apps_name_as_text_its_host_and_that_nobody_checked_it()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system, "https://agent.example.com/callback", "<script>alert(1)</script> & Co");

        await alice.AuthorizeAsync(agent.Flow().AuthorizationUrl);

        var page = await new HtmlParser().ParseDocumentAsync(alice.Pages[^1]);
        page.QuerySelector("h1")!.TextContent.Should().Contain("<script>alert(1)</script> & Co");
        page.QuerySelectorAll("script").Should().BeEmpty();
        page.QuerySelector("main")!.TextContent.Should().Contain("agent.example.com").And.Contain("Nobody has checked this app").And.NotContain("on this computer");
        page.QuerySelectorAll("input[type=checkbox]").Select(box => box.GetAttribute("name")).Should().Equal("tick:portfolio:read", "tick:orders:read");
    }

    [Fact, Trait("Requirement", "AS-08")]
    public async Task An_app_on_loopback_is_said_to_be_one()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);

        await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);

        alice.Pages[^1].Should().Contain("on this computer");
    }

    [Fact, Trait("Requirement", "AS-08")]
    public async Task The_same_request_is_asked_again_when_another_site_may_have_sent_the_person_or_more_is_wanted()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        await agent.ConnectAsync(alice, "portfolio:read");
        var before = alice.Pages.Count;

        await agent.ConnectAsync(alice, "portfolio:read");
        alice.Pages.Count.Should().Be(before + 1, "the browser did not say where the request came from");

        alice.SecFetchSite = "none";
        await agent.ConnectAsync(alice, "portfolio:read");
        alice.Pages.Count.Should().Be(before + 1, "the person opened it themselves, and nothing changed");

        await agent.ConnectAsync(alice, "portfolio:read orders:read");
        alice.Pages.Count.Should().Be(before + 2, "it wants more than it was allowed");
    }

    [Fact, Trait("Requirement", "AS-08")]
    public async Task Who_asks_for_more_is_asked_for_that_alone_and_keeps_the_rest()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var first = await agent.ConnectAsync(alice, "portfolio:read");
        alice.SecFetchSite = "none";

        var second = await agent.ConnectAsync(alice, "portfolio:read orders:read");

        var page = await new HtmlParser().ParseDocumentAsync(alice.Pages[^1]);
        page.QuerySelectorAll("input[type=checkbox]").Select(box => box.GetAttribute("name")).Should().Equal("tick:orders:read");
        page.QuerySelector("main")!.TextContent.Should().Contain("You have already allowed it").And.Contain("See your balance").And.Contain("Now it wants to");
        second.Scope.Should().Be("portfolio:read orders:read");
        (await agent.RefreshAsync(first.RefreshToken!)).Status.Should().Be(HttpStatusCode.OK, "what it had stays good");
        var pages = alice.Pages.Count;
        (await agent.ConnectAsync(alice, "orders:read")).Scope.Should().Be("orders:read", "a token carries what was asked for");
        (await agent.ConnectAsync(alice, "portfolio:read")).Scope.Should().Be("portfolio:read");
        alice.Pages.Count.Should().Be(pages, "both are allowed");
    }

    [Fact, Trait("Requirement", "AS-08")]
    public async Task Who_asks_for_the_new_scope_alone_gets_it_alone_and_a_no_takes_nothing_away()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        await agent.ConnectAsync(alice, "portfolio:read");
        alice.SecFetchSite = "none";

        (await agent.ConnectAsync(alice, "orders:read", ConsentAnswer.Without("orders:read"))).Scope.Should().BeNullOrEmpty("she did not tick it");
        (await agent.ConnectAsync(alice, "portfolio:read")).Scope.Should().Be("portfolio:read");
        (await agent.ConnectAsync(alice, "orders:read")).Scope.Should().Be("orders:read");
        (await agent.ConnectAsync(alice, "orders:read portfolio:read")).Scope!.Split(' ').Should().BeEquivalentTo("orders:read", "portfolio:read");
    }

    [Fact, Trait("Requirement", "AS-08"), Trait("Requirement", "AS-17")]
    public async Task Who_is_asked_again_for_the_same_may_take_some_of_it_back()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        await agent.ConnectAsync(alice);

        (await agent.ConnectAsync(alice, consent: ConsentAnswer.AtAuthorityWithout(system, "orders:read"))).Scope.Should().Be("portfolio:read");

        alice.SecFetchSite = "none";
        var pages = alice.Pages.Count;
        await agent.ConnectAsync(alice, "portfolio:read");
        alice.Pages.Count.Should().Be(pages);
        await agent.ConnectAsync(alice, "orders:read");
        alice.Pages.Count.Should().Be(pages + 1, "it is not allowed any more");
    }

    [Fact, Trait("Requirement", "AS-09")]
    public async Task A_consent_form_is_good_only_in_the_browser_that_got_it()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        using var elsewhere = Person.Alice(system);
        await (await TestAgent.RegisterAsync(system)).ConnectAsync(elsewhere);
        var flow = (await TestAgent.RegisterAsync(system)).Flow();
        using var form = await alice.FillInUntilAsync(flow.AuthorizationUrl, page => page.Contains("name=\"decision\"", StringComparison.Ordinal) && page.Contains("portfolio:read", StringComparison.Ordinal));

        using var response = await elsewhere.SendAsync(form);

        response.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        response.Headers.Location.Should().BeNull();
    }

    [Fact, Trait("Requirement", "AS-09"), Trait("Requirement", "AS-16")]
    public async Task The_answer_of_a_sign_in_is_good_once()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var flow = (await TestAgent.RegisterAsync(system)).Flow();
        var callback = await alice.GoAsync(flow.AuthorizationUrl, url => url.AbsolutePath == "/callback/brokerage");
        using var replay = alice.WithCopiedCookies();

        using var first = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, callback));
        using var second = await replay.SendAsync(new HttpRequestMessage(HttpMethod.Get, callback));

        first.StatusCode.Should().Be(HttpStatusCode.Redirect);
        second.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        second.Headers.Contains("Set-Cookie").Should().BeFalse("nobody is signed in by it");
    }

    [Fact, Trait("Requirement", "AS-09"), Trait("Requirement", "TV-02")]
    public async Task A_sign_in_that_was_begun_in_one_browser_cannot_be_finished_in_another()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        using var victim = Person.Bob(system);
        var flow = (await TestAgent.RegisterAsync(system)).Flow();
        var callback = await alice.GoAsync(flow.AuthorizationUrl, url => url.AbsolutePath == "/callback/brokerage");

        using var response = await victim.SendAsync(new HttpRequestMessage(HttpMethod.Get, callback));

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync()).Should().Contain("You are not signed in");
    }

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
