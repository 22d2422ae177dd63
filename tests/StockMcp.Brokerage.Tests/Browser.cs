using System.Net;
using System.Text.RegularExpressions;

namespace StockMcp.Brokerage.Tests;

/// <summary>A person's browser without scripts: keeps cookies, follows redirects on the site, and sends forms with all that stands in them.</summary>
internal sealed partial class Browser : IDisposable
{
    public const string Site = "http://localhost:7003";

    private readonly Uri address;
    private readonly HttpClient http;

    public Browser(TestBrokerage brokerage)
    {
        address = brokerage.Address;
        http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = Cookies }) { BaseAddress = address, DefaultRequestHeaders = { Host = "localhost:7003" } };
    }

    public CookieContainer Cookies { get; } = new();

    /// <summary>The path of the last page.</summary>
    public string Path { get; private set; } = "/";

    /// <summary>The last page.</summary>
    public string Page { get; private set; } = "";

    public HttpStatusCode Status { get; private set; }

    public HttpResponseMessage Response { get; private set; } = new();

    /// <summary>Where the last redirect led away from the site.</summary>
    public Uri? Left { get; private set; }

    public Task<string> GetAsync(string path) => FollowAsync(() => new HttpRequestMessage(HttpMethod.Get, path));

    /// <summary>Sends a form of the last page as a browser does: hidden fields, default values, and what the person typed; a value of null leaves a field out.</summary>
    public async Task<string> SubmitAsync(string action, params (string Name, string? Value)[] typed)
    {
        var form = Forms().FirstOrDefault(form => form.Action == action) ?? throw new InvalidOperationException($"No form for {action} on {Path}:\n{Page}");
        var fields = new Dictionary<string, string>(form.Fields);
        foreach (var (name, value) in typed)
        {
            if (value is null) fields.Remove(name);
            else fields[name] = value;
        }
        if (form.Method == "post") return await PostAsync(action, fields);
        return await GetAsync(action + "?" + string.Join('&', fields.Select(field => $"{Uri.EscapeDataString(field.Key)}={Uri.EscapeDataString(field.Value)}")));
    }

    public Task<string> PostAsync(string path, IReadOnlyDictionary<string, string> fields) => FollowAsync(() => new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(fields) });

    public async Task SignInAsync(string userName = "alice", string password = "white-rabbit-7")
    {
        await GetAsync("/sign-in");
        await SubmitAsync("/sign-in", ("userName", userName), ("password", password));
        Path.Should().Be("/dashboard");
    }

    public IEnumerable<Form> Forms() => FormPattern().Matches(Page).Select(match => new Form(
        WebUtility.HtmlDecode(Attribute(match.Groups["tag"].Value, "action") ?? Path),
        Attribute(match.Groups["tag"].Value, "method") ?? "get",
        FieldsOf(match.Groups["content"].Value)));

    public void Dispose() => http.Dispose();

    private async Task<string> FollowAsync(Func<HttpRequestMessage> first)
    {
        Left = null;
        var request = first();
        for (var redirects = 0; redirects < 8; redirects++)
        {
            Path = request.RequestUri!.IsAbsoluteUri ? request.RequestUri.PathAndQuery : request.RequestUri.OriginalString;
            Response = await http.SendAsync(request);
            Status = Response.StatusCode;
            Page = await Response.Content.ReadAsStringAsync();
            if ((int)Status is < 300 or >= 400) return Page;
            if (request.Method == HttpMethod.Post) Status.Should().Be(HttpStatusCode.SeeOther, "no browser may post a form's content to the next address");
            var location = new Uri(new Uri(Site), Response.Headers.Location!);
            if (!location.AbsoluteUri.StartsWith(Site + "/", StringComparison.Ordinal))
            {
                Left = location;
                return Page;
            }
            request = new HttpRequestMessage(HttpMethod.Get, location.PathAndQuery);
        }
        throw new InvalidOperationException("Too many redirects, the last to " + Path);
    }

    private static Dictionary<string, string> FieldsOf(string content)
    {
        var fields = new Dictionary<string, string>();
        foreach (var tag in InputPattern().Matches(content).Select(match => match.Value))
        {
            if (Attribute(tag, "name") is not { } name || tag.Contains(" disabled", StringComparison.Ordinal)) continue;
            var type = Attribute(tag, "type");
            if (type is "submit" || (type is "checkbox" or "radio" && !tag.Contains(" checked", StringComparison.Ordinal))) continue;
            fields[name] = WebUtility.HtmlDecode(Attribute(tag, "value") ?? (type == "checkbox" ? "on" : ""));
        }
        foreach (Match select in SelectPattern().Matches(content))
        {
            var options = OptionPattern().Matches(select.Groups["content"].Value).Select(match => match.Value).ToList();
            if ((options.Find(option => option.Contains(" selected", StringComparison.Ordinal)) ?? options.FirstOrDefault()) is { } chosen)
                fields[select.Groups["name"].Value] = WebUtility.HtmlDecode(Attribute(chosen, "value") ?? "");
        }
        return fields;
    }

    private static string? Attribute(string tag, string name)
        => Regex.Match(tag, $" {name}=\"([^\"]*)\"", RegexOptions.None, TimeSpan.FromSeconds(1)) is { Success: true } match ? match.Groups[1].Value : null;

    [GeneratedRegex("<form(?<tag>[^>]*)>(?<content>.*?)</form>", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex FormPattern();

    [GeneratedRegex("<input[^>]*>", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex InputPattern();

    [GeneratedRegex("<select[^>]* name=\"(?<name>[^\"]*)\"[^>]*>(?<content>.*?)</select>", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SelectPattern();

    [GeneratedRegex("<option[^>]*>", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OptionPattern();

    internal sealed record Form(string Action, string Method, Dictionary<string, string> Fields);
}
