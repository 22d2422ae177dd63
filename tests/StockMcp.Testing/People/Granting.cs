using System.Net;
using System.Text.RegularExpressions;
using AngleSharp.Html.Parser;
using StockMcp.Testing.Harness;

namespace StockMcp.Testing.People;

/// <summary>What a person does on the pages of mandates.</summary>
internal static partial class Granting
{
    /// <summary>The fields of a mandate to buy WAYNE: 500.00 an order, 1000.00 a day, 2000.00 in all.</summary>
    public static Dictionary<string, string> Bounds(string agent) => new()
    {
        ["Agent"] = agent,
        ["Symbols"] = "WAYNE",
        ["Buys"] = "on",
        ["LargestOrder"] = "500",
        ["DailyBudget"] = "1000",
        ["Budget"] = "2000",
        ["HighestPrice"] = "",
        ["LowestPrice"] = "",
        ["Accounts"] = "",
        ["Until"] = TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(60).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture),
    };

    /// <summary>Grants a mandate: writes it, and presses the button of the page that reads it back.</summary>
    /// <returns>Its id.</returns>
    public static async Task<Guid> GrantAsync(this Person person, StockMcpSystem system, string agent, Action<Dictionary<string, string>>? change = null)
    {
        var fields = Bounds(agent);
        change?.Invoke(fields);
        var (status, page, left) = await person.WriteMandateAsync(system, fields, "grant");
        status.Should().Be(HttpStatusCode.SeeOther, page);
        return Guid.Parse(left!.Fragment[1..]);
    }

    /// <summary>Sends the form.</summary>
    public static async Task<(HttpStatusCode Status, string Page, Uri? Left)> WriteMandateAsync(this Person person, StockMcpSystem system, Dictionary<string, string> fields, string step)
    {
        var url = new Uri(system.Running.Authority.Url, "account/mandates/new");
        var token = (await new HtmlParser().ParseDocumentAsync(await person.ReadAsync(url))).QuerySelector("main input[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        using var answer = await person.SendAsync(new(HttpMethod.Post, url) { Content = new FormUrlEncodedContent(new Dictionary<string, string>(fields) { ["__RequestVerificationToken"] = token, ["step"] = step }) });
        var location = answer.Headers.Location;
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(), location is null ? null : new Uri(url, location));
    }

    /// <summary>Ends a mandate.</summary>
    public static Task EndMandateAsync(this Person person, StockMcpSystem system, Guid id)
        => person.SubmitAsync(new Uri(system.Running.Authority.Url, "account/mandates"), "End this mandate", form => form.QuerySelector("input[name=mandate]")?.GetAttribute("value") == id.ToString());

    /// <summary>What a page says is left of mandates: in all, one after the other.</summary>
    public static async Task<IReadOnlyList<string>> LeftAsync(this Person person, StockMcpSystem system)
        => [.. Left().Matches(await person.ReadAsync(new Uri(system.Running.Authority.Url, "account/mandates"))).Select(match => match.Groups["left"].Value)];

    [GeneratedRegex(@"<span>(?<left>[0-9,.]+ of [0-9,.]+) USD left", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Left();
}
