using System.Net;

namespace StockMcp.Brokerage.Tests.Authorization;

public sealed class AuthorizationTests : IAsyncLifetime
{
    private TestBrokerage brokerage = null!;
    private Browser alice = null!;
    private TestApp app = null!;

    public async ValueTask InitializeAsync()
    {
        brokerage = await TestApp.StartBrokerageAsync();
        (alice, app) = (new Browser(brokerage), new TestApp(brokerage));
    }

    public async ValueTask DisposeAsync()
    {
        alice.Dispose();
        app.Dispose();
        await brokerage.DisposeAsync();
    }

    [Fact, Trait("Requirement", "UP-03")]
    public async Task A_person_signs_in_and_consents_and_the_app_reads_the_account()
    {
        var tokens = await app.GetTokensAsync(alice);

        tokens.Text("scope").Split(' ').Should().BeEquivalentTo(TestApp.Everything.Split(' '));
        tokens.GetProperty("expires_in").GetInt32().Should().BeInRange(598, 600);
        var claims = tokens.Claims();
        claims.Text("iss").Should().Be("http://localhost:7003/");
        claims.Text("aud").Should().Be("http://localhost:7003/v2");
        claims.Text("client_id").Should().Be(TestApp.ClientId);
        (await app.CallAsync(tokens.AccessToken())).Should().Be(HttpStatusCode.OK);
        (await app.CallAsync(tokens.RefreshToken())).Should().Be(HttpStatusCode.Unauthorized, "a refresh token is for the token endpoint alone");
        (await app.CallAsync(tokens.Text("id_token"))).Should().Be(HttpStatusCode.Unauthorized, "an id token is for the app alone");
    }

    [Fact, Trait("Requirement", "UP-03")]
    public async Task A_refresh_may_ask_for_fewer_scopes_and_the_next_one_for_others()
    {
        var tokens = await app.GetTokensAsync(alice);

        var orders = await app.RefreshAsync(tokens.RefreshToken(), "orders:read");
        orders.Text("scope").Should().Be("orders:read");
        orders.Claims().Text("scope").Should().Be("orders:read");
        orders.Claims().Text("aud").Should().Be("http://localhost:7003/v2");
        (await app.CallAsync(orders.AccessToken(), "/v2/orders")).Should().Be(HttpStatusCode.OK);
        (await app.CallAsync(orders.AccessToken(), "/v2/account")).Should().Be(HttpStatusCode.Forbidden);

        var account = await app.RefreshAsync(orders.RefreshToken(), "account:read");
        account.Text("scope").Should().Be("account:read");
        (await app.CallAsync(account.AccessToken(), "/v2/account")).Should().Be(HttpStatusCode.OK);
        (await app.CallAsync(account.AccessToken(), "/v2/orders")).Should().Be(HttpStatusCode.Forbidden);

        var all = await app.RefreshAsync(account.RefreshToken());
        all.Text("scope").Split(' ').Should().BeEquivalentTo(TestApp.Everything.Split(' '), "without a scope the whole grant is meant");
    }

    [Fact]
    public async Task A_refresh_for_a_scope_outside_the_grant_is_invalid_scope_and_uses_nothing_up()
    {
        var tokens = await app.GetTokensAsync(alice, "openid offline_access account:read");

        foreach (var scope in new[] { "account:read orders:read", "trading", "no-such-scope" })
            (await app.RefreshAsync(tokens.RefreshToken(), scope, HttpStatusCode.BadRequest)).Text("error").Should().Be("invalid_scope");

        (await app.RefreshAsync(tokens.RefreshToken(), "account:read")).Text("scope").Should().Be("account:read");
    }

    [Fact, Trait("Requirement", "AS-11"), Trait("Requirement", "UP-03")]
    public async Task A_used_refresh_token_ends_all_that_came_from_the_grant()
    {
        var first = await app.GetTokensAsync(alice);
        var second = await app.RefreshAsync(first.RefreshToken());
        second.RefreshToken().Should().NotBe(first.RefreshToken());

        (await app.RefreshAsync(first.RefreshToken(), expected: HttpStatusCode.BadRequest)).Text("error").Should().Be("invalid_grant");

        (await app.RefreshAsync(second.RefreshToken(), expected: HttpStatusCode.BadRequest)).Text("error").Should().Be("invalid_grant");
        (await app.CallAsync(first.AccessToken())).Should().Be(HttpStatusCode.Unauthorized);
        (await app.CallAsync(second.AccessToken())).Should().Be(HttpStatusCode.Unauthorized);
    }

    [Fact, Trait("Requirement", "AS-11"), Trait("Requirement", "UP-03")]
    public async Task The_reuse_of_a_refresh_token_is_seen_after_a_restart()
    {
        var data = Directory.CreateTempSubdirectory("stockmcp-").FullName;
        try
        {
            string used, fresh;
            await using (var before = await TestApp.StartBrokerageAsync(data))
            {
                using var browser = new Browser(before);
                using var client = new TestApp(before);
                used = (await client.GetTokensAsync(browser)).RefreshToken();
                fresh = (await client.RefreshAsync(used)).RefreshToken();
            }
            await using var after = await TestApp.StartBrokerageAsync(data);
            using var again = new TestApp(after);
            await again.RefreshAsync(used, expected: HttpStatusCode.BadRequest);
            (await again.RefreshAsync(fresh, expected: HttpStatusCode.BadRequest)).Text("error").Should().Be("invalid_grant");
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Fact, Trait("Requirement", "AS-11")]
    public async Task Of_many_refreshes_at_once_with_one_token_one_wins_at_most()
    {
        var refresh = (await app.GetTokensAsync(alice)).RefreshToken();
        using var http = brokerage.Client();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            using var response = await http.PostAsync("/connect/token", new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["grant_type"] = "refresh_token",
                ["refresh_token"] = refresh,
                ["client_id"] = TestApp.ClientId,
                ["client_secret"] = TestApp.Secret,
            }));
            return response.StatusCode;
        }));
        answers.Count(status => status == HttpStatusCode.OK).Should().BeLessThanOrEqualTo(1);
        answers.Should().OnlyContain(status => status == HttpStatusCode.OK || status == HttpStatusCode.BadRequest);
    }

    [Fact, Trait("Requirement", "AS-04"), Trait("Requirement", "UP-03")]
    public async Task A_code_used_twice_ends_all_that_came_from_it()
    {
        var code = await app.GetCodeAsync(alice);
        var tokens = await app.RedeemAsync(code);
        (await app.CallAsync(tokens.AccessToken())).Should().Be(HttpStatusCode.OK);

        (await app.RedeemAsync(code, HttpStatusCode.BadRequest)).Text("error").Should().Be("invalid_grant");

        (await app.CallAsync(tokens.AccessToken())).Should().Be(HttpStatusCode.Unauthorized);
        (await app.RefreshAsync(tokens.RefreshToken(), expected: HttpStatusCode.BadRequest)).Text("error").Should().Be("invalid_grant");
    }

    [Fact, Trait("Requirement", "AS-04")]
    public async Task A_code_lives_for_a_minute()
    {
        var code = await app.GetCodeAsync(alice);
        brokerage.Clock.Advance(TimeSpan.FromSeconds(90));
        (await app.RedeemAsync(code, HttpStatusCode.BadRequest)).Text("error").Should().Be("invalid_grant");
    }

    [Fact, Trait("Requirement", "AS-02")]
    public async Task A_wrong_verifier_gets_nothing()
    {
        var code = await app.GetCodeAsync(alice);
        (await app.RedeemAsync(code, HttpStatusCode.BadRequest, verifier: new string('a', 43))).Text("error").Should().Be("invalid_grant");
    }

    [Theory, Trait("Requirement", "AS-02")]
    [InlineData("code_challenge", null)]
    [InlineData("code_challenge_method", "plain")]
    [InlineData("code_challenge_method", null)]
    [InlineData("scope", "openid everything")]
    public async Task A_request_that_is_not_allowed_is_refused_before_sign_in(string parameter, string? value)
    {
        await alice.GetAsync(app.AuthorizationUrl(TestApp.Everything, (parameter, value)));
        alice.Path.Should().StartWith("/connect/authorize", "nobody is asked to sign in for it");
        alice.Left?.Query.Should().Contain("error=");
    }

    [Theory, Trait("Requirement", "AS-03")]
    [InlineData("redirect_uri", "https://app.example.com/callback/more")]
    [InlineData("redirect_uri", "https://app.example.com.evil.example/callback")]
    [InlineData("redirect_uri", "https://APP.example.com/callback")]
    [InlineData("redirect_uri", "http://app.example.com/callback")]
    [InlineData("redirect_uri", "javascript:alert(1)")]
    [InlineData("client_id", "nobody")]
    public async Task An_unknown_app_or_redirect_ends_on_a_page_and_never_on_a_redirect(string parameter, string value)
    {
        await alice.GetAsync(app.AuthorizationUrl(TestApp.Everything, (parameter, value)));
        alice.Left.Should().BeNull();
        alice.Status.Should().Be(HttpStatusCode.BadRequest);
        alice.Page.Should().Contain("<h1>This did not work</h1>");
    }

    [Fact]
    public async Task A_person_unticks_a_scope_and_the_app_does_not_get_it()
    {
        await alice.GetAsync(app.AuthorizationUrl());
        await alice.SubmitAsync("/sign-in", ("userName", "alice"), ("password", "white-rabbit-7"));
        alice.Page.Should().Contain("Portfolio &lt;b&gt;App&lt;/b&gt;").And.NotContain("<b>App</b>");
        await alice.SubmitAsync("/connect/authorize", ("decision", "allow"), ("tick:trading", null), ("tick:profile", null));
        var code = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(alice.Left!.Query)["code"].ToString();
        (await app.RedeemAsync(code)).Text("scope").Split(' ').Should().BeEquivalentTo("openid", "offline_access", "account:read", "orders:read");
    }

    [Fact]
    public async Task A_person_says_no_and_the_app_is_told_so()
    {
        await alice.GetAsync(app.AuthorizationUrl());
        await alice.SubmitAsync("/sign-in", ("userName", "alice"), ("password", "white-rabbit-7"));
        await alice.SubmitAsync("/connect/authorize", ("decision", "deny"));
        alice.Left!.AbsoluteUri.Should().StartWith(TestApp.Callback).And.Contain("error=access_denied").And.Contain("iss=");
    }

    [Fact, Trait("Requirement", "AS-10")]
    public async Task Consent_needs_the_forms_own_token()
    {
        await alice.GetAsync(app.AuthorizationUrl());
        await alice.SubmitAsync("/sign-in", ("userName", "alice"), ("password", "white-rabbit-7"));
        await alice.SubmitAsync("/connect/authorize", ("decision", "allow"), ("__RequestVerificationToken", "forged"));
        alice.Left.Should().BeNull();
        alice.Status.Should().Be(HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("login")]
    [InlineData("login consent")]
    public async Task Prompt_login_asks_for_the_password_again_and_once(string prompt)
    {
        await app.GetCodeAsync(alice);
        await alice.GetAsync(app.AuthorizationUrl(TestApp.Everything, ("prompt", prompt)));
        alice.Path.Should().StartWith("/sign-in");
        await alice.SubmitAsync("/sign-in", ("userName", "alice"), ("password", "white-rabbit-7"));
        if (prompt.Contains("consent", StringComparison.Ordinal)) await alice.SubmitAsync("/connect/authorize", ("decision", "allow"));
        alice.Left!.Query.Should().Contain("code=");
    }

    [Theory]
    [InlineData("prompt", "login")]
    [InlineData("max_age", "0")]
    [InlineData("max_age", "60")]
    public async Task A_fresh_password_is_asked_for_once_and_the_id_token_says_when_it_was_given(string parameter, string value)
    {
        await app.GetCodeAsync(alice);
        brokerage.Clock.Advance(TimeSpan.FromMinutes(5));
        foreach (var _ in new[] { 1, 2 })
        {
            await alice.GetAsync(app.AuthorizationUrl(TestApp.Everything, (parameter, value)));
            alice.Path.Should().StartWith("/sign-in");
            brokerage.Clock.Advance(TimeSpan.FromSeconds(30));
            await alice.SubmitAsync("/sign-in", ("userName", "alice"), ("password", "white-rabbit-7"));
            var code = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(alice.Left!.Query)["code"].ToString();
            (await app.RedeemAsync(code)).Claims("id_token").GetProperty("auth_time").GetInt64().Should().Be(brokerage.Clock.GetUtcNow().ToUnixTimeSeconds());
            brokerage.Clock.Advance(TimeSpan.FromMinutes(2));
        }
    }

    [Fact]
    public async Task A_password_that_is_fresh_enough_is_not_asked_for_again()
    {
        await app.GetCodeAsync(alice);
        var given = brokerage.Clock.GetUtcNow();
        brokerage.Clock.Advance(TimeSpan.FromMinutes(5));
        await alice.GetAsync(app.AuthorizationUrl(TestApp.Everything, ("max_age", "600")));
        var code = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(alice.Left!.Query)["code"].ToString();
        (await app.RedeemAsync(code)).Claims("id_token").GetProperty("auth_time").GetInt64().Should().Be(given.ToUnixTimeSeconds());
    }

    [Fact]
    public async Task A_link_cannot_say_that_an_old_password_is_fresh()
    {
        await app.GetCodeAsync(alice);
        brokerage.Clock.Advance(TimeSpan.FromMinutes(11));
        foreach (var after in new[] { "0", TestBrokerage.Start.ToUnixTimeSeconds().ToString(), "-1", "now" })
        {
            await alice.GetAsync(app.AuthorizationUrl(TestApp.Everything, ("prompt", "login"), ("sign_in_after", after)));
            alice.Path.Should().StartWith("/sign-in");
        }
    }

    [Theory]
    [InlineData("alice", "white-rabbit-7", "alice@example.com")]
    [InlineData("bob", "yes-we-can-42", "bob@example.com")]
    public async Task The_email_address_is_in_the_id_token_of_an_app_that_was_allowed_to_see_it(string userName, string password, string email)
    {
        var tokens = await app.RedeemAsync(await app.GetCodeAsync(alice, TestApp.Everything + " email", userName, password));
        tokens.Claims("id_token").Text("email").Should().Be(email);
        tokens.Claims().TryGetProperty("email", out _).Should().BeFalse("an access token is for the trading API alone");
        (await app.RefreshAsync(tokens.RefreshToken())).Claims("id_token").Text("email").Should().Be(email);
    }

    [Fact]
    public async Task The_email_address_is_asked_for_in_words_and_kept_from_an_app_that_did_not_ask()
    {
        (await app.GetTokensAsync(alice)).Claims("id_token").TryGetProperty("email", out _).Should().BeFalse();
        await alice.GetAsync(app.AuthorizationUrl(TestApp.Everything + " email"));
        alice.Page.Should().Contain("See your email address");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("login")]
    public async Task A_pushed_request_goes_through_sign_in_and_consent(string? prompt)
    {
        var parameters = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(app.AuthorizationUrl(TestApp.Everything, ("prompt", prompt)).Split('?')[1]);
        var pushed = await app.PostAsync("/connect/par", HttpStatusCode.Created, [.. parameters.Select(parameter => (parameter.Key, parameter.Value.ToString()))]);
        await alice.GetAsync($"/connect/authorize?client_id={TestApp.ClientId}&request_uri={Uri.EscapeDataString(pushed.Text("request_uri"))}");
        await alice.SubmitAsync("/sign-in", ("userName", "alice"), ("password", "white-rabbit-7"));
        await alice.SubmitAsync("/connect/authorize", ("decision", "allow"));
        var code = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(alice.Left!.Query)["code"].ToString();
        (await app.CallAsync((await app.RedeemAsync(code)).AccessToken())).Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Prompt_none_answers_without_a_page()
    {
        await alice.GetAsync(app.AuthorizationUrl(TestApp.Everything, ("prompt", "none")));
        alice.Left!.Query.Should().Contain("error=login_required");
        await alice.SignInAsync();
        await alice.GetAsync(app.AuthorizationUrl(TestApp.Everything, ("prompt", "none")));
        alice.Left!.Query.Should().Contain("error=consent_required");
    }
}
