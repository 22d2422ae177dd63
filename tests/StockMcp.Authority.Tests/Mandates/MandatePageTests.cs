using System.Net;
using System.Text.Json;
using AngleSharp.Html.Parser;
using Microsoft.AspNetCore.WebUtilities;
using StockMcp.Authority.Tests.Backchannel;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Mandates;

/// <summary>How a mandate is granted: on the account's pages, and where an agent asks for it.</summary>
public sealed class MandatePageTests(SharedSystem shared)
{
    private const string Scopes = "portfolio:read orders:read orders:write";

    private static Dictionary<string, object> Bounds() => new()
    {
        ["type"] = "stock_trading_mandate",
        ["symbols"] = new[] { "WAYNE", "ACME" },
        ["sides"] = new[] { "buy", "sell" },
        ["largest_order"] = "200.00",
        ["daily_budget"] = "400.00",
        ["budget"] = "800.00",
        ["lowest_price"] = "60.00",
        ["currency"] = "USD",
        ["expires_at"] = TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(20).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
    };

    [Fact, Trait("Requirement", "AP-01")]
    public async Task It_is_read_back_in_words_before_it_is_granted()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var fields = Granting.Bounds(client.Agent);
        (fields["Sells"], fields["Symbols"], fields["LowestPrice"], fields["HighestPrice"], fields["Accounts"]) = ("on", "wayne, acme", "60.5", "95", "PA7");

        var (status, page, _) = await alice.WriteMandateAsync(system, fields, "review");

        status.Should().Be(HttpStatusCode.OK);
        page.Should().Contain("BUY AND SELL ACME, WAYNE WITHIN 2000.00 USD").And.Contain("at most 500.00 USD").And.Contain("at most 1000.00 USD").And.Contain("at a limit of 60.50 USD a share or more").And.Contain("at 95.00 USD a share or less")
            .And.Contain("PA7").And.Contain("23:59 UTC").And.Contain(client.Agent).And.Contain("Test agent").And.Contain("It will not ask you again");
        (await alice.WriteMandateAsync(system, fields, "change")).Page.Should().Contain("value=\"wayne, acme\"");
    }

    [Theory, Trait("Requirement", "OX-07")]
    [InlineData("Agent", "somebody-else", "Agent")]
    [InlineData("Symbols", "", "Symbols")]
    [InlineData("Symbols", "WAYNE1", "Symbols")]
    [InlineData("Buys", null, "Buys")]
    [InlineData("LargestOrder", "", "LargestOrder")]
    [InlineData("LargestOrder", "0", "LargestOrder")]
    [InlineData("LargestOrder", "-5", "LargestOrder")]
    [InlineData("LargestOrder", "1000.01", "DailyBudget")]
    [InlineData("DailyBudget", "2000.01", "Budget")]
    [InlineData("Budget", "1e9", "Budget")]
    [InlineData("Sells", "on", "LowestPrice")]
    [InlineData("LowestPrice", "5", "LowestPrice")]
    [InlineData("HighestPrice", "0", "HighestPrice")]
    [InlineData("Accounts", "<script>", "Accounts")]
    [InlineData("Until", "2020-01-01", "Until")]
    [InlineData("Until", "2999-01-01", "Until")]
    [InlineData("Until", "soon", "Until")]
    public async Task What_is_wrong_is_said_beside_its_field_and_nothing_is_granted(string field, string? value, string beside)
    {
        var system = await shared.GetAsync();
        using var bob = Person.Bob(system);
        var client = await BackchannelClient.ConnectAsync(system, bob);
        var fields = Granting.Bounds(client.Agent);
        if (value is null) fields.Remove(field);
        else fields[field] = value;

        var (status, page, _) = await bob.WriteMandateAsync(system, fields, "grant");

        status.Should().Be(HttpStatusCode.BadRequest, page);
        (await new HtmlParser().ParseDocumentAsync(page)).QuerySelector($"#{beside}-mistake")!.TextContent.Should().NotBeEmpty();
    }

    [Fact, Trait("Requirement", "AP-02")]
    public async Task It_is_granted_by_a_form_of_ours_and_in_a_fresh_session_alone()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var url = new Uri(system.Running.Authority.Url, "account/mandates/new");
        using (var forged = await alice.SendAsync(new(HttpMethod.Post, url) { Content = new FormUrlEncodedContent(new Dictionary<string, string>(Granting.Bounds(client.Agent)) { ["step"] = "grant" }) }))
            forged.StatusCode.Should().Be(HttpStatusCode.Forbidden);

        for (var time = 0; time < 2; time++)
        {
            clock.Advance(TimeSpan.FromMinutes(8));
            await alice.ReadAsync(new Uri(system.Running.Authority.Url, "account/mandates")); // goes on using the page
        }
        var (status, _, left) = await alice.WriteMandateAsync(system, Granting.Bounds(client.Agent), "grant");

        status.Should().Be(HttpStatusCode.SeeOther);
        left!.GetLeftPart(UriPartial.Authority).Should().Be(system.Running.Brokerage.Url.GetLeftPart(UriPartial.Authority), "who they are is asked again");
        (await alice.LeftAsync(system)).Should().BeEmpty();
        var back = await alice.GoAsync(left, next => next.AbsolutePath == "/account/mandates/new");
        QueryHelpers.ParseQuery(back.Query)["Budget"].ToString().Should().Be("2000", "nobody writes it twice");
        await alice.GrantAsync(system, client.Agent);
    }

    [Fact, Trait("Requirement", "CB-04"), Trait("Requirement", "AS-16")]
    public async Task An_agent_asks_for_it_with_a_pushed_request_and_the_person_ticks_it_or_not()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var flow = agent.Flow(Scopes);

        var without = await RedeemAsync(agent, flow, await alice.AuthorizeAsync(await PushAsync(system, agent, flow, Bounds())));
        (await alice.LeftAsync(system)).Should().BeEmpty("it comes without a tick");
        var page = alice.Pages.Last(seen => seen.Contains("It also asks to trade", StringComparison.Ordinal));
        flow = agent.Flow(Scopes);
        var with = await RedeemAsync(agent, flow, await alice.AuthorizeAsync(await PushAsync(system, agent, flow, Bounds()), ConsentAnswer.And("authorization_details")));

        page.Should().Contain("at most 200.00 USD").And.Contain("at most 800.00 USD").And.Contain("Buy and sell").And.Contain("WAYNE, ACME").And.Contain("without asking me each time");
        without.Body.TryGetProperty("authorization_details", out _).Should().BeFalse();
        with.Body.GetProperty("authorization_details")[0].GetProperty("mandate_id").GetString().Should().NotBeNull();
        with.Body.GetProperty("authorization_details")[0].GetProperty("agent").GetString().Should().Be(agent.ClientId);
        (await alice.LeftAsync(system)).Should().Equal("800.00 of 800.00");
        var client = new BackchannelClient(system, new Microsoft.IdentityModel.JsonWebTokens.JsonWebToken(with["access_token"]).Subject, agent.ClientId);
        (await client.AskAsync(BackchannelClient.Order("2", "90.00", "180.00")))["mandate_id"].Should().NotBeNull();
    }

    [Fact, Trait("Requirement", "CB-04")]
    public async Task What_a_browser_brings_or_nobody_could_grant_is_refused()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var flow = agent.Flow(Scopes);
        var back = await alice.AuthorizeAsync(new Uri(QueryHelpers.AddQueryString(flow.AuthorizationUrl.AbsoluteUri, "authorization_details", JsonSerializer.Serialize(new[] { Bounds() }))));
        QueryHelpers.ParseQuery(back.Query)["error"].ToString().Should().Be("invalid_request");

        foreach (var (what, change) in new (string, Action<Dictionary<string, object>>)[]
        {
            ("another agent", bounds => bounds["agent"] = "somebody-else"), ("an id", bounds => bounds["mandate_id"] = Guid.NewGuid().ToString()), ("an unknown field", bounds => bounds["x"] = "y"), ("a number", bounds => bounds["budget"] = 800),
            ("no budget", bounds => bounds.Remove("budget")), ("a sale without a floor", bounds => bounds.Remove("lowest_price")), ("no symbol", bounds => bounds["symbols"] = Array.Empty<string>()), ("a day above all", bounds => bounds["daily_budget"] = "900.00"),
            ("a past end", bounds => bounds["expires_at"] = "2020-01-01T00:00:00Z"), ("no such day", bounds => bounds["expires_at"] = "2027-02-31T00:00:00Z"), ("an order", bounds => bounds["type"] = "stock_order"),
        })
        {
            var bounds = Bounds();
            change(bounds);
            (await PushRawAsync(system, flow, bounds))["error"].Should().Be("invalid_authorization_details", what);
        }
        var client = await BackchannelClient.ConnectAsync(system, alice);
        (await client.AskAsync(null, ("authorization_details", JsonSerializer.Serialize(new[] { new Dictionary<string, object>(Bounds()) { ["agent"] = client.Agent } }))))["error"].Should().Be("invalid_authorization_details", "no tap on a request of the moment grants one");
    }

    private static async Task<Uri> PushAsync(StockMcpSystem system, TestAgent agent, CodeFlow flow, Dictionary<string, object> bounds)
    {
        var pushed = await PushRawAsync(system, flow, bounds);
        pushed.Status.Should().Be(HttpStatusCode.Created, pushed.ToString());
        return new Uri(QueryHelpers.AddQueryString(new Uri(TestAgent.Issuer(system), "connect/authorize").AbsoluteUri, new Dictionary<string, string?> { ["client_id"] = agent.ClientId, ["request_uri"] = pushed["request_uri"] }));
    }

    private static async Task<JsonAnswer> PushRawAsync(StockMcpSystem system, CodeFlow flow, Dictionary<string, object> bounds)
    {
        var parameters = QueryHelpers.ParseQuery(flow.AuthorizationUrl.Query).ToDictionary(pair => pair.Key, pair => pair.Value.ToString());
        parameters["authorization_details"] = JsonSerializer.Serialize(new[] { bounds });
        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(system) };
        using var body = new FormUrlEncodedContent(parameters);
        return await TestAgent.ReadAsync(await http.PostAsync("connect/par", body));
    }

    private static async Task<JsonAnswer> RedeemAsync(TestAgent agent, CodeFlow flow, Uri back)
    {
        var answer = await agent.TokenAsync(("grant_type", "authorization_code"), ("code", flow.CodeOf(back)), ("redirect_uri", TestAgent.Loopback.AbsoluteUri), ("code_verifier", flow.Verifier));
        answer.Status.Should().Be(HttpStatusCode.OK, answer.ToString());
        return answer;
    }
}
