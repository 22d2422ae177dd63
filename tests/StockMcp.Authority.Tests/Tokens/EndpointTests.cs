using System.Net;
using Microsoft.AspNetCore.WebUtilities;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Tokens;

/// <summary>Pushed authorization requests (RFC 9126), revocation (RFC 7009), introspection (RFC 7662).</summary>
public sealed class EndpointTests(SharedSystem shared)
{
    [Fact, Trait("Requirement", "AS-16")]
    public async Task A_pushed_request_is_good_for_one_sign_in()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var flow = agent.Flow();
        var pushed = await PushAsync(system, flow);
        pushed.Status.Should().Be(HttpStatusCode.Created, pushed.ToString());
        int.Parse(pushed["expires_in"]!).Should().BeInRange(1, 600);
        var url = Short(system, agent, pushed);

        var tokens = await flow.RedeemAsync(await alice.AuthorizeAsync(url));

        tokens.Scope.Should().Be("portfolio:read orders:read");
        using var again = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, url));
        (again.StatusCode, again.Headers.Location).Should().Be((HttpStatusCode.BadRequest, null));
    }

    [Fact, Trait("Requirement", "AS-02"), Trait("Requirement", "AS-03"), Trait("Requirement", "AS-06")]
    public async Task What_cannot_be_authorized_cannot_be_pushed()
    {
        var system = await shared.GetAsync();
        var agent = await TestAgent.RegisterAsync(system);

        (await PushAsync(system, agent.Flow(), ("redirect_uri", "https://evil.example/"))).Status.Should().Be(HttpStatusCode.BadRequest);
        (await PushAsync(system, agent.Flow(), ("resource", "https://evil.example/mcp")))["error"].Should().Be("invalid_target");
        (await PushAsync(system, agent.Flow(), ("code_challenge_method", "plain")))["error"].Should().Be("invalid_request");
        (await PushAsync(system, agent.Flow(), ("client_id", "unknown")))["error"].Should().Be("invalid_client");
    }

    [Fact, Trait("Requirement", "AS-16")]
    public async Task A_pushed_request_of_another_client_is_refused_and_stays_good()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var (agent, thief) = (await TestAgent.RegisterAsync(system), await TestAgent.RegisterAsync(system));
        var flow = agent.Flow();
        var pushed = await PushAsync(system, flow);

        using var stolen = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, Short(system, thief, pushed)));
        (stolen.StatusCode, stolen.Headers.Location).Should().Be((HttpStatusCode.BadRequest, null));

        (await flow.RedeemAsync(await alice.AuthorizeAsync(Short(system, agent, pushed)))).AccessToken.Should().NotBeEmpty();
    }

    [Fact, Trait("Requirement", "AS-15")]
    public async Task A_client_revokes_its_own_sign_in_and_nobody_elses()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var (agent, other) = (await TestAgent.RegisterAsync(system), await TestAgent.RegisterAsync(system));
        var (tokens, laptop) = (await agent.ConnectAsync(alice), await agent.ConnectAsync(alice));

        (await PostAsync(system, "revoke", ("token", tokens.RefreshToken!), ("client_id", other.ClientId))).Should().Be(HttpStatusCode.OK, "RFC 7009, section 2.2: whatever the token is");
        (await PostAsync(system, "revoke", ("token", tokens.AccessToken), ("client_id", other.ClientId))).Should().Be(HttpStatusCode.OK);
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken)).Status.Should().Be(HttpStatusCode.OK, "nothing happened");

        (await PostAsync(system, "revoke", ("token", tokens.RefreshToken!), ("client_id", agent.ClientId))).Should().Be(HttpStatusCode.OK);

        (await agent.RefreshAsync(tokens.RefreshToken!))["error"].Should().Be("invalid_grant");
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken))["error"].Should().Be("invalid_grant", "what came from it ends with it");
        (await agent.RefreshAsync(laptop.RefreshToken!)).Status.Should().Be(HttpStatusCode.OK, "another sign-in goes on");
    }

    [Fact, Trait("Requirement", "AS-15")]
    public async Task A_token_is_introspected_by_the_server_it_is_addressed_to_alone()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system, method: "client_secret_post");
        var open = await TestAgent.RegisterAsync(system);
        var tokens = await open.ConnectAsync(alice);
        var secret = Convert.ToHexStringLower(Convert.FromBase64String(File.ReadAllText(Path.Combine(system.DataDirectory, "secrets", "server-at-authority.secret"))));

        var server = await IntrospectAsync(system, ("token", tokens.AccessToken), ("client_id", "stockmcp-server"), ("client_secret", secret));
        (server["active"], server["client_id"], server["scope"], server["aud"]).Should().Be(("True", open.ClientId, "portfolio:read orders:read", system.McpUrl.AbsoluteUri));
        (await IntrospectAsync(system, ("token", tokens.RefreshToken!), ("client_id", "stockmcp-server"), ("client_secret", secret))).Body.ToString().Replace(" ", "", StringComparison.Ordinal).ReplaceLineEndings("").Should().Be("""{"active":false}""");
        (await open.RefreshAsync(tokens.RefreshToken!)).Status.Should().Be(HttpStatusCode.OK, "to look is no use");

        foreach (var outsider in new[] { open, agent })
        {
            var answer = await IntrospectAsync(system, ("token", tokens.AccessToken), ("client_id", outsider.ClientId));
            answer["sub"].Should().BeNull();
            answer["active"].Should().NotBe("True");
        }
    }

    private static Uri Short(StockMcpSystem system, TestAgent agent, JsonAnswer pushed)
        => new(TestAgent.Issuer(system), QueryHelpers.AddQueryString("connect/authorize", new Dictionary<string, string?> { ["client_id"] = agent.ClientId, ["request_uri"] = pushed["request_uri"] }));

    private static async Task<JsonAnswer> PushAsync(StockMcpSystem system, CodeFlow flow, params (string Name, string Value)[] changes)
    {
        var form = QueryHelpers.ParseQuery(flow.AuthorizationUrl.Query).ToDictionary(parameter => parameter.Key, parameter => parameter.Value.ToString());
        foreach (var (name, value) in changes) form[name] = value;
        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(system) };
        using var body = new FormUrlEncodedContent(form);
        return await TestAgent.ReadAsync(await http.PostAsync("connect/par", body));
    }

    private static async Task<HttpStatusCode> PostAsync(StockMcpSystem system, string endpoint, params (string Name, string Value)[] form)
    {
        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(system) };
        using var body = new FormUrlEncodedContent(form.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value)));
        using var response = await http.PostAsync("connect/" + endpoint, body);
        return response.StatusCode;
    }

    private static async Task<JsonAnswer> IntrospectAsync(StockMcpSystem system, params (string Name, string Value)[] form)
    {
        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(system) };
        using var body = new FormUrlEncodedContent(form.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value)));
        return await TestAgent.ReadAsync(await http.PostAsync("connect/introspect", body));
    }
}
