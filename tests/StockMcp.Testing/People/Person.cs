using System.Net;
using System.Security.Cryptography.X509Certificates;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using StockMcp.Brokerage.Users;
using StockMcp.Testing.Harness;

namespace StockMcp.Testing.People;

/// <summary>Somebody in front of a browser without script: fills in the pages' own forms, keeps cookies, follows redirects within the system.</summary>
internal sealed class Person : IDisposable
{
    private const int MostSteps = 20;
    private readonly CookieContainer cookies;
    private readonly HttpClient http;
    private readonly HashSet<string> site;
    private readonly DemoUser user;
    private readonly List<string> pages = [];

    private readonly X509Certificate2? root;

    private Person(IEnumerable<string> site, string userName, CookieContainer? cookies = null, X509Certificate2? root = null)
    {
        this.root = root;
        user = DemoUsers.All.Single(known => known.UserName == userName);
        this.site = [.. site];
        this.cookies = cookies ?? new CookieContainer();
        http = new HttpClient(NewHandler());
    }

    public static Person Alice(StockMcpSystem system) => new(Site(system), "alice");

    /// <summary>Alice in front of sites over https.</summary>
    /// <param name="origins">The system's own.</param>
    /// <param name="root">The one certificate authority that she trusts; the machine's if none is given.</param>
    public static Person Alice(IEnumerable<Uri> origins, X509Certificate2? root) => new(origins.Select(origin => origin.GetLeftPart(UriPartial.Authority)), "alice", root: root);

    public static Person Bob(StockMcpSystem system) => new(Site(system), "bob");

    /// <summary>Somebody who knows another site, too.</summary>
    public Person AlsoAt(Uri origin)
    {
        site.Add(origin.GetLeftPart(UriPartial.Authority));
        return this;
    }

    /// <summary>The text of every page they saw.</summary>
    public IReadOnlyList<string> Pages => pages;

    /// <summary>What their browser says of where a request comes from; nothing unless set, as old browsers do.</summary>
    public string? SecFetchSite { get; set; }

    /// <summary>Someone else in front of the same browser.</summary>
    public Person As(string userName) => new(site, userName, cookies, root);

    /// <summary>The same person with a copy of the cookies as they are now.</summary>
    public Person WithCopiedCookies()
    {
        var copy = new CookieContainer();
        copy.Add(cookies.GetAllCookies());
        return new Person(site, user.UserName, copy, root);
    }

    /// <summary>Goes to an authorization URL, signs in where asked, says yes where asked, and ends where the browser would leave the system.</summary>
    /// <param name="authorizationUrl">Where the client sends them.</param>
    /// <param name="consent">What they allow; everything that is ticked unless given.</param>
    /// <returns>The client's redirect URI with the answer.</returns>
    public Task<Uri> AuthorizeAsync(Uri authorizationUrl, ConsentAnswer? consent = null) => GoAsync(authorizationUrl, url => !site.Contains(url.GetLeftPart(UriPartial.Authority)), consent);

    /// <summary>Follows redirects and fills in forms until the browser is about to go to a certain URL, which it is not yet at.</summary>
    public async Task<Uri> GoAsync(Uri from, Func<Uri, bool> until, ConsentAnswer? consent = null)
    {
        using var request = await WalkAsync(from, (next, _) => until(next.RequestUri!), consent);
        return request.RequestUri!;
    }

    /// <summary>Follows redirects and fills in forms until a certain page, and gives the request that its form would send.</summary>
    public Task<HttpRequestMessage> FillInUntilAsync(Uri from, Func<string, bool> page, ConsentAnswer? consent = null) => WalkAsync(from, (_, seen) => seen is not null && page(seen), consent);

    /// <summary>Presses a button of a page that they are signed in at.</summary>
    /// <param name="page">The page.</param>
    /// <param name="button">How the button's text begins.</param>
    /// <param name="which">Which of the forms with such a button; the first unless given.</param>
    public async Task SubmitAsync(Uri page, string button, Func<IHtmlFormElement, bool>? which = null)
    {
        var document = await new HtmlParser().ParseDocumentAsync(await ReadAsync(page));
        var form = document.QuerySelectorAll<IHtmlFormElement>("form[method=post]")
            .First(form => form.QuerySelectorAll("button").Any(found => found.TextContent.Trim().StartsWith(button, StringComparison.Ordinal)) && which?.Invoke(form) is not false);
        var pressed = form.QuerySelectorAll<IHtmlButtonElement>("button").First(found => found.TextContent.Trim().StartsWith(button, StringComparison.Ordinal));
        using var response = await SendAsync(Submission(form, pressed, page, ConsentAnswer.AsTicked));
        ((int)response.StatusCode).Should().BeInRange(200, 399, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Lets the browser arrive at the client's own port, with the answer.</summary>
    public async Task ReturnToClientAsync(Uri cameBack)
    {
        using var response = await http.GetAsync(cameBack);
        response.IsSuccessStatusCode.Should().BeTrue("the client answered {0}", response.StatusCode);
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

    /// <summary>How a page answers.</summary>
    public async Task<HttpStatusCode> StatusAsync(Uri url)
    {
        using var response = await http.GetAsync(url);
        return response.StatusCode;
    }

    /// <summary>Sends a request with this browser's cookies; redirects are not followed.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
    {
        if (SecFetchSite is { } from) request.Headers.Add("Sec-Fetch-Site", from);
        return http.SendAsync(request);
    }

    /// <summary>A connection of this browser's own, with its cookies: for answers that go on.</summary>
    public HttpClient NewClient() => new(NewHandler()) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Closes the tab: what it waits for is broken off.</summary>
    public void Leave() => http.CancelPendingRequests();

    public void Dispose() => http.Dispose();

    private SocketsHttpHandler NewHandler()
    {
        var handler = Https.Trusting(root);
        (handler.AllowAutoRedirect, handler.CookieContainer, handler.UseCookies) = (false, cookies, true);
        return handler;
    }

    private static IEnumerable<string> Site(StockMcpSystem system) => system.Origins.Select(origin => origin.GetLeftPart(UriPartial.Authority));

    private async Task<HttpRequestMessage> WalkAsync(Uri from, Func<HttpRequestMessage, string?, bool> until, ConsentAnswer? consent)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, from);
        string? page = null;
        for (var step = 0; step < MostSteps; step++)
        {
            if (until(request, page)) return request;
            var url = request.RequestUri!;
            using var response = await SendAsync(request);
            request.Dispose();
            page = null;
            if (response.Headers.Location is { } location)
            {
                request = new HttpRequestMessage(HttpMethod.Get, new Uri(url, location));
                continue;
            }
            page = await response.Content.ReadAsStringAsync();
            pages.Add(page);
            request = FillIn(await new HtmlParser().ParseDocumentAsync(page), url, response.StatusCode, consent ?? ConsentAnswer.AsTicked);
        }
        throw new InvalidOperationException($"After {MostSteps} steps {user.UserName} is still at {request.RequestUri}.");
    }

    private HttpRequestMessage FillIn(IHtmlDocument page, Uri url, HttpStatusCode status, ConsentAnswer consent)
    {
        var form = page.QuerySelector<IHtmlFormElement>("main form[method=post]");
        if (status != HttpStatusCode.OK || form is null)
            throw new InvalidOperationException($"{url.GetLeftPart(UriPartial.Path)} answered {(int)status} with a page that has nothing to fill in: {page.QuerySelector("main")?.TextContent.Trim() ?? page.Source.Text}");
        var buttons = form.QuerySelectorAll<IHtmlButtonElement>("button").Where(button => button.Type == "submit").ToList();
        return Submission(form, buttons.FirstOrDefault(button => button.Value == (consent.Denies ? "deny" : "allow")) ?? buttons[0], url, consent);
    }

    private HttpRequestMessage Submission(IHtmlFormElement form, IHtmlButtonElement pressed, Uri url, ConsentAnswer consent)
    {
        var fields = new List<KeyValuePair<string, string>>();
        foreach (var input in form.QuerySelectorAll<IHtmlInputElement>("input").Where(input => !input.IsDisabled && input.Name is { Length: > 0 }))
        {
            if (input.Type == "password") fields.Add(new(input.Name!, user.Password));
            else if (input.GetAttribute("autocomplete") == "username") fields.Add(new(input.Name!, user.UserName));
            else if (input.Type is "checkbox" or "radio") { if (consent.Ticks(input, url)) fields.Add(new(input.Name!, input.Value)); }
            else fields.Add(new(input.Name!, input.Value));
        }
        if (pressed.Name is { Length: > 0 } name) fields.Add(new(name, pressed.Value));
        return new HttpRequestMessage(HttpMethod.Post, new Uri(url, form.GetAttribute("action"))) { Content = new FormUrlEncodedContent(fields) };
    }
}
