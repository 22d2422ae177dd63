using System.Net;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests.Pages;

/// <summary>Walks through every page that links lead to, in all three applications, as somebody who is signed in.</summary>
public sealed class PageTests
{
    [Fact, Trait("Requirement", "AS-10")]
    public async Task Every_page_is_protected_and_every_form_on_it_is_refused_without_its_token()
    {
        await using var system = await StockMcpSystem.StartAsync(options => options with { WithAgent = true, BrokerageSettings = BrokerageApp.Settings });
        using var alice = Person.Alice(system);
        await BrokerageApp.ConnectAsync(system, alice); // signed in at the Brokerage, with an app to disconnect
        await alice.GoAsync(new Uri(system.Running.Authority.Url, "sign-in"), url => url.AbsolutePath == "/account");
        await alice.ReadAsync(new Uri(system.Running.Authority.Url, "account"));

        var pages = new List<(Uri Url, IHtmlDocument Document)>();
        var (seen, next) = (new HashSet<Uri>(), new Queue<Uri>(system.Origins.Append(new Uri(system.Running.Authority.Url, "account")).Append(new Uri(system.Running.Brokerage.Url, "dashboard"))));
        while (next.TryDequeue(out var url))
        {
            if (!seen.Add(url) || !system.Origins.Any(origin => origin.IsBaseOf(url)) || url.AbsolutePath == "/connect/authorize" || url.AbsolutePath.StartsWith("/account/connect", StringComparison.Ordinal)) continue;
            using var response = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, url));
            if (response.Headers.Location is { } location) next.Enqueue(new Uri(url, location));
            if (response.Content.Headers.ContentType?.MediaType != "text/html") continue;
            ShouldBeProtected(url, response);
            var document = await new HtmlParser().ParseDocumentAsync(await response.Content.ReadAsStringAsync());
            pages.Add((url, document));
            foreach (var link in document.QuerySelectorAll("a[href]").Select(link => new Uri(url, link.GetAttribute("href"))).Where(link => link.Scheme is "http").Take(40)) next.Enqueue(new Uri(link.GetComponents(UriComponents.HttpRequestUrl, UriFormat.UriEscaped)));
        }

        pages.Select(page => page.Url.AbsolutePath).Should().Contain(["/", "/account", "/dashboard", "/connected-apps", "/prices", "/trade"]);
        var forms = pages.SelectMany(page => page.Document.QuerySelectorAll<IHtmlFormElement>("form[method=post]").Select(form => (page.Url, Action: new Uri(page.Url, form.GetAttribute("action")), Form: form))).DistinctBy(form => form.Action)
            // Development's picture of all tokens has no session to misuse; that no other site's page presses its buttons is held by FlowTests.
            .Where(form => !form.Action.AbsolutePath.StartsWith("/flow", StringComparison.Ordinal)).ToList();
        forms.Should().HaveCountGreaterThanOrEqualTo(4);
        foreach (var (url, action, form) in forms)
        {
            form.QuerySelectorAll("input[name=__RequestVerificationToken]").Should().ContainSingle($"{url} has a form for {action}");
            var fields = form.QuerySelectorAll<IHtmlInputElement>("input[name]").Where(input => input.Name != "__RequestVerificationToken").Select(input => KeyValuePair.Create(input.Name!, input.Value));
            using var forged = new HttpRequestMessage(HttpMethod.Post, action) { Content = new FormUrlEncodedContent(fields) };
            using var response = await alice.SendAsync(forged);
            ((int)response.StatusCode).Should().BeInRange(400, 499, $"{action} was posted without the token of its page");
        }
        (await alice.StatusAsync(new Uri(system.Running.Authority.Url, "account"))).Should().Be(HttpStatusCode.OK, "none of the forged forms signed anybody out");
    }

    private static void ShouldBeProtected(Uri url, HttpResponseMessage response)
    {
        var policy = response.Headers.GetValues("Content-Security-Policy").Should().ContainSingle(url.ToString()).Which;
        policy.Should().Contain("default-src 'none'").And.Contain("frame-ancestors 'none'").And.Contain("base-uri 'none'").And.NotContain("unsafe", url.ToString());
        response.Headers.GetValues("X-Content-Type-Options").Should().Equal("nosniff");
        response.Headers.GetValues("X-Frame-Options").Should().Equal("DENY");
        response.Headers.GetValues("Referrer-Policy").Should().Equal("no-referrer");
        response.Headers.CacheControl!.NoStore.Should().BeTrue(url.ToString());
        response.Headers.Contains("Server").Should().BeFalse();
    }
}
