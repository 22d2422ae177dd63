using System.Net;
using AngleSharp.Html.Parser;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Approvals;

public sealed class LimitsPageTests
{
    [Fact, Trait("Requirement", "OX-07")]
    public async Task A_limit_that_is_set_after_the_agent_asked_leaves_no_yes_on_the_page()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        var approval = await client.AskAsync();
        var token = await FormTokenAsync(alice, approval.Page);
        await SetAsync(system, alice, new() { ["Trading"] = "on", ["LargestOrder"] = "700" }, HttpStatusCode.SeeOther);

        var page = await new HtmlParser().ParseDocumentAsync(await alice.ReadAsync(approval.Page));
        using var pressed = await alice.SendAsync(new(HttpMethod.Post, approval.Page) { Content = new FormUrlEncodedContent([new("__RequestVerificationToken", token), new("decision", "approve")]) });

        page.QuerySelector("main")!.TextContent.Should().Contain("Your limits do not allow this.").And.Contain("715.00 USD").And.Contain("700.00 USD");
        page.QuerySelectorAll(".decide button").Select(button => button.TextContent).Should().Equal("Deny", "Deny, and stop asking for an hour");
        pressed.StatusCode.Should().Be(HttpStatusCode.SeeOther);
        (await alice.ReadAsync(approval.Page)).Should().Contain("waiting for you");
        (await client.AskRawAsync(AskingAgent.Order(quantity: "20")))["limit"].Should().Be("largest_order");
    }

    [Fact, Trait("Requirement", "OX-07"), Trait("Requirement", "AS-17")]
    public async Task Limits_are_kept_as_they_were_written_and_what_is_used_today_is_shown()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        var approval = await client.AskAsync();
        await alice.SubmitAsync(approval.Page, "Approve");
        await client.PollAsync(approval);

        await SetAsync(system, alice, new() { ["Trading"] = "on", ["LargestOrder"] = "5,000.50", ["LargestDailyTotal"] = "10000", ["AllowedSymbols"] = "wayne, BRK.B", ["DeniedSymbols"] = "LEX" }, HttpStatusCode.SeeOther);

        var page = await new HtmlParser().ParseDocumentAsync(await alice.ReadAsync(Page(system)));
        page.QuerySelector("main")!.TextContent.Should().Contain("Used today: 715.00 USD");
        Value("LargestOrder").Should().Be("5000.50");
        Value("LargestDailyTotal").Should().Be("10000.00");
        Value("AllowedSymbols").Should().Be("BRK.B WAYNE");
        Value("DeniedSymbols").Should().Be("LEX");
        (await client.AskRawAsync(AskingAgent.Order("LEX")))["limit"].Should().Be("symbol_not_allowed");
        await SetAsync(system, alice, [], HttpStatusCode.SeeOther);
        (await client.AskRawAsync(AskingAgent.Order("LEX")))["limit"].Should().Be("trading_off");
        (await alice.ReadAsync(new Uri(system.Running.Authority.Url, "account"))).Should().Contain("trading is off");

        string? Value(string name) => page.QuerySelector($"input[name={name}]")!.GetAttribute("value");
    }

    [Fact, Trait("Requirement", "OX-07")]
    public async Task What_is_wrong_is_said_beside_its_field_and_nothing_changes()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        await AskingAgent.ConnectAsync(system, alice);
        await SetAsync(system, alice, new() { ["Trading"] = "on", ["LargestOrder"] = "100" }, HttpStatusCode.SeeOther);
        foreach (var (field, value) in new[]
        {
            ("LargestOrder", "-1"), ("LargestOrder", "1e9"), ("LargestOrder", "5.000"), ("LargestOrder", "abc"), ("LargestOrder", "99999999999999999"), ("LargestDailyTotal", "1,00"),
            ("AllowedSymbols", "WAYNE1"), ("AllowedSymbols", "<script>"), ("DeniedSymbols", new string('A', 5000)),
        })
        {
            var answer = await SetAsync(system, alice, new() { ["Trading"] = "on", [field] = value }, HttpStatusCode.BadRequest);
            answer.QuerySelector($"#{field}-mistake")!.TextContent.Should().NotBeEmpty("of {0}={1}", field, value);
            answer.QuerySelector($"input[name={field}]")!.GetAttribute("value").Should().Be(value, "nobody writes it twice");
        }
        var day = await SetAsync(system, alice, new() { ["Trading"] = "on", ["LargestOrder"] = "100", ["LargestDailyTotal"] = "50" }, HttpStatusCode.BadRequest);
        day.QuerySelector("#LargestDailyTotal-mistake")!.TextContent.Should().Contain("less than");
        var both = await SetAsync(system, alice, new() { ["Trading"] = "on", ["AllowedSymbols"] = "WAYNE", ["DeniedSymbols"] = "wayne" }, HttpStatusCode.BadRequest);
        both.QuerySelector("#DeniedSymbols-mistake")!.TextContent.Should().Contain("both lists");

        (await alice.ReadAsync(Page(system))).Should().Contain("value=\"100.00\"");
    }

    private static Uri Page(StockMcpSystem system) => new(system.Running.Authority.Url, "account/limits");

    private static async Task<string> FormTokenAsync(Person person, Uri page) => (await new HtmlParser().ParseDocumentAsync(await person.ReadAsync(page))).QuerySelector("main input[name=__RequestVerificationToken]")!.GetAttribute("value")!;

    private static async Task<AngleSharp.Html.Dom.IHtmlDocument> SetAsync(StockMcpSystem system, Person person, Dictionary<string, string> fields, HttpStatusCode expected)
    {
        fields["__RequestVerificationToken"] = await FormTokenAsync(person, Page(system));
        using var answer = await person.SendAsync(new(HttpMethod.Post, Page(system)) { Content = new FormUrlEncodedContent(fields) });
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.Should().Be(expected, text);
        return await new HtmlParser().ParseDocumentAsync(text);
    }
}
