using System.Text.Json;
using Microsoft.AspNetCore.Http;
using StockMcp.Server.Tests.Fixture;
using StockMcp.Testing.Harness;

namespace StockMcp.Server.Tests.Providers;

/// <summary>
/// Orders where another vendor's authorization server asks the person: OpenID CIBA Core in poll mode with authorization details, by the settings of docs/providers/auth0.server.json. The
/// requests and answers have the shapes of Auth0's public documentation.
/// </summary>
public sealed class StandardApprovalTests
{
    private const string Ciba = "urn:openid:params:grant-type:ciba";

    [Fact, Trait("Requirement", "OX-02"), Trait("Requirement", "OX-04")]
    public async Task Auth0_is_asked_in_its_own_form_and_the_yes_becomes_one_order()
    {
        await using var auth0 = await StartAuth0Async();
        await using var system = await StartAsync(auth0);

        var placed = await PlaceAsync(system, auth0);

        placed.Status().Should().Be("placed", placed.Text);
        var asked = auth0.AskedPeople.Should().ContainSingle().Subject;
        JsonDocument.Parse(asked["login_hint"]).RootElement.ToString().Should().Be($$"""{"format":"iss_sub","iss":"{{auth0.Issuer}}","sub":"auth0|1"}""");
        asked.Should().Contain("scope", "openid orders:write").And.Contain("resource", ServerCopy.Resource).And.Contain("requested_expiry", "300").And.Contain("binding_message", placed.Content["code"]!.GetValue<string>());
        asked["authorization_details"].Should().Contain("\"max_total\":\"1000.00\"");
        asked.Keys.Should().NotContain("request_context", "nothing is sent that no standard knows");
        auth0.Asked.Last().Should().Contain("subject_token", "the-token-of-the-yes").And.Contain("connection", "my-broker");
        var posted = system.Brokerage!.Gate.Posts.Should().ContainSingle().Subject;
        placed.Content["order"]!["client_order_id"]!.GetValue<string>().Should().Be($"stockmcp-{Guid.Parse(placed.Content["approval_id"]!.GetValue<string>()):N}");
        posted.Should().NotBeNull();
    }

    [Theory, Trait("Requirement", "OX-02")]
    [InlineData("access_denied", "denied", null)]
    [InlineData("expired_token", "expired", null)]
    [InlineData("invalid_grant", "not_placed", "approval_lost")]
    [InlineData("other_terms", "not_placed", "approval_differs")]
    [InlineData("no_terms", "not_placed", "approval_differs")]
    [InlineData("other_person", "not_placed", "approved_by_another")]
    [InlineData("other_client", "not_placed", "approved_by_another")]
    [InlineData("nobody", "not_placed", "approved_by_another")]
    public async Task Without_a_yes_to_exactly_its_terms_nothing_is_ordered(string answer, string status, string? reason)
    {
        await using var auth0 = await StartAuth0Async();
        await using var system = await StartAsync(auth0);
        auth0.Answer = form => form["grant_type"] != Ciba ? Upstream(system, auth0) : answer switch
        {
            "other_terms" => Yes(auth0, auth0.AskedPeople.Last()["authorization_details"].Replace("1000.00", "9000.00", StringComparison.Ordinal)),
            "no_terms" => Yes(auth0, null),
            "other_person" => Yes(auth0, auth0.AskedPeople.Last()["authorization_details"], idToken: IdToken(auth0, "auth0|2")),
            "other_client" => Yes(auth0, auth0.AskedPeople.Last()["authorization_details"], idToken: IdToken(auth0, "auth0|1", "another-client")),
            "nobody" => Yes(auth0, auth0.AskedPeople.Last()["authorization_details"], idToken: ""),
            _ => Results.Json(new { error = answer }, statusCode: 403),
        };

        var ended = await system.Server.CallAsync(Trader(auth0), "place_order", Ordering.Limit());

        ended.Status().Should().Be(status, ended.Text);
        ended.Content["reason"]?.GetValue<string>().Should().Be(reason);
        ended.Content["money_may_have_moved"]!.GetValue<bool>().Should().BeFalse();
        system.Brokerage!.Gate.Posts.Should().BeEmpty();
    }

    [Theory]
    [InlineData("unknown_user_id", "authorization_refused")]
    [InlineData("access_denied", "authorization_refused")]
    [InlineData("unauthorized_client", "authorization_refused")]
    [InlineData("invalid_authorization_details", "upstream_refused")]
    [InlineData("slow_down", "too_many_requests")]
    [InlineData("something_else", "upstream_answer_invalid")]
    public async Task Who_cannot_be_asked_is_said_in_words_and_not_in_the_providers(string error, string code)
    {
        await using var auth0 = await StartAuth0Async();
        await using var system = await StartAsync(auth0);
        auth0.AnswerToAsking = _ => Results.Json(new { error, error_description = "AUTH0-INTERNAL" }, statusCode: 400);

        var refused = await system.Server.CallAsync(Trader(auth0), "place_order", Ordering.Limit());

        (refused.IsError, refused.Code).Should().Be((true, code));
        refused.Text.Should().NotContain("AUTH0-INTERNAL").And.Contain("no money has moved");
    }

    [Fact, Trait("Requirement", "OX-04")]
    public async Task A_lost_answer_is_not_asked_for_again()
    {
        await using var auth0 = await StartAuth0Async();
        await using var system = await StartAsync(auth0);
        auth0.AnswerToAsking = _ => Results.StatusCode(StatusCodes.Status502BadGateway);

        var refused = await system.Server.CallAsync(Trader(auth0), "place_order", Ordering.Limit());

        refused.Code.Should().Be("upstream_unavailable");
        auth0.AskedPeople.Should().ContainSingle("two questions in front of a person could become two orders");
    }

    [Fact, Trait("Requirement", "OX-05")]
    public async Task Every_copy_tells_how_a_request_stands_its_own_person_and_agent_alone()
    {
        await using var auth0 = await StartAuth0Async();
        await using var system = await StartAsync(auth0, copies: 2, redis: true);
        var pending = await PlaceAsync(system, auth0, answer: "authorization_pending", wait: 0);
        var id = new { approval_id = pending.Content["approval_id"]!.GetValue<string>() };

        (await system[1].CallAsync(Trader(auth0), "get_order_approval", id)).Status().Should().Be("approval_pending");
        (await system[1].CallAsync(Trader(auth0, "auth0|2"), "get_order_approval", id)).Code.Should().Be("not_found");
        (await system[0].CallAsync(Trader(auth0, client: "another-agent"), "get_order_approval", id)).Code.Should().Be("not_found");
        (await system[1].CallAsync(Trader(auth0), "place_order", Ordering.Limit(wait: 0))).Content["approval_id"]!.GetValue<string>().Should().Be(id.approval_id, "the same order while it is pending is the same request");
        auth0.Answer = Answers(system, auth0, null);
        var ended = await system[1].CallAsync(Trader(auth0), "wait_for_order_approval", new { id.approval_id, wait_seconds = 25 });

        ended.Status().Should().Be("placed", ended.Text);
        auth0.AskedPeople.Should().ContainSingle();
        system.Brokerage!.Gate.Posts.Should().ContainSingle();
    }

    [Fact, Trait("Requirement", "OX-04")]
    public async Task An_id_of_the_agents_own_is_one_request_on_all_copies_and_of_one_order()
    {
        await using var auth0 = await StartAuth0Async();
        await using var system = await StartAsync(auth0, copies: 2, redis: true);
        auth0.Answer = Answers(system, auth0, null);
        object Order(string quantity) => new { symbol = "WAYNE", side = "buy", quantity, order_type = "limit", limit_price = "500", wait_seconds = 25, request_id = "order-of-today" };

        var results = await Task.WhenAll(system[0].CallAsync(Trader(auth0), "place_order", Order("2")), system[1].CallAsync(Trader(auth0), "place_order", Order("2")));
        var other = await system[1].CallAsync(Trader(auth0), "place_order", Order("3"));

        results.Select(result => result.Status()).Should().AllBe("placed");
        results.Select(result => result.Content["approval_id"]!.GetValue<string>()).Distinct().Should().ContainSingle();
        (other.Code, other.Content["error"]!["argument"]!.GetValue<string>()).Should().Be(("invalid_argument", "request_id"));
        auth0.AskedPeople.Should().ContainSingle();
        system.Brokerage!.Gate.Posts.Should().ContainSingle();
    }

    [Fact, Trait("Requirement", "OX-05")]
    public async Task What_a_dead_copy_leaves_behind_is_never_ordered_and_says_so_in_the_end()
    {
        var clock = new ShiftedClock();
        await using var auth0 = await StartAuth0Async();
        await using var system = await StartAsync(auth0, copies: 2, redis: true, clock: clock);
        var pending = await PlaceAsync(system, auth0, answer: "authorization_pending", wait: 0);
        await system[0].KillAsync();
        auth0.Answer = Answers(system, auth0, null);

        clock.Advance(TimeSpan.FromMinutes(6));
        var ended = await system[1].CallAsync(Trader(auth0, at: clock), "get_order_approval", new { approval_id = pending.Content["approval_id"]!.GetValue<string>() });

        ended.Status().Should().Be("expired", ended.Text);
        system.Brokerage!.Gate.Posts.Should().BeEmpty();
    }

    [Theory]
    [InlineData("Authority:ApprovalsApi", "https://authority.example.com/approvals/v1", "Authority:ApprovalsApi to an empty text")]
    [InlineData("Authority:ApprovalsPage", "http://op.example.com/approvals", "absolute https URL")]
    public async Task Settings_that_do_not_go_together_are_refused_at_the_start(string name, string value, string says)
    {
        await using var auth0 = await StartAuth0Async();

        var start = async () => { await using var system = await StartAsync(auth0, settings: (name, value)); };

        (await start.Should().ThrowAsync<Microsoft.Extensions.Options.OptionsValidationException>()).WithMessage($"*{says}*");
    }

    private static async Task<ForeignProvider> StartAuth0Async() => await ForeignProvider.StartAsync("/", "/oauth/token");

    private static async Task<TestSystem> StartAsync(ForeignProvider auth0, int copies = 1, bool redis = false, TimeProvider? clock = null, params (string Key, string? Value)[] settings)
    {
        var system = await TestSystem.StartAsync(copies: copies, redis: redis, time: clock, settings: [.. auth0.Settings("auth0.server.json", "https://YOUR_TENANT.us.auth0.com"), ("Authority:ClientSecret", "the-servers-own-secret"), .. settings]);
        system.Brokerage!.Gate.KnowsNoDetails = true;
        auth0.Answer = Answers(system, auth0, null);
        return system;
    }

    private static async Task<ToolResult> PlaceAsync(TestSystem system, ForeignProvider auth0, string? answer = null, int wait = 25)
    {
        auth0.Answer = Answers(system, auth0, answer);
        return await system.Server.CallAsync(Trader(auth0), "place_order", Ordering.Limit(wait: wait));
    }

    private static string Trader(ForeignProvider auth0, string subject = "auth0|1", string client = "tpc_9pXyZ", TimeProvider? at = null)
        => auth0.Token("at+jwt", new() { ["sub"] = subject, ["aud"] = ServerCopy.Resource, ["scope"] = Ordering.Scopes, ["client_id"] = client, ["jti"] = Guid.NewGuid().ToString("N") }, at);

    // The person says yes, unless told otherwise; the vault gives the broker's token.
    private static Func<IFormCollection, IResult> Answers(TestSystem system, ForeignProvider auth0, string? error)
        => form => form["grant_type"] != Ciba ? Upstream(system, auth0) : error is null ? Yes(auth0, auth0.AskedPeople.Last()["authorization_details"]) : Results.Json(new { error }, statusCode: 400);

    private static string IdToken(ForeignProvider auth0, string subject, string audience = "YOUR_CUSTOM_API_CLIENT_ID") => auth0.Token("JWT", new() { ["sub"] = subject, ["aud"] = audience, ["sid"] = "8Tg2" });

    private static IResult Yes(ForeignProvider auth0, string? details, string? idToken = null) => Results.Json(new Dictionary<string, object?>
    {
        ["access_token"] = "the-token-of-the-yes",
        ["id_token"] = idToken ?? IdToken(auth0, "auth0|1"),
        ["scope"] = "openid orders:write",
        ["expires_in"] = 86400,
        ["token_type"] = "Bearer",
        ["authorization_details"] = details is null ? null : JsonDocument.Parse(details).RootElement,
    });

    private static IResult Upstream(TestSystem system, ForeignProvider auth0) => Results.Json(new { access_token = system.Brokerage!.Token("alice", Ordering.Scopes), scope = "account:read orders:read trading", expires_in = 1377, token_type = "Bearer" });
}
