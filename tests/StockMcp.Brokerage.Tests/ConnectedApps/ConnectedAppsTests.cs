using System.Net;

namespace StockMcp.Brokerage.Tests.ConnectedApps;

public sealed class ConnectedAppsTests : BrowserTest
{
    [Fact, Trait("Requirement", "AS-17")]
    public async Task The_page_names_each_app_what_it_may_do_and_since_when()
    {
        await Alice.SignInAsync();
        (await Alice.GetAsync("/connected-apps")).Should().Contain("No app is connected");
        var tokens = await App.GetTokensAsync(Alice, "openid offline_access account:read");
        Brokerage.Clock.Advance(TimeSpan.FromMinutes(14));
        await App.RefreshAsync(tokens.RefreshToken());

        (await Alice.GetAsync("/connected-apps")).Should().Contain("Portfolio &lt;b&gt;App&lt;/b&gt;").And.NotContain("<b>App</b>")
            .And.Contain("See your balance, your positions and how they did").And.NotContain("See your orders")
            .And.Contain("Nov 24, 2026").And.Contain("last active").And.Contain("Nov 24, 11:14");

        await Bob.SignInAsync("bob", "yes-we-can-42");
        (await Bob.GetAsync("/connected-apps")).Should().Contain("No app is connected");
    }

    [Fact, Trait("Requirement", "AS-17"), Trait("Requirement", "UP-03")]
    public async Task A_disconnected_app_is_out_at_once()
    {
        var first = await App.GetTokensAsync(Alice);
        var second = await App.RefreshAsync(first.RefreshToken(), "account:read");
        (await App.CallAsync(first.AccessToken())).Should().Be(HttpStatusCode.OK);
        await Alice.GetAsync("/connected-apps");
        await Alice.SubmitAsync(Alice.Forms().Single(form => form.Action.EndsWith("/disconnect", StringComparison.Ordinal)).Action);
        Alice.Page.Should().Contain("The app is disconnected").And.Contain("No app is connected");

        foreach (var token in new[] { first, second }) (await App.CallAsync(token.AccessToken())).Should().Be(HttpStatusCode.Unauthorized);
        (await App.RefreshAsync(second.RefreshToken(), expected: HttpStatusCode.BadRequest)).Text("error").Should().Be("invalid_grant");
        await Alice.GetAsync(App.AuthorizationUrl());
        Alice.Left.Should().BeNull("she is asked again before it comes back");
        Alice.Page.Should().Contain("asks to reach your brokerage account");
    }

    [Fact]
    public async Task A_code_that_is_not_redeemed_yet_is_worthless_after_the_disconnect()
    {
        await App.GetTokensAsync(Alice);
        var code = await App.GetCodeAsync(Alice);
        await Alice.GetAsync("/connected-apps");
        await Alice.SubmitAsync(Alice.Forms().Single(form => form.Action.EndsWith("/disconnect", StringComparison.Ordinal)).Action);
        (await App.RedeemAsync(code, HttpStatusCode.BadRequest)).Text("error").Should().Be("invalid_grant");
    }

    [Fact, Trait("Requirement", "AS-17")]
    public async Task Nobody_disconnects_somebody_elses_app()
    {
        var tokens = await App.GetTokensAsync(Alice);
        await Alice.GetAsync("/connected-apps");
        var disconnect = Alice.Forms().Single(form => form.Action.EndsWith("/disconnect", StringComparison.Ordinal)).Action;
        await Bob.SignInAsync("bob", "yes-we-can-42");
        await Bob.GetAsync("/trade");
        await Bob.PostAsync(disconnect, Bob.Forms().First().Fields);
        Bob.Status.Should().Be(HttpStatusCode.NotFound);
        (await App.CallAsync(tokens.AccessToken())).Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_app_takes_its_own_token_back()
    {
        var tokens = await App.GetTokensAsync(Alice);
        using var http = Brokerage.Client();
        using var answer = await http.PostAsync("/connect/revoke", new FormUrlEncodedContent(new Dictionary<string, string> { ["token"] = tokens.RefreshToken(), ["client_id"] = TestApp.ClientId, ["client_secret"] = TestApp.Secret }));
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        (await App.RefreshAsync(tokens.RefreshToken(), expected: HttpStatusCode.BadRequest)).Text("error").Should().Be("invalid_grant");
    }
}
