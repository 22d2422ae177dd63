using System.Net;
using System.Text.Json;
using AngleSharp.Html.Parser;
using Microsoft.Extensions.DependencyInjection;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Database;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Approvals;

public sealed class ApprovalPageTests
{
    private static readonly object s_context = new { name = "Wayne Enterprises", effects = new[] { new { label = "Buying power", before = "10000.00 USD", after = "9285.00 USD" }, new { label = "WAYNE", before = "0", after = "10" } } };

    private static readonly JsonSerializerOptions s_asIs = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact, Trait("Requirement", "AP-01"), Trait("Requirement", "CB-06"), Trait("Requirement", "AS-10")]
    public async Task The_page_shows_all_terms_who_asks_and_the_same_code_as_the_app()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice, "Helper");
        var approval = await client.AskAsync(context: s_context, code: "K7M-2QX");

        using var response = await alice.SendAsync(new(HttpMethod.Get, approval.Page));
        var text = await response.Content.ReadAsStringAsync();
        var page = await new HtmlParser().ParseDocumentAsync(text);

        page.QuerySelector("h1")!.TextContent.Should().Be("BUY 10 WAYNE");
        page.QuerySelectorAll(".terms dt, .terms dd").Select(line => line.TextContent).Should().Equal(
            "Price", "Limit: the limit or better", "Limit", "71.50 USD a share or better", "Worth at most", "715.00 USD", "Stays open", "Until the trading day ends (day)", "Account", "PA1000001");
        page.QuerySelector(".code")!.TextContent.Should().Contain("same code").And.Contain("K7M-2QX");
        page.QuerySelector(".company")!.TextContent.Should().Contain("Wayne Enterprises").And.Contain("as the app's server says");
        page.QuerySelector(".effects")!.TextContent.Should().Contain("as the app's server says").And.Contain("Buying power").And.Contain("9285.00 USD");
        page.QuerySelector(".asker")!.TextContent.Should().Contain("Helper").And.Contain("http://localhost").And.Contain("Nobody has checked this app");
        page.QuerySelector("[data-left]")!.TextContent.Should().MatchRegex("^[0-9] min [0-9]+ s$");
        page.QuerySelectorAll(".decide button").Select(button => button.TextContent).Should().Equal("Approve", "Deny", "Deny, and stop asking for an hour");
        page.QuerySelectorAll("script:not([src]), [style], [onclick], style").Should().BeEmpty();
        response.Headers.GetValues("Content-Security-Policy").Single().Should().Contain("script-src 'self'").And.Contain("connect-src 'self'").And.NotContain("unsafe");
        response.Headers.CacheControl!.NoStore.Should().BeTrue();
    }

    [Theory, Trait("Requirement", "AP-01")]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("\u202EEMAN\u202C and \u2066hidden\u2069 \u200Btext\u0000")]
    [InlineData("long")]
    [InlineData("marks")]
    public async Task Strangers_text_cannot_change_the_page(string name)
    {
        if (name == "long") name = new string('W', 3000);
        if (name == "marks") name = "Z" + string.Concat(Enumerable.Repeat("\u0353", 1500));
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice, name.Length < 100 ? "Agent " + name.Replace("\0", "", StringComparison.Ordinal) : null);
        var context = new { name, effects = new[] { new { label = name.Length > 100 ? name[..400] : name, before = "<b>1</b>", after = "2" } } };
        var json = JsonSerializer.Serialize(context, s_asIs);
        var approval = await client.AskAsync(context: json);

        var text = await alice.ReadAsync(approval.Page);
        var page = await new HtmlParser().ParseDocumentAsync(text);

        page.QuerySelector("h1")!.TextContent.Should().Be("BUY 10 WAYNE");
        page.QuerySelectorAll("script").Should().OnlyContain(script => script.HasAttribute("src"));
        page.QuerySelectorAll(".effects b").Should().BeEmpty();
        text.Should().NotContain("\u202E").And.NotContain("\u2066").And.NotContain("\u200B");
        page.QuerySelector(".company")!.TextContent.Length.Should().BeLessThan(300);
        page.QuerySelectorAll(".decide button").Select(button => button.TextContent).Should().Contain("Approve");
    }

    [Fact, Trait("Requirement", "AP-03")]
    public async Task A_yes_gives_one_token_and_the_page_follows_it_to_the_order()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        alice.SecFetchSite = "same-origin";
        var client = await AskingAgent.ConnectAsync(system, alice);
        var approval = await client.AskAsync();

        await alice.SubmitAsync(approval.Page, "Approve");

        (await MainAsync(alice, approval.Page)).Should().Contain("You approved this").And.Contain("Take it back");
        var token = await client.PollAsync(approval);
        token.Status.Should().Be(HttpStatusCode.OK, token.ToString());
        (await MainAsync(alice, approval.Page)).Should().Contain("being placed").And.NotContain("Take it back");
        await client.ReportAsync(approval, new { status = "placed", order_id = "904837e3", order_status = "filled", filled_quantity = "10", filled_price = "71.40" });
        (await MainAsync(alice, approval.Page)).Should().Contain("The order was placed").And.Contain("904837e3").And.Contain("filled").And.Contain("71.40");
        (await MainAsync(alice, List(system))).Should().Contain("BUY 10 WAYNE").And.Contain("placed").And.Contain("Nothing waits for you");
    }

    [Fact, Trait("Requirement", "AP-03")]
    public async Task Twice_from_two_tabs_and_after_a_no_there_is_one_decision_and_the_page_says_which()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        var (first, second) = (await client.AskAsync(), await client.AskAsync(AskingAgent.Order(quantity: "11")));
        var tabs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => FormAsync(alice, first.Page)));
        var late = await FormAsync(alice, second.Page);

        await Task.WhenAll(tabs.Select((form, number) => PressAsync(alice, first.Page, form, number % 2 == 0 ? "approve" : "deny")));
        await PressAsync(alice, second.Page, late, "deny");
        await PressAsync(alice, second.Page, late, "approve");

        Decisions(system, first.Id).Should().Be(1);
        Decisions(system, second.Id).Should().Be(1);
        (await MainAsync(alice, second.Page)).Should().Contain("You said no. Nothing was placed.");
        (await client.PollAsync(second))["error"].Should().Be("access_denied");
    }

    [Fact, Trait("Requirement", "AP-03")]
    public async Task After_its_time_nothing_can_be_approved_and_the_page_says_so()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        var approval = await client.AskAsync(seconds: 60);
        var form = await FormAsync(alice, approval.Page);
        clock.Advance(TimeSpan.FromSeconds(61));

        (await MainAsync(alice, approval.Page)).Should().Contain("The time to decide is over. Nothing was placed.").And.NotContain("Approve");
        await PressAsync(alice, approval.Page, form, "approve");

        Decisions(system, approval.Id).Should().Be(0);
        (await client.PollAsync(approval))["error"].Should().Be("expired_token");
    }

    [Fact, Trait("Requirement", "AP-02")]
    public async Task Another_person_a_stolen_link_and_a_forged_form_see_and_decide_nothing()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        await (await TestAgent.RegisterAsync(system)).ConnectAsync(bob);
        var approval = await client.AskAsync();
        var (alices, bobs) = (await FormAsync(alice, approval.Page), await FormAsync(bob, List(system)));

        using var seen = await bob.SendAsync(new(HttpMethod.Get, approval.Page));
        using var pressed = await bob.SendAsync(Press(approval.Page, bobs, "approve"));
        using var withAlicesForm = await bob.SendAsync(Press(approval.Page, alices, "approve"));
        using var stranger = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        using var stolen = await stranger.GetAsync(approval.Page);
        using var stolenPress = await stranger.SendAsync(Press(approval.Page, alices, "approve"));
        using var withoutForm = await alice.SendAsync(Press(approval.Page, "", "approve"));
        alice.SecFetchSite = "cross-site";
        using var crossSite = await alice.SendAsync(Press(approval.Page, alices, "approve"));
        alice.SecFetchSite = "same-site";
        using var sameSite = await alice.SendAsync(Press(approval.Page, alices, "approve"));
        alice.SecFetchSite = null;
        var elsewhere = Press(approval.Page, alices, "approve");
        elsewhere.Headers.Add("Origin", "https://evil.example");
        using var otherOrigin = await alice.SendAsync(elsewhere);

        seen.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await seen.Content.ReadAsStringAsync()).Should().NotContain("WAYNE").And.NotContain("715").And.NotContain(client.Agent.ClientId);
        new[] { pressed, withAlicesForm, withoutForm, crossSite, sameSite, otherOrigin }.Should().OnlyContain(response => response.StatusCode == HttpStatusCode.Forbidden);
        new[] { stolen, stolenPress }.Should().OnlyContain(response => response.Headers.Location!.AbsolutePath == "/sign-in");
        (await bob.StatusAsync(new Uri(system.Running.Authority.Url, $"approvals/{Guid.Empty}"))).Should().Be(HttpStatusCode.Forbidden, "one that does not exist answers alike");
        State(system, approval.Id).Should().Be(ApprovalState.Pending);
    }

    [Fact, Trait("Requirement", "AP-02")]
    public async Task Looking_decides_nothing_and_neither_does_a_token()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        var approval = await client.AskAsync();
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });

        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head, HttpMethod.Options, HttpMethod.Put })
        {
            using var answer = await alice.SendAsync(new(method, new Uri(approval.Page, $"{approval.Page.AbsolutePath}?decision=approve")));
            State(system, approval.Id).Should().Be(ApprovalState.Pending, "of {0}", method);
        }
        foreach (var token in new[] { client.Tokens.AccessToken, approval.AuthReqId })
        {
            using var request = Press(approval.Page, "", "approve");
            request.Headers.Authorization = new("Bearer", token);
            using var answer = await http.SendAsync(request);
            ((int)answer.StatusCode).Should().BeInRange(300, 499);
        }
        // The agent's own client cannot come for it either.
        (await client.Agent.TokenAsync(("grant_type", "urn:openid:params:grant-type:ciba"), ("auth_req_id", approval.AuthReqId))).Status.Should().NotBe(HttpStatusCode.OK);
        State(system, approval.Id).Should().Be(ApprovalState.Pending);
    }

    [Fact, Trait("Requirement", "AP-02")]
    public async Task Who_signed_in_a_while_ago_proves_who_they_are_and_decides_only_then()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        for (var minutes = 0; minutes < 16; minutes += 8)
        {
            clock.Advance(TimeSpan.FromMinutes(8));
            await alice.ReadAsync(List(system)); // goes on using the page
        }
        var approval = await client.AskAsync();

        (await MainAsync(alice, approval.Page)).Should().Contain("Gotham Brokerage asks for your password").And.NotContain("Approve");
        using var stale = await alice.SendAsync(Press(approval.Page, await FormAsync(alice, approval.Page), "approve"));
        stale.StatusCode.Should().Be(HttpStatusCode.SeeOther);
        stale.Headers.Location!.GetLeftPart(UriPartial.Authority).Should().Be(system.Running.Brokerage.Url.GetLeftPart(UriPartial.Authority));
        State(system, approval.Id).Should().Be(ApprovalState.Pending);
        await alice.GoAsync(stale.Headers.Location, url => url.AbsolutePath == approval.Page.AbsolutePath);
        State(system, approval.Id).Should().Be(ApprovalState.Pending, "signing in decides nothing");
        system.Brokerage.Requests.Count(request => request.Path == "/sign-in" && request.Method == "POST").Should().Be(2);
        await alice.SubmitAsync(approval.Page, "Approve");

        State(system, approval.Id).Should().Be(ApprovalState.Approved);
    }

    [Fact, Trait("Requirement", "AP-02")]
    public async Task Somebody_else_who_comes_back_from_the_password_does_not_get_in()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        using (var bobsOwn = Person.Bob(system)) await (await TestAgent.RegisterAsync(system)).ConnectAsync(bobsOwn);
        var client = await AskingAgent.ConnectAsync(system, alice);
        for (var minutes = 0; minutes < 16; minutes += 8)
        {
            clock.Advance(TimeSpan.FromMinutes(8));
            await alice.ReadAsync(List(system));
        }
        var approval = await client.AskAsync();
        using var again = await alice.SendAsync(Press(approval.Page, await FormAsync(alice, approval.Page), "approve"));
        using var bob = alice.As("bob");

        var callback = await bob.GoAsync(again.Headers.Location!, url => url.AbsolutePath == "/callback/brokerage");
        using var response = await bob.SendAsync(new(HttpMethod.Get, callback));

        response.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await response.Content.ReadAsStringAsync()).Should().Contain("You are somebody else");
        (await MainAsync(alice, approval.Page)).Should().Contain("asks for your password");
        State(system, approval.Id).Should().Be(ApprovalState.Pending);
    }

    [Fact, Trait("Requirement", "AP-03"), Trait("Requirement", "AS-17")]
    public async Task A_yes_is_taken_back_before_it_is_used()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        var approval = await client.AskAsync();
        await alice.SubmitAsync(approval.Page, "Approve");

        await alice.SubmitAsync(approval.Page, "Take it back");

        (await MainAsync(alice, approval.Page)).Should().Contain("You took your approval back. Nothing was placed.");
        (await client.PollAsync(approval))["error"].Should().Be("access_denied");
    }

    [Fact, Trait("Requirement", "AP-04"), Trait("Requirement", "AS-17")]
    public async Task An_agent_that_is_told_to_stop_asking_stops()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        var approval = await client.AskAsync();
        (await MainAsync(alice, new Uri(system.Running.Authority.Url, "account"))).Should().Contain("1 waiting");

        await alice.SubmitAsync(approval.Page, "Deny, and stop asking");

        (await client.AskRawAsync(AskingAgent.Order(quantity: "1")))["limit"].Should().Be("asking_stopped");
        (await MainAsync(alice, new Uri(system.Running.Authority.Url, "account"))).Should().NotContain("waiting");
    }

    private static Uri List(StockMcpSystem system) => new(system.Running.Authority.Url, "approvals");

    private static async Task<string> MainAsync(Person person, Uri url) => (await new HtmlParser().ParseDocumentAsync(await person.ReadAsync(url))).QuerySelector("main")!.TextContent;

    private static async Task<string> FormAsync(Person person, Uri url) => (await new HtmlParser().ParseDocumentAsync(await person.ReadAsync(url))).QuerySelector("main input[name=__RequestVerificationToken]")!.GetAttribute("value")!;

    private static HttpRequestMessage Press(Uri page, string formToken, string decision)
        => new(HttpMethod.Post, page) { Content = new FormUrlEncodedContent([new("__RequestVerificationToken", formToken), new("decision", decision)]) };

    private static async Task PressAsync(Person person, Uri page, string formToken, string decision)
    {
        using var response = await person.SendAsync(Press(page, formToken, decision));
        response.StatusCode.Should().Be(HttpStatusCode.SeeOther, await response.Content.ReadAsStringAsync());
        response.Headers.Location!.OriginalString.Should().Be(page.AbsolutePath);
    }

    private static ApprovalState State(StockMcpSystem system, Guid id)
    {
        using var scope = system.Running.Authority.Services.CreateScope();
        return scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<Approval>().Single(approval => approval.Id == id).State;
    }

    private static int Decisions(StockMcpSystem system, Guid id)
    {
        using var scope = system.Running.Authority.Services.CreateScope();
        var text = id.ToString();
        return scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<AuditEntry>().Count(entry => entry.Approval == text && entry.Event == AuditEvents.ApprovalDecided);
    }
}
