using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Registration;

public sealed class ManagementTests(SharedSystem shared)
{
    private static int s_names;

    [Fact, Trait("Requirement", "DC-04")]
    public async Task A_client_reads_what_it_registered_with_its_own_token_alone()
    {
        var system = await shared.GetAsync();
        var (mine, other) = (await RegisterAsync(system), await RegisterAsync(system));

        mine["registration_access_token"].Should().HaveLength(43, "it has 256 bits");
        var read = await SendAsync(HttpMethod.Get, mine["registration_client_uri"]!, mine["registration_access_token"]);

        read.Status.Should().Be(HttpStatusCode.OK, read.ToString());
        (read["client_id"], read["client_name"], read["redirect_uris"], read["registration_access_token"]).Should().Be((mine["client_id"], mine["client_name"], mine["redirect_uris"], mine["registration_access_token"]));
        foreach (var wrong in new[] { other["registration_access_token"], "nothing", null })
        {
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Put, HttpMethod.Delete })
            {
                var answer = await SendAsync(method, mine["registration_client_uri"]!, wrong, method == HttpMethod.Put ? Metadata(mine["client_id"]!, "New") : null);
                answer.Status.Should().Be(HttpStatusCode.Unauthorized);
                answer.Response.Headers.WwwAuthenticate.ToString().Should().Contain("invalid_token");
            }
        }
        (await SendAsync(HttpMethod.Get, new Uri(TestAgent.Issuer(system), "connect/register/unknown").AbsoluteUri, mine["registration_access_token"])).Status.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Fact, Trait("Requirement", "DC-04")]
    public async Task An_update_replaces_all_and_rotates_the_token()
    {
        var system = await shared.GetAsync();
        var mine = await RegisterAsync(system);

        var updated = await SendAsync(HttpMethod.Put, mine["registration_client_uri"]!, mine["registration_access_token"], new { client_id = mine["client_id"], redirect_uris = new[] { "https://b.example/back" }, token_endpoint_auth_method = "none" });

        updated.Status.Should().Be(HttpStatusCode.OK, updated.ToString());
        (updated["redirect_uris"], updated["grant_types"], updated["client_name"]).Should().Be(("""["https://b.example/back"]""", """["authorization_code"]""", "An app without a name"));
        updated["registration_access_token"].Should().NotBe(mine["registration_access_token"]);
        (await SendAsync(HttpMethod.Get, mine["registration_client_uri"]!, mine["registration_access_token"])).Status.Should().Be(HttpStatusCode.Unauthorized);
        (await SendAsync(HttpMethod.Get, mine["registration_client_uri"]!, updated["registration_access_token"])).Status.Should().Be(HttpStatusCode.OK);
        using var alice = Person.Alice(system);
        var old = new TestAgent(system, mine["client_id"]!, null, TestAgent.Loopback).Flow();
        using var refused = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, old.AuthorizationUrl));
        refused.StatusCode.Should().Be(HttpStatusCode.BadRequest, "the redirect URI it had before is gone");
    }

    [Fact, Trait("Requirement", "DC-04")]
    public async Task An_update_runs_every_rule_on_the_client_that_would_be()
    {
        var system = await shared.GetAsync();
        var mine = await RegisterAsync(system);
        var (uri, token, id) = (mine["registration_client_uri"]!, mine["registration_access_token"], mine["client_id"]!);

        foreach (var bad in new object[]
        {
            new { client_id = id },
            new { redirect_uris = new[] { "https://b.example/" } },
            new { client_id = "somebody", redirect_uris = new[] { "https://b.example/" } },
            new { client_id = id, redirect_uris = new[] { "javascript:alert(1)" } },
            new { client_id = id, redirect_uris = new[] { "https://b.example/" }, grant_types = new[] { "client_credentials" } },
            new { client_id = id, redirect_uris = new[] { "https://b.example/" }, client_secret = "of my choice" },
        })
        {
            (await SendAsync(HttpMethod.Put, uri, token, bad)).Status.Should().Be(HttpStatusCode.BadRequest, bad.ToString());
        }
        (await SendAsync(HttpMethod.Get, uri, token))["redirect_uris"].Should().Be(mine["redirect_uris"], "nothing of it was taken over");
    }

    [Fact, Trait("Requirement", "DC-04")]
    public async Task A_change_of_type_gives_and_takes_the_secret()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var mine = await RegisterAsync(system);
        var (uri, id) = (mine["registration_client_uri"]!, mine["client_id"]!);

        // Nothing said: the default is a secret (RFC 7591, section 2).
        var confidential = await SendAsync(HttpMethod.Put, uri, mine["registration_access_token"], new { client_id = id, redirect_uris = new[] { TestAgent.Loopback.AbsoluteUri }, grant_types = new[] { "authorization_code", "refresh_token" } });
        confidential["client_secret"].Should().NotBeNullOrEmpty();
        var agent = new TestAgent(system, id, confidential["client_secret"], TestAgent.Loopback);
        (await new TestAgent(system, id, null, TestAgent.Loopback).RefreshAsync("anything"))["error"].Should().Be("invalid_client");
        (await agent.RefreshAsync("anything"))["error"].Should().Be("invalid_grant", "the secret is right, the token is not");

        var again = await SendAsync(HttpMethod.Put, uri, confidential["registration_access_token"], new { client_id = id, client_secret = confidential["client_secret"], redirect_uris = new[] { TestAgent.Loopback.AbsoluteUri }, grant_types = new[] { "authorization_code", "refresh_token" } });
        again["client_secret"].Should().BeNull("it is as it was");
        (await agent.RefreshAsync("anything"))["error"].Should().Be("invalid_grant");

        var open = await SendAsync(HttpMethod.Put, uri, again["registration_access_token"], Metadata(id, "Public again"));
        open["client_secret"].Should().BeNull();
        (await new TestAgent(system, id, null, TestAgent.Loopback).RefreshAsync("anything"))["error"].Should().Be("invalid_grant");
        (await agent.RefreshAsync("anything"))["error"].Should().Be("invalid_client", "a public client has no secret");
    }

    [Fact, Trait("Requirement", "DC-05")]
    public async Task A_deleted_client_takes_its_tokens_and_consents_with_it()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var mine = await RegisterAsync(system);
        var agent = new TestAgent(system, mine["client_id"]!, null, TestAgent.Loopback);
        var tokens = await agent.ConnectAsync(alice);
        (await alice.ReadAsync(new Uri(TestAgent.Issuer(system), "account"))).Should().Contain(agent.ClientId);

        using var http = new HttpClient();
        using var request = Request(HttpMethod.Delete, mine["registration_client_uri"]!, mine["registration_access_token"]);
        using var response = await http.SendAsync(request);

        response.StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await agent.RefreshAsync(tokens.RefreshToken!))["error"].Should().Be("invalid_client");
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken))["error"].Should().Be("invalid_grant");
        (await alice.ReadAsync(new Uri(TestAgent.Issuer(system), "account"))).Should().NotContain(agent.ClientId);
        (await SendAsync(HttpMethod.Get, mine["registration_client_uri"]!, mine["registration_access_token"])).Status.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Fact, Trait("Requirement", "DC-04"), Trait("Requirement", "AS-08")]
    public async Task A_client_that_changes_its_name_has_to_ask_its_people_again()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        alice.SecFetchSite = "none";
        var mine = await RegisterAsync(system);
        var agent = new TestAgent(system, mine["client_id"]!, null, TestAgent.Loopback);
        await agent.ConnectAsync(alice);
        (await ConsentPagesAsync(alice, agent)).Should().Be(0, "it is known");

        await SendAsync(HttpMethod.Put, mine["registration_client_uri"]!, mine["registration_access_token"], Metadata(mine["client_id"]!, "Your bank"));

        (await ConsentPagesAsync(alice, agent)).Should().Be(1);
    }

    private static async Task<int> ConsentPagesAsync(Person person, TestAgent agent)
    {
        var before = person.Pages.Count;
        await agent.ConnectAsync(person);
        return person.Pages.Skip(before).Count(page => page.Contains("The app calls itself", StringComparison.Ordinal));
    }

    private static object Metadata(string clientId, string name)
        => new { client_id = clientId, client_name = name, redirect_uris = new[] { TestAgent.Loopback.AbsoluteUri }, grant_types = new[] { "authorization_code", "refresh_token" }, token_endpoint_auth_method = "none" };

    private static async Task<JsonAnswer> RegisterAsync(StockMcpSystem system)
    {
        var answer = await TestAgent.RegisterRawAsync(system, TestAgent.Metadata(name: $"Managed agent {Interlocked.Increment(ref s_names)}"));
        answer.Status.Should().Be(HttpStatusCode.Created, answer.ToString());
        return answer;
    }

    private static async Task<JsonAnswer> SendAsync(HttpMethod method, string uri, string? token, object? metadata = null)
    {
        using var http = new HttpClient();
        using var request = Request(method, uri, token, metadata);
        return await TestAgent.ReadAsync(await http.SendAsync(request));
    }

    private static HttpRequestMessage Request(HttpMethod method, string uri, string? token, object? metadata = null) => new(method, uri)
    {
        Headers = { Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token) },
        Content = metadata is null ? null : JsonContent.Create(metadata),
    };
}
