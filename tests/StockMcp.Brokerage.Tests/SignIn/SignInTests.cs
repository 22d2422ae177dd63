using System.Net;
using System.Text.RegularExpressions;

namespace StockMcp.Brokerage.Tests.SignIn;

public sealed partial class SignInTests : BrowserTest
{
    [Fact, Trait("Requirement", "AS-19")]
    public async Task An_unknown_user_and_a_wrong_password_answer_alike()
    {
        async Task<(HttpStatusCode, string)> AnswerAsync(string userName, string password)
        {
            await Alice.GetAsync("/sign-in");
            var page = await Alice.SubmitAsync("/sign-in", ("userName", userName), ("password", password));
            return (Alice.Status, Token().Replace(page, ""));
        }

        var wrong = await AnswerAsync("alice", "not-hers");
        wrong.Item1.Should().Be(HttpStatusCode.Unauthorized);
        (await AnswerAsync("nobody-of-this-name", "not-hers")).Should().Be(wrong);
        (await AnswerAsync("alice", "")).Should().Be(wrong);
        (await AnswerAsync(new string('a', 10_000), "x")).Should().Be(wrong);
    }

    [Fact, Trait("Requirement", "AS-19")]
    public async Task After_five_wrong_passwords_the_right_one_has_to_wait()
    {
        for (var i = 0; i < 5; i++)
        {
            await Alice.GetAsync("/sign-in");
            await Alice.SubmitAsync("/sign-in", ("userName", "alice"), ("password", "not-hers"));
        }
        await Alice.GetAsync("/sign-in");
        await Alice.SubmitAsync("/sign-in", ("userName", "alice"), ("password", "white-rabbit-7"));
        Alice.Status.Should().Be(HttpStatusCode.Unauthorized);
        await Bob.SignInAsync("bob", "yes-we-can-42");

        Brokerage.Clock.Advance(TimeSpan.FromMinutes(6));
        await Alice.SignInAsync();
    }

    [Fact, Trait("Requirement", "AS-19")]
    public async Task Guesses_that_come_at_once_are_all_counted()
    {
        await Alice.GetAsync("/sign-in");
        var fields = new Dictionary<string, string>(Alice.Forms().First(form => form.Fields.ContainsKey("returnUrl")).Fields) { ["userName"] = "alice", ["password"] = "not-hers" };
        using var http = Brokerage.Client();
        http.DefaultRequestHeaders.Add("Cookie", Alice.Cookies.GetCookieHeader(http.BaseAddress!));

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ => (await http.PostAsync("/sign-in", new FormUrlEncodedContent(fields))).Dispose()));

        await Alice.SubmitAsync("/sign-in", ("userName", "alice"), ("password", "white-rabbit-7"));
        Alice.Status.Should().Be(HttpStatusCode.Unauthorized, "after five wrong ones the right one has to wait, too");
    }

    [Theory, Trait("Requirement", "AS-19")]
    [InlineData("/prices", "/prices")]
    [InlineData("https://evil.example/", "/dashboard")]
    [InlineData("//evil.example/", "/dashboard")]
    [InlineData("/\\evil.example/", "/dashboard")]
    [InlineData("/\t/evil.example/", "/dashboard")]
    [InlineData("javascript:alert(1)", "/dashboard")]
    [InlineData("", "/dashboard")]
    public async Task Sign_in_leads_to_pages_of_this_site_alone(string returnUrl, string expected)
    {
        await Alice.GetAsync("/sign-in?returnUrl=" + Uri.EscapeDataString(returnUrl));
        await Alice.SubmitAsync("/sign-in", ("userName", "alice"), ("password", "white-rabbit-7"), ("returnUrl", returnUrl));
        Alice.Left.Should().BeNull();
        Alice.Path.Should().Be(expected);
        await Alice.GetAsync("/sign-in?returnUrl=" + Uri.EscapeDataString(returnUrl));
        Alice.Path.Should().Be(expected, "who is signed in already is led on at once, by the same rule");
    }

    [Fact, Trait("Requirement", "AS-19")]
    public async Task Signing_out_ends_the_session_on_the_server()
    {
        await Alice.SignInAsync();
        using var thief = new Browser(Brokerage);
        thief.Cookies.Add(Alice.Cookies.GetAllCookies());
        (await thief.GetAsync("/dashboard")).Should().Contain("Your account");

        await Alice.GetAsync("/dashboard");
        await Alice.SubmitAsync("/sign-out");
        Alice.Path.Should().Be("/");

        await thief.GetAsync("/dashboard");
        thief.Path.Should().StartWith("/sign-in", "a copy of the cookie is worthless then");
    }

    [Fact, Trait("Requirement", "AS-19")]
    public async Task A_session_ends_after_fifteen_minutes_of_nothing_and_after_twelve_hours_in_any_case()
    {
        await Alice.SignInAsync();
        for (var i = 0; i < 2; i++)
        {
            Brokerage.Clock.Advance(TimeSpan.FromMinutes(10));
            await Alice.GetAsync("/dashboard");
            Alice.Path.Should().Be("/dashboard", "each visit keeps it alive");
        }
        for (var i = 0; i < 4; i++)
        {
            Brokerage.Clock.Advance(TimeSpan.FromMinutes(4));
            await Alice.GetAsync("/prices.json");
            await Alice.GetAsync("/live/dashboard");
        }
        Alice.Path.Should().StartWith("/sign-in", "a page that asks by itself is no visit");

        await Alice.SignInAsync();
        for (var i = 0; i < 71; i++)
        {
            Brokerage.Clock.Advance(TimeSpan.FromMinutes(10));
            await Alice.GetAsync("/connected-apps");
        }
        Alice.Path.Should().Be("/connected-apps");
        Brokerage.Clock.Advance(TimeSpan.FromMinutes(11));
        await Alice.GetAsync("/connected-apps");
        Alice.Path.Should().StartWith("/sign-in");
    }

    [Fact, Trait("Requirement", "AS-19")]
    public async Task The_session_cookie_is_out_of_reach_for_scripts_and_other_sites()
    {
        await Alice.GetAsync("/sign-in");
        var before = Alice.Cookies.GetAllCookies()["stockmcp-brokerage"];
        before.Should().BeNull();
        using var http = Brokerage.Client();
        await Alice.SignInAsync();
        var cookie = Alice.Cookies.GetAllCookies()["stockmcp-brokerage"]!;
        cookie.HttpOnly.Should().BeTrue();
        cookie.Value.Should().NotContain("alice");
        await using var https = await TestBrokerage.StartAsync(settings: [("PublicUrl", "https://broker.example.com")]);
        using var visitor = https.Client();
        visitor.DefaultRequestHeaders.Host = "broker.example.com";
        using var page = await visitor.GetAsync("/sign-in");
        page.Headers.GetValues("Set-Cookie").Should().ContainSingle(form => form.StartsWith("__Host-") && form.Contains("secure", StringComparison.OrdinalIgnoreCase) && form.Contains("httponly", StringComparison.OrdinalIgnoreCase) && form.Contains("samesite=strict", StringComparison.OrdinalIgnoreCase));
    }

    [Theory, Trait("Requirement", "AS-10")]
    [InlineData("/sign-in")]
    [InlineData("/sign-out")]
    [InlineData("/trade")]
    [InlineData("/orders/0198c2f0-0000-7000-8000-000000000000/cancel")]
    [InlineData("/connected-apps/0198c2f0-0000-7000-8000-000000000000/disconnect")]
    public async Task A_form_that_this_site_did_not_make_for_this_person_does_nothing(string path)
    {
        await Alice.SignInAsync();
        await Bob.SignInAsync("bob", "yes-we-can-42");
        await Bob.GetAsync("/trade");
        var bobs = Bob.Forms().First().Fields["__RequestVerificationToken"];
        foreach (var token in new[] { "", "forged", bobs })
        {
            (await Alice.PostAsync(path, new Dictionary<string, string> { ["__RequestVerificationToken"] = token })).Should().Contain("This form was out of date");
            Alice.Status.Should().Be(HttpStatusCode.BadRequest);
        }
        await Alice.GetAsync("/dashboard");
        Alice.Path.Should().Be("/dashboard", "she is still signed in");
    }

    [Theory]
    [InlineData("/dashboard")]
    [InlineData("/trade")]
    [InlineData("/trade/review")]
    [InlineData("/connected-apps")]
    [InlineData("/live/dashboard")]
    public async Task A_persons_pages_ask_to_sign_in_first_and_then_lead_back(string path)
    {
        await Alice.GetAsync(path);
        Alice.Path.Should().Be("/sign-in?returnUrl=" + Uri.EscapeDataString(path));
        Alice.Page.Should().NotContain("Equity");
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"[^\"]*\"", RegexOptions.None, 1000)]
    private static partial Regex Token();
}
