using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Backchannel;

/// <summary>OpenID CIBA Core, poll mode. The trait Conformance names the module of the OpenID Foundation's suite that asks the same.</summary>
public sealed class BackchannelTests(BackchannelTests.System backchannel) : IClassFixture<BackchannelTests.System>
{
    /// <summary>A system whose polls are answered at once, so that a test of a pending approval does not wait.</summary>
    public sealed class System : IAsyncLifetime
    {
        internal StockMcpSystem Running { get; private set; } = null!;

        internal ShiftedClock Clock { get; } = new();

        public async ValueTask InitializeAsync() => Running = await StockMcpSystem.StartAsync(options => options with { AuthoritySettings = new Dictionary<string, string?> { ["Backchannel:HoldPolls"] = "00:00:00" } }, Clock);

        public ValueTask DisposeAsync() => Running.DisposeAsync();

        /// <summary>What others left pending is over by then.</summary>
        internal async Task<BackchannelClient> ConnectAsync(string user = "alice")
        {
            Clock.Advance(TimeSpan.FromMinutes(6));
            using var person = user == "alice" ? Person.Alice(Running) : Person.Bob(Running);
            return await BackchannelClient.ConnectAsync(Running, person);
        }
    }

    [Fact, Trait("Requirement", "CB-02"), Trait("Requirement", "CB-04"), Trait("Requirement", "CB-07"), Trait("Conformance", "fapi-ciba-id1")]
    public async Task The_token_carries_exactly_what_the_person_approved_and_lives_two_minutes()
    {
        var client = await backchannel.ConnectAsync();
        var asked = await client.AskAsync();

        asked.Status.Should().Be(HttpStatusCode.OK, asked.ToString());
        asked.Response.Headers.CacheControl!.NoStore.Should().BeTrue();
        asked["auth_req_id"]!.Length.Should().BeGreaterThanOrEqualTo(43, "256 bits, where the standard wants 160");
        asked["interval"].Should().Be("5");
        int.Parse(asked["expires_in"]!).Should().BeInRange(290, 300);
        asked["approval_uri"].Should().EndWith($"/approvals/{asked["approval_id"]}");
        asked["auth_req_id"].Should().NotContain(asked["approval_id"]!.Replace("-", "", StringComparison.Ordinal), "neither can be derived from the other");
        (await client.PollAsync(asked["auth_req_id"]!))["error"].Should().Be("authorization_pending");

        await client.DecideAsync(asked);
        backchannel.Clock.Advance(TimeSpan.FromSeconds(6));
        var granted = await client.PollAsync(asked["auth_req_id"]!);

        granted.Status.Should().Be(HttpStatusCode.OK, granted.ToString());
        granted["refresh_token"].Should().BeNull();
        granted["scope"].Should().Be("orders:write");
        int.Parse(granted["expires_in"]!).Should().BeInRange(1, 120);
        JsonNode.DeepEquals(JsonNode.Parse(granted["authorization_details"]!), new JsonArray(BackchannelClient.Order())).Should().BeTrue();
        var token = new JsonWebToken(granted["access_token"]);
        token.Typ.Should().Be("at+jwt");
        token.Subject.Should().Be(client.Subject);
        token.Audiences.Should().Equal(backchannel.Running.McpUrl.AbsoluteUri);
        token.GetClaim("client_id").Value.Should().Be(BackchannelClient.ServerClient);
        token.GetClaim("txn").Value.Should().Be(asked["approval_id"]);
        token.GetPayloadValue<JsonElement>("act").GetProperty("sub").GetString().Should().Be(client.Agent);
        token.GetPayloadValue<JsonElement>("authorization_details").GetArrayLength().Should().Be(1);
        JsonNode.DeepEquals(JsonNode.Parse(token.GetPayloadValue<JsonElement>("authorization_details").GetRawText()), new JsonArray(BackchannelClient.Order())).Should().BeTrue();

        var introspected = await BackchannelClient.PostAsync(backchannel.Running, "connect/introspect", new() { ["token"] = granted["access_token"], ["client_id"] = BackchannelClient.ServerClient, ["client_secret"] = BackchannelClient.Secret(backchannel.Running) });
        introspected["active"].Should().Be("True");
        JsonNode.DeepEquals(JsonNode.Parse(introspected["authorization_details"]!), new JsonArray(BackchannelClient.Order())).Should().BeTrue(introspected.ToString());
    }

    [Fact, Trait("Requirement", "CB-02"), Trait("Conformance", "fapi-ciba-id1-multiple-call-to-token-endpoint")]
    public async Task An_auth_req_id_gives_one_token()
    {
        var client = await backchannel.ConnectAsync();
        var asked = await client.AskAsync();
        await client.DecideAsync(asked);

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => client.PollAsync(asked["auth_req_id"]!)));

        answers.Count(answer => answer.Status == HttpStatusCode.OK).Should().Be(1);
        backchannel.Clock.Advance(TimeSpan.FromSeconds(100));
        (await client.PollAsync(asked["auth_req_id"]!))["error"].Should().Be("invalid_grant");
    }

    [Fact, Trait("Requirement", "CB-02")]
    public async Task Polling_too_fast_is_told_to_slow_down_by_five_seconds_each_time()
    {
        var client = await backchannel.ConnectAsync();
        var id = (await client.AskAsync())["auth_req_id"]!;
        (await client.PollAsync(id))["error"].Should().Be("authorization_pending");
        (await client.PollAsync(id))["error"].Should().Be("slow_down");
        backchannel.Clock.Advance(TimeSpan.FromSeconds(6));
        (await client.PollAsync(id))["error"].Should().Be("slow_down", "ten seconds lie between polls now");
        backchannel.Clock.Advance(TimeSpan.FromSeconds(16));
        (await client.PollAsync(id))["error"].Should().Be("authorization_pending");
    }

    [Fact, Trait("Requirement", "CB-02"), Trait("Conformance", "fapi-ciba-id1-user-rejects-authentication")]
    public async Task Who_is_denied_reads_access_denied()
    {
        var client = await backchannel.ConnectAsync();
        var asked = await client.AskAsync();
        await client.DecideAsync(asked, approve: false);

        (await client.PollAsync(asked["auth_req_id"]!))["error"].Should().Be("access_denied");
    }

    [Fact, Trait("Requirement", "CB-02"), Trait("Requirement", "FD-06"), Trait("Conformance", "fapi-ciba-id1-auth-req-id-expired")]
    public async Task Whose_person_does_not_decide_reads_expired_token_and_a_clock_that_goes_back_does_not_help()
    {
        var client = await backchannel.ConnectAsync();
        var asked = await client.AskAsync(changes: ("requested_expiry", "20"));
        asked["expires_in"].Should().BeOneOf("20", "19");

        backchannel.Clock.Advance(TimeSpan.FromSeconds(21));

        (await client.PollAsync(asked["auth_req_id"]!))["error"].Should().Be("expired_token");
        backchannel.Clock.Advance(TimeSpan.FromSeconds(-15));
        var deciding = () => client.DecideAsync(asked);
        await deciding.Should().ThrowAsync<Exception>("it is over");
        backchannel.Clock.Advance(TimeSpan.FromSeconds(15));
    }

    [Fact, Trait("Requirement", "CB-02"), Trait("Requirement", "AS-16"), Trait("Conformance", "fapi-ciba-id1-ensure-wrong-auth-req-id-in-token-endpoint-request")]
    public async Task An_auth_req_id_that_is_not_the_clients_or_is_another_things_is_an_invalid_grant()
    {
        var client = await backchannel.ConnectAsync();
        var asked = await client.AskAsync();

        foreach (var wrong in new[] { "no-such-id", asked["approval_id"]!, client.AgentToken[..40], new string('x', 300) })
            (await client.PollAsync(wrong))["error"].Should().BeOneOf("invalid_grant", "invalid_request");
        (await client.PollAsync(asked["auth_req_id"]!))["error"].Should().Be("authorization_pending", "a guess changes nothing");
    }

    [Fact, Trait("Requirement", "CB-01"), Trait("Requirement", "AS-01"), Trait("Requirement", "DC-01"), Trait("Conformance", "fapi-ciba-id1-ensure-wrong-client-id-in-token-endpoint-request")]
    public async Task Only_the_client_that_asked_and_no_agent_may_come_for_the_token()
    {
        var client = await backchannel.ConnectAsync();
        var asked = await client.AskAsync();
        await client.DecideAsync(asked);
        var agent = await TestAgent.RegisterAsync(backchannel.Running, method: "client_secret_post");

        (await agent.TokenAsync(("grant_type", BackchannelClient.Grant), ("auth_req_id", asked["auth_req_id"]!)))["error"].Should().Be("unauthorized_client");
        (await client.PollAsync(asked["auth_req_id"]!, ("client_secret", "wrong")))["error"].Should().Be("invalid_client");
        (await client.PollAsync(asked["auth_req_id"]!, ("client_secret", null)))["error"].Should().Be("invalid_client", "fapi-ciba-id1-ensure-without-client-assertion-in-token-endpoint-request");
        (await client.PollAsync(asked["auth_req_id"]!)).Status.Should().Be(HttpStatusCode.OK);
    }

    [Theory, Trait("Requirement", "CB-01"), Trait("Requirement", "CB-06")]
    [InlineData("client_secret", "wrong", "invalid_client", "fapi-ciba-id1-ensure-invalid-client-assertions-in-backchannel-authorization-request-fail")]
    [InlineData("client_secret", null, "invalid_client", "fapi-ciba-id1-ensure-without-client-assertion-in-backchannel-authorization-request")]
    [InlineData("client_id", "nobody", "invalid_client", "fapi-ciba-id1-ensure-wrong-client-id-in-backchannel-authorization-request")]
    [InlineData("login_hint", null, "invalid_request", "no hint")]
    [InlineData("id_token_hint", "x", "invalid_request", "fapi-ciba-id1-ensure-authorization-request-with-multiple-hints-fails")]
    [InlineData("login_hint_token", "x", "invalid_request", "fapi-ciba-id1-ensure-authorization-request-with-multiple-hints-fails")]
    [InlineData("login_hint", "alice", "unknown_user_id", "fapi-ciba-id1-ensure-authorization-request-with-invalid-login-hint-fails")]
    [InlineData("login_hint", "{\"format\":\"email\"}", "unknown_user_id", "another format")]
    [InlineData("login_hint", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "unknown_user_id", "nobody")]
    [InlineData("requested_actor", "nobody", "unknown_user_id", "an agent that was not allowed")]
    [InlineData("requested_actor", null, "unknown_user_id", "the server itself was not allowed")]
    [InlineData("scope", null, "invalid_scope", "no scope")]
    [InlineData("scope", "connected_accounts:read", "invalid_scope", "a scope of another resource")]
    [InlineData("scope", "transfers", "invalid_scope", "an unknown scope")]
    [InlineData("resource", "https://elsewhere.example/mcp", "invalid_target", "another resource")]
    [InlineData("grant_type", "urn:openid:params:grant-type:ciba", "invalid_request", "a grant where none belongs")]
    [InlineData("requested_expiry", "0", "invalid_request", "fapi-ciba-id1-ensure-requested-expiry-zero-fails")]
    [InlineData("requested_expiry", "-5", "invalid_request", "fapi-ciba-id1-ensure-requested-expiry-negative-fails")]
    [InlineData("request", "eyJhbGciOiJub25lIn0.e30.", "invalid_request", "fapi-ciba-id1-ensure-request-object-signature-algorithm-is-none-fails")]
    [InlineData("request_context", "[]", "invalid_request", "not an object")]
    [InlineData("binding_message", null, "invalid_binding_message", "no binding message")]
    [InlineData("binding_message", "abc\u202Edef", "invalid_binding_message", "fapi-ciba-id1-ensure-authorization-request-with-potentially-bad-binding-message")]
    [InlineData("binding_message", "1234567890123456789012345678901234567890123456789012345678901234567890", "invalid_binding_message", "fapi-ciba-id1-ensure-authorization-request-with-potentially-bad-binding-message")]
    public async Task A_request_that_is_not_as_it_should_be_asks_nobody(string parameter, string? value, string error, string module)
    {
        var client = await backchannel.ConnectAsync("bob");

        var answer = await client.AskAsync(changes: (parameter, value));

        answer["error"].Should().Be(error, "{0}: {1}", module, answer);
        answer["error_description"].Should().NotBeNullOrEmpty();
        answer["auth_req_id"].Should().BeNull();
    }

    public static TheoryData<string, string, string?> BadDetails => new()
    {
        { "an unknown field", "note", "\"x\"" },
        { "a number where a decimal string belongs", "quantity", "10" },
        { "a number where a decimal string belongs", "max_total", "715.00" },
        { "a missing field", "account", null },
        { "a missing total", "max_total", null },
        { "a limit order without its limit", "limit_price", null },
        { "a price that belongs to another type", "stop_price", "\"70\"" },
        { "a value that is not listed", "side", "\"short\"" },
        { "another type", "type", "\"transfer\"" },
        { "no shares at all", "quantity", "\"0\"" },
        { "a negative figure", "quantity", "\"-10\"" },
        { "an exponent", "quantity", "\"1e1\"" },
        { "a symbol in small letters", "symbol", "\"wayne\"" },
        { "a total that is not quantity times limit", "max_total", "\"1.00\"" },
        { "another currency", "currency", "\"EUR\"" },
        { "null", "side", "null" },
    };

    [Theory, MemberData(nameof(BadDetails)), Trait("Requirement", "CB-04"), Trait("Requirement", "CB-05")]
    public async Task Details_that_are_not_as_their_type_says_are_refused(string what, string field, string? json)
    {
        var client = await backchannel.ConnectAsync("bob");
        var order = BackchannelClient.Order();
        if (json is null) order.Remove(field);
        else order[field] = JsonNode.Parse(json);

        var answer = await client.AskAsync(order);

        answer["error"].Should().Be("invalid_authorization_details", "{0}: {1}", what, answer);
    }

    [Theory, Trait("Requirement", "CB-04")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("not json")]
    [InlineData("[{\"type\":\"stock_order\",\"type\":\"stock_order\"}]")]
    [InlineData("[1]")]
    [InlineData("")]
    public async Task Details_that_are_no_array_of_one_object_are_refused(string parameter)
    {
        var client = await backchannel.ConnectAsync("bob");
        (await client.AskAsync(changes: ("authorization_details", parameter)))["error"].Should().Be("invalid_authorization_details");
        var two = new JsonArray(BackchannelClient.Order(), BackchannelClient.Order()).ToJsonString();
        (await client.AskAsync(changes: ("authorization_details", two)))["error"].Should().Be("invalid_authorization_details", "one approval is for one order");
    }

    [Fact, Trait("Requirement", "CB-04")]
    public async Task Details_in_an_authorization_request_of_a_browser_open_nothing()
    {
        using var alice = Person.Alice(backchannel.Running);
        var agent = await TestAgent.RegisterAsync(backchannel.Running);
        var flow = agent.Flow("orders:write");
        var url = new Uri(flow.AuthorizationUrl + "&authorization_details=" + Uri.EscapeDataString(new JsonArray(BackchannelClient.Order()).ToJsonString()));

        var back = QueryHelpers.ParseQuery((await alice.AuthorizeAsync(url, ConsentAnswer.AsTicked)).Query);

        back["error"].ToString().Should().Be("invalid_request", "RFC 9396, section 5: what is not understood is refused, never left out");
        back.Should().NotContainKey("code");
    }

    [Fact, Trait("Requirement", "CB-01")]
    public async Task A_hint_in_auth0s_form_names_the_same_person()
    {
        var client = await backchannel.ConnectAsync();

        var hint = JsonSerializer.Serialize(new { format = "iss_sub", iss = TestAgent.Issuer(backchannel.Running).AbsoluteUri, sub = client.Subject });
        (await client.AskAsync(BackchannelClient.Order("3", "10.00", "30.00"), ("login_hint", hint))).Status.Should().Be(HttpStatusCode.OK);
        var foreign = JsonSerializer.Serialize(new { format = "iss_sub", iss = "https://elsewhere.example/", sub = client.Subject });
        (await client.AskAsync(changes: ("login_hint", foreign)))["error"].Should().Be("unknown_user_id");
    }

    [Fact, Trait("Requirement", "CB-01")]
    public async Task Who_did_not_allow_the_agent_to_ask_is_not_asked_and_cannot_be_told_from_nobody()
    {
        using var bob = Person.Bob(backchannel.Running);
        var client = await BackchannelClient.ConnectAsync(backchannel.Running, bob, "portfolio:read");

        var refused = await client.AskAsync();
        var nobody = await client.AskAsync(changes: ("login_hint", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));

        refused.ToString().Should().Be(nobody.ToString());
        refused["error"].Should().Be("unknown_user_id");
    }

    [Fact, Trait("Requirement", "CB-01"), Trait("Requirement", "AS-12")]
    public async Task An_agent_that_was_signed_out_after_the_yes_gets_nothing()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var asked = await client.AskAsync();
        await client.DecideAsync(asked);

        await alice.SubmitAsync(new Uri(TestAgent.Issuer(system), "account"), "Sign out this agent");

        (await client.PollAsync(asked["auth_req_id"]!))["error"].Should().Be("access_denied");
        (await client.AskAsync())["error"].Should().Be("unknown_user_id");
    }

    [Fact, Trait("Requirement", "CB-03")]
    public async Task Discovery_names_the_endpoint_poll_mode_alone_and_the_types()
    {
        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(backchannel.Running) };
        foreach (var document in new[] { ".well-known/openid-configuration", ".well-known/oauth-authorization-server" })
        {
            var metadata = await TestAgent.ReadAsync(await http.GetAsync(document));
            metadata["backchannel_authentication_endpoint"].Should().Be(new Uri(TestAgent.Issuer(backchannel.Running), "connect/backchannel").AbsoluteUri);
            metadata.Body.GetProperty("backchannel_token_delivery_modes_supported").EnumerateArray().Select(mode => mode.GetString()).Should().Equal("poll");
            metadata["backchannel_user_code_parameter_supported"].Should().Be("False");
            metadata.Body.GetProperty("authorization_details_types_supported").EnumerateArray().Select(type => type.GetString()).Should().BeEquivalentTo("stock_order", "stock_trading_mandate");
            metadata["token_endpoint"].Should().EndWith("/connect/token");
            metadata["grant_types_supported"].Should().Contain(BackchannelClient.Grant);
            metadata["scopes_supported"].Should().Contain("orders:write").And.NotContain("approvals");
        }
    }

    [Fact, Trait("Requirement", "AP-04")]
    public async Task The_same_request_is_asked_once_and_the_first_answer_is_void()
    {
        var client = await backchannel.ConnectAsync();
        var first = await client.AskAsync(BackchannelClient.Order("7", "10.00", "70.00"));
        var again = await client.AskAsync(BackchannelClient.Order("7", "10.00", "70.00"), ("binding_message", "ZZZ-ZZZ"));

        again["approval_id"].Should().Be(first["approval_id"]);
        again["binding_message"].Should().Be("K7M-2QX", "the person looks at the first one's");
        (await client.PollAsync(first["auth_req_id"]!))["error"].Should().Be("invalid_grant");
        (await client.PollAsync(again["auth_req_id"]!))["error"].Should().Be("authorization_pending");
        var parallel = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => client.AskAsync(BackchannelClient.Order("8", "10.00", "80.00"))));
        parallel.Select(answer => answer["approval_id"]).Distinct().Should().ContainSingle();
    }

    [Fact, Trait("Requirement", "OX-04")]
    public async Task An_agents_own_request_id_names_one_request_whatever_became_of_it()
    {
        var client = await backchannel.ConnectAsync();
        var id = ("request_id", (string?)Guid.NewGuid().ToString());
        var asked = await client.AskAsync(null, id);
        await client.AskAsync(); // the same order without it is another request

        (await client.AskAsync(null, id))["approval_id"].Should().Be(asked["approval_id"], "it is pending");
        await client.DecideAsync(asked, approve: false);
        var again = await client.AskAsync(null, id);
        var other = await client.AskAsync(BackchannelClient.Order("11", "71.50", "786.50"), id);
        var fresh = await client.AskAsync(null, ("request_id", Guid.NewGuid().ToString()));

        again["approval_id"].Should().Be(asked["approval_id"], "it was denied, and stays that");
        (await client.PollAsync(again["auth_req_id"]!))["error"].Should().Be("invalid_grant", "nothing is left to be redeemed");
        other["error"].Should().Be("invalid_request");
        fresh["approval_id"].Should().NotBe(asked["approval_id"]);
        (await client.AskAsync(null, ("request_id", "no spaces, please")))["error"].Should().Be("invalid_request");
    }
}
