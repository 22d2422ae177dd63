using System.Net;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using StockMcp.Brokerage.Users;
using StockMcp.EndToEnd.Tests.Harness;

namespace StockMcp.EndToEnd.Tests.People;

/// <summary>Somebody in front of a browser without script: fills in the pages' own forms, keeps cookies, follows redirects within the system.</summary>
internal sealed class Person : IDisposable
{
    private const int MostSteps = 20;
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer(), UseCookies = true });
    private readonly HashSet<string> site;
    private readonly DemoUser user;
    private readonly List<string> pages = [];

    private Person(StockMcpSystem system, string userName)
    {
        user = DemoUsers.All.Single(known => known.UserName == userName);
        site = [.. system.Origins.Select(origin => origin.GetLeftPart(UriPartial.Authority))];
    }

    public static Person Alice(StockMcpSystem system) => new(system, "alice");

    public static Person Bob(StockMcpSystem system) => new(system, "bob");

    /// <summary>The text of every page they saw.</summary>
    public IReadOnlyList<string> Pages => pages;

    /// <summary>Goes to an authorization URL, signs in where asked, says yes where asked, and ends where the browser would leave the system.</summary>
    /// <param name="authorizationUrl">Where the client sends them.</param>
    /// <param name="consent">What they allow; everything that is ticked unless given.</param>
    /// <returns>The client's redirect URI with the answer.</returns>
    public async Task<Uri> AuthorizeAsync(Uri authorizationUrl, Consent? consent = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, authorizationUrl);
        for (var step = 0; step < MostSteps; step++)
        {
            var url = request.RequestUri!;
            if (!site.Contains(url.GetLeftPart(UriPartial.Authority))) return url;
            using var response = await http.SendAsync(request);
            request.Dispose();
            if (response.Headers.Location is { } location)
            {
                request = new HttpRequestMessage(HttpMethod.Get, new Uri(url, location));
                continue;
            }
            var page = await response.Content.ReadAsStringAsync();
            pages.Add(page);
            request = FillIn(await new HtmlParser().ParseDocumentAsync(page), url, response.StatusCode, consent ?? Consent.AsTicked);
        }
        throw new InvalidOperationException($"After {MostSteps} steps {user.UserName} is still at {request.RequestUri}.");
    }

    /// <summary>Looks at a page of the system.</summary>
    public async Task<string> ReadAsync(Uri url)
    {
        using var response = await http.GetAsync(url);
        var page = await response.Content.ReadAsStringAsync();
        pages.Add(page);
        response.StatusCode.Should().Be(HttpStatusCode.OK, page);
        return page;
    }

    public void Dispose() => http.Dispose();

    private HttpRequestMessage FillIn(IHtmlDocument page, Uri url, HttpStatusCode status, Consent consent)
    {
        var form = page.QuerySelector<IHtmlFormElement>("main form[method=post]");
        if (status != HttpStatusCode.OK || form is null)
            throw new InvalidOperationException($"{url.GetLeftPart(UriPartial.Path)} answered {(int)status} with a page that has nothing to fill in: {page.QuerySelector("main")?.TextContent.Trim() ?? page.Source.Text}");
        var fields = new List<KeyValuePair<string, string>>();
        foreach (var input in form.QuerySelectorAll<IHtmlInputElement>("input").Where(input => !input.IsDisabled && input.Name is { Length: > 0 }))
        {
            if (input.Type == "password") fields.Add(new(input.Name!, user.Password));
            else if (input.GetAttribute("autocomplete") == "username") fields.Add(new(input.Name!, user.UserName));
            else if (input.Type is "checkbox" or "radio") { if (consent.Ticks(input)) fields.Add(new(input.Name!, input.Value)); }
            else fields.Add(new(input.Name!, input.Value));
        }
        var buttons = form.QuerySelectorAll<IHtmlButtonElement>("button").Where(button => button.Type == "submit").ToList();
        var pressed = buttons.FirstOrDefault(button => button.Value == (consent.Denies ? "deny" : "allow")) ?? buttons[0];
        if (pressed.Name is { Length: > 0 } name) fields.Add(new(name, pressed.Value));
        return new HttpRequestMessage(HttpMethod.Post, new Uri(url, form.GetAttribute("action"))) { Content = new FormUrlEncodedContent(fields) };
    }
}
