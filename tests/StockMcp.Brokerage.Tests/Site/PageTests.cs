using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace StockMcp.Brokerage.Tests.Site;

public sealed partial class PageTests : BrowserTest
{
    [Fact, Trait("Requirement", "AS-10")]
    public async Task Every_page_forbids_frames_caches_and_inline_code_and_holds_none()
    {
        foreach (var path in new[] { "/", "/prices", "/prices/WAYNE?range=1y", "/prices/NOPE", "/sign-in", "/nothing-here", "/connect/authorize?client_id=nobody" }) Check(await Alice.GetAsync(path), path);
        Check(await Alice.GetAsync(App.AuthorizationUrl()), "sign-in for an app");
        Check(await Alice.SubmitAsync("/sign-in", ("userName", "alice"), ("password", "wrong")), "wrong password");
        Check(await Alice.SubmitAsync("/sign-in", ("userName", "alice"), ("password", "white-rabbit-7")), "consent");
        await Alice.SubmitAsync("/connect/authorize", ("decision", "allow"));
        foreach (var path in new[] { "/trade", "/trade/review?qty=many", "/trade/review?symbol=WAYNE&side=buy&qty=3&type=market&time_in_force=day", "/connected-apps", "/dashboard", "/live/dashboard" }) Check(await Alice.GetAsync(path), path);
        Check(await Alice.PostAsync("/trade", new Dictionary<string, string> { ["symbol"] = "WAYNE" }), "a form without its token");

        void Check(string page, string what)
        {
            page.Should().Contain("<", what);
            Alice.Response.Headers.GetValues("Content-Security-Policy").Single().Should().Contain("frame-ancestors 'none'").And.Contain("script-src 'self'").And.Contain("style-src 'self'").And.NotContain("unsafe");
            Alice.Response.Headers.GetValues("Referrer-Policy").Should().Equal("no-referrer");
            Alice.Response.Headers.CacheControl!.NoStore.Should().BeTrue(what);
            InlineCode().Matches(page).Select(match => match.Value).Should().BeEmpty(what);
            if (!Alice.Path.StartsWith("/live", StringComparison.Ordinal)) page.Should().Contain("<html lang=\"en\">").And.Contain("<main").And.Contain("width=device-width");
        }
    }

    [Fact]
    public async Task What_the_pages_load_is_there()
    {
        await Alice.SignInAsync();
        var files = new HashSet<string>();
        foreach (var path in new[] { "/", "/prices", "/prices/WAYNE", "/dashboard", "/trade" })
            files.UnionWith(Loaded().Matches(await Alice.GetAsync(path)).Select(match => match.Groups["file"].Value));
        files.Should().Contain(["/assets/brokerage.css", "/assets/icon.svg", "/assets/prices.js", "/assets/chart.js", "/assets/live.js"]);
        foreach (var file in files)
        {
            await Alice.GetAsync(file);
            Alice.Status.Should().Be(HttpStatusCode.OK, file);
        }
    }

    [Fact]
    public async Task Every_field_has_a_label_and_every_table_headers()
    {
        await Alice.SignInAsync();
        foreach (var path in new[] { "/", "/prices", "/dashboard", "/trade", "/connected-apps" })
        {
            var page = await Alice.GetAsync(path);
            foreach (Match field in Labelled().Matches(page)) page.Should().Contain($"for=\"{field.Groups["id"].Value}\"", path);
            page.Split("<th").Skip(1).Where(tag => tag[0] is ' ' or '>').All(tag => tag.StartsWith(" scope=", StringComparison.Ordinal)).Should().BeTrue(path);
            page.Split("<h1").Should().HaveCount(2, path);
        }
    }

    [Fact]
    public async Task Prices_are_public_for_people_and_for_programs()
    {
        var page = await Alice.GetAsync("/prices");
        foreach (var stock in Brokerage.Market.Stocks) page.Should().Contain($"href=\"/prices/{stock.Symbol}\"").And.Contain(stock.Name);

        var answer = JsonDocument.Parse(await Alice.GetAsync("/prices.json")).RootElement;
        var wayne = answer.GetProperty("prices").EnumerateArray().Single(share => share.GetProperty("symbol").GetString() == "WAYNE");
        var quote = Brokerage.Market.LatestQuote("WAYNE");
        wayne.GetProperty("price").GetString().Should().Be(quote.Last.ToString());
        wayne.GetProperty("change").GetString().Should().Be((quote.Last - quote.PreviousClose).ToString());
        page.Should().Contain(wayne.GetProperty("text").GetProperty("price").GetString());

        foreach (var range in new[] { "", "?range=1w", "?range=1m", "?range=1y", "?range=%3Cscript%3E" })
        {
            (await Alice.GetAsync("/prices/wayne" + range)).Should().Contain("Wayne Enterprises").And.Contain("<path class=\"line\"");
            Alice.Status.Should().Be(HttpStatusCode.OK);
        }
        await Alice.GetAsync("/prices/NOPE");
        Alice.Status.Should().Be(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_start_page_tells_passwords_only_where_there_are_demo_users()
    {
        (await Alice.GetAsync("/")).Should().Contain("white-rabbit-7").And.Contain("yes-we-can-42");

        await using var real = await TestBrokerage.StartAsync();
        using var visitor = new Browser(real);
        (await visitor.GetAsync("/")).Should().NotContain("white-rabbit-7");
        (await visitor.GetAsync("/sign-in")).Should().NotContain("white-rabbit-7");
    }

    [GeneratedRegex("<script(?![^>]*src=)[^>]*>|<style|\\sstyle=|\\son[a-z]+=|javascript:", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex InlineCode();

    [GeneratedRegex("(?:src|href)=\"(?<file>/assets/[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Loaded();

    [GeneratedRegex("<(?:input|select) id=\"(?<id>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Labelled();
}
