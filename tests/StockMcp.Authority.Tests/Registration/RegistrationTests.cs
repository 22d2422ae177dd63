using System.Net;
using System.Text;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Registration;

public sealed class RegistrationTests(SharedSystem shared)
{
    [Fact, Trait("Requirement", "DC-01")]
    public async Task A_public_client_registers_itself_and_learns_what_it_got()
    {
        var system = await shared.GetAsync();

        var answer = await TestAgent.RegisterRawAsync(system, TestAgent.Metadata());

        answer.Status.Should().Be(HttpStatusCode.Created);
        answer["client_id"].Should().HaveLength(22);
        answer["client_secret"].Should().BeNull();
        answer["token_endpoint_auth_method"].Should().Be("none");
        answer["redirect_uris"].Should().Be("""["http://localhost:33418/callback"]""");
        answer["grant_types"].Should().Be("""["authorization_code","refresh_token"]""");
        answer["scope"].Should().Be("portfolio:read orders:read orders:write");
        answer.Response.Headers.CacheControl!.NoStore.Should().BeTrue("RFC 7591, section 3.2.1");
    }

    [Fact]
    public async Task A_client_that_asks_for_a_secret_gets_one_and_needs_it()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system, method: "client_secret_post");
        var flow = agent.Flow();
        var code = flow.CodeOf(await alice.AuthorizeAsync(flow.AuthorizationUrl));

        var withoutSecret = await new TestAgent(system, agent.ClientId, null, TestAgent.Loopback).TokenAsync(("grant_type", "authorization_code"), ("code", code), ("redirect_uri", TestAgent.Loopback.AbsoluteUri), ("code_verifier", flow.Verifier));
        var withSecret = await agent.TokenAsync(("grant_type", "authorization_code"), ("code", code), ("redirect_uri", TestAgent.Loopback.AbsoluteUri), ("code_verifier", flow.Verifier));

        withoutSecret["error"].Should().Be("invalid_client");
        withSecret.Status.Should().Be(HttpStatusCode.OK, withSecret.ToString());
    }

    [Theory, Trait("Requirement", "DC-02")]
    [InlineData("javascript:alert(1)")]
    [InlineData("JavaScript://app.example.com/%0aalert(1)")]
    [InlineData("data:text/html,hello")]
    [InlineData("file:///etc/passwd")]
    [InlineData("vbscript:x")]
    [InlineData("blob:https://app.example.com/1")]
    [InlineData("http://app.example.com/callback")]
    [InlineData("http://localhost.evil.example/callback")]
    [InlineData("http://127.0.0.1.evil.example/callback")]
    [InlineData("http://localhost@evil.example/callback")]
    [InlineData("https://user@app.example.com/callback")]
    [InlineData("https://app.example.com/callback#fragment")]
    [InlineData("https://*.example.com/callback")]
    [InlineData("https://app.example.com/callback?iss=https://evil.example/")]
    [InlineData("https://app.example.com/call back")]
    [InlineData("https://app.example.com\\@evil.example/")]
    [InlineData("https:///callback")]
    [InlineData("myapp:/callback")]
    [InlineData("/callback")]
    [InlineData("")]
    public async Task A_redirect_uri_that_could_leak_a_code_is_refused(string uri)
    {
        var answer = await TestAgent.RegisterRawAsync(await shared.GetAsync(), TestAgent.Metadata(uri));

        answer.Status.Should().Be(HttpStatusCode.BadRequest);
        answer["error"].Should().Be("invalid_redirect_uri");
        answer["error_description"].Should().Contain("redirect_uris");
    }

    [Theory, Trait("Requirement", "DC-02")]
    [InlineData("https://app.example.com/callback?tenant=1")]
    [InlineData("http://127.0.0.1/callback")]
    [InlineData("http://[::1]:5000/callback")]
    [InlineData("com.example.app:/callback")]
    [InlineData("cursor://anysphere.cursor-retrieval/oauth/user-agent-callback")]
    public async Task A_redirect_uri_of_a_real_client_is_accepted(string uri)
        => (await TestAgent.RegisterRawAsync(await shared.GetAsync(), TestAgent.Metadata(uri))).Status.Should().Be(HttpStatusCode.Created);

    [Theory, Trait("Requirement", "DC-01"), Trait("Requirement", "DC-02")]
    [InlineData("""{}""", "invalid_redirect_uri")]
    [InlineData("""{"redirect_uris":[]}""", "invalid_redirect_uri")]
    [InlineData("""{"redirect_uris":[null]}""", "invalid_redirect_uri")]
    [InlineData("""{"redirect_uris":"https://app.example.com/"}""", "invalid_client_metadata")]
    [InlineData("""{"redirect_uris":["https://a.example/"],"redirect_uris":["https://b.example/"]}""", "invalid_client_metadata")]
    [InlineData("""{"redirect_uris":["https://a.example/"],"grant_types":["client_credentials"]}""", "invalid_client_metadata")]
    [InlineData("""{"redirect_uris":["https://a.example/"],"response_types":["token"]}""", "invalid_client_metadata")]
    [InlineData("""{"redirect_uris":["https://a.example/"],"token_endpoint_auth_method":"tls_client_auth"}""", "invalid_client_metadata")]
    [InlineData("""{"redirect_uris":["https://a.example/"],"logo_uri":"http://a.example/logo.png"}""", "invalid_client_metadata")]
    [InlineData("""{"redirect_uris":["https://a.example/"],"client_uri":"javascript:alert(1)"}""", "invalid_client_metadata")]
    [InlineData("""[]""", "invalid_client_metadata")]
    [InlineData("""null""", "invalid_client_metadata")]
    [InlineData("""not json""", "invalid_client_metadata")]
    public async Task Metadata_that_cannot_be_is_refused_with_the_members_name(string body, string error)
    {
        var answer = await PostAsync(body, "application/json");

        answer.Status.Should().Be(HttpStatusCode.BadRequest);
        answer["error"].Should().Be(error);
        answer["error_description"].Should().NotBeNullOrEmpty();
    }

    [Fact, Trait("Requirement", "DC-02")]
    public async Task Too_much_of_anything_is_refused()
    {
        var uris = string.Join(',', Enumerable.Range(0, 11).Select(number => $"\"https://a.example/{number}\""));
        (await PostAsync($$"""{"redirect_uris":[{{uris}}]}""", "application/json"))["error"].Should().Be("invalid_redirect_uri");
        (await PostAsync($$"""{"redirect_uris":["https://a.example/"],"client_name":"{{new string('a', 101)}}"}""", "application/json"))["error"].Should().Be("invalid_client_metadata");
        (await PostAsync($$"""{"redirect_uris":["https://a.example/"],"software_id":"{{new string('a', 16 * 1024)}}"}""", "application/json"))["error_description"].Should().Contain("16384 bytes");
        (await PostAsync("""{"redirect_uris":["https://a.example/"]}""", "text/plain"))["error"].Should().Be("invalid_client_metadata");
    }

    [Fact, Trait("Requirement", "DC-02")]
    public async Task What_cannot_be_seen_in_a_name_is_left_out()
    {
        var answer = await TestAgent.RegisterRawAsync(await shared.GetAsync(), TestAgent.Metadata(name: "Your\u202E \U000E0041\U000E0042bank\u200B\r\n"));

        answer["client_name"].Should().Be("Your bank");
    }

    [Fact, Trait("Requirement", "DC-01")]
    public async Task Grants_that_clients_may_not_give_themselves_are_left_out()
    {
        var system = await shared.GetAsync();

        var answer = await TestAgent.RegisterRawAsync(system, new
        {
            redirect_uris = new[] { "https://a.example/" },
            grant_types = new[] { "authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange", "client_credentials", "implicit" },
            unknown_member = new { is_ignored = true },
        });

        answer["grant_types"].Should().Be("""["authorization_code"]""");
        answer["token_endpoint_auth_method"].Should().Be("client_secret_basic", "it is the RFC's default");
        answer["client_secret"].Should().NotBeNull();
        var agent = new TestAgent(system, answer["client_id"]!, answer["client_secret"], new Uri("https://a.example/"));
        (await agent.ExchangeItselfAsync("anything"))["access_token"].Should().BeNull();
        (await agent.TokenAsync(("grant_type", "client_credentials")))["error"].Should().Be("unauthorized_client");
    }

    private async Task<JsonAnswer> PostAsync(string body, string contentType)
    {
        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(await shared.GetAsync()) };
        using var content = new StringContent(body, Encoding.UTF8, contentType);
        return await TestAgent.ReadAsync(await http.PostAsync("connect/register", content));
    }
}
