using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using ModelContextProtocol.Authentication;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;
using Tool = StockMcp.Testing.ForeignClients.Tool;

namespace StockMcp.EndToEnd.Tests.Container;

/// <summary>The containers behind Caddy, in Production, over https, at one origin.</summary>
[Requires(Tool.Caddy, Tool.PostgreSql, Tool.RedisServer, Tool.Node)]
public sealed class ContainerTests : IClassFixture<ContainerTests.Fixture>, IDisposable
{
    private readonly Fixture fixture;
    private HttpClient? http;

    public ContainerTests(Fixture fixture) => this.fixture = fixture;

    public void Dispose() => http?.Dispose();

    [Fact, Trait("Requirement", "RS-12")]
    public async Task A_client_that_knows_only_the_address_registers_signs_its_person_in_and_calls_tools()
    {
        var system = await SystemAsync();
        using var alice = Person.Alice([system.Origin, system.Brokerage], system.Root);
        await using var client = await ConnectAsync(system, alice);

        var whoami = await client.CallToolAsync("whoami");
        var portfolio = await client.CallToolAsync("get_portfolio");

        whoami.Content.OfType<TextContentBlock>().Single().Text.Should().Contain("Alice Liddell");
        portfolio.IsError.Should().NotBe(true, JsonSerializer.Serialize(portfolio.Content));
    }

    [Fact, Trait("Requirement", "OX-01"), Trait("Requirement", "AP-01")]
    public async Task An_order_takes_the_persons_yes_and_reaches_the_broker_with_a_token_for_it_alone()
    {
        var system = await SystemAsync();
        using var alice = Person.Alice([system.Origin, system.Brokerage], system.Root);
        await using var client = await ConnectAsync(system, alice, "portfolio:read", "orders:read", "orders:write");
        var pending = await CallAsync(client, "place_order", Order("95.00"));
        pending.GetProperty("status").GetString().Should().Be("approval_pending");
        var page = new Uri(pending.GetProperty("approval_url").GetString()!);
        page.GetLeftPart(UriPartial.Authority).Should().Be(system.Origin.GetLeftPart(UriPartial.Authority));
        (await alice.ReadAsync(page)).Should().Contain("BUY 1 WAYNE").And.Contain(pending.GetProperty("code").GetString());

        await alice.SubmitAsync(page, "Approve");

        var ended = await EndAsync(client, pending);
        ended.GetProperty("status").GetString().Should().Be("placed", ended.ToString());
        var orders = await CallAsync(client, "list_orders", []);
        orders.GetProperty("orders").EnumerateArray().Select(order => order.GetProperty("order_id").GetString()).Should().Equal(ended.GetProperty("order").GetProperty("order_id").GetString());
    }

    [Fact, Trait("Requirement", "RS-12")]
    public async Task One_origin_is_both_the_resource_and_its_authorization_server()
    {
        var origin = (await SystemAsync()).Origin;

        foreach (var path in new[] { ".well-known/oauth-protected-resource", ".well-known/oauth-protected-resource/mcp" })
        {
            var resource = await http!.GetFromJsonAsync<JsonElement>(new Uri(origin, path));
            resource.GetProperty("resource").GetString().Should().Be(new Uri(origin, "mcp").AbsoluteUri);
            resource.GetProperty("authorization_servers").EnumerateArray().Select(issuer => issuer.GetString()).Should().Equal(origin.AbsoluteUri);
            resource.GetProperty("resource_documentation").GetString().Should().Be(new Uri(origin, "start").AbsoluteUri);
        }
        foreach (var path in new[] { ".well-known/oauth-authorization-server", ".well-known/openid-configuration" })
        {
            var authority = await http!.GetFromJsonAsync<JsonElement>(new Uri(origin, path));
            authority.GetProperty("issuer").GetString().Should().Be(origin.AbsoluteUri);
            foreach (var endpoint in new[] { "authorization_endpoint", "token_endpoint", "registration_endpoint", "jwks_uri", "backchannel_authentication_endpoint" })
                authority.GetProperty(endpoint).GetString().Should().StartWith(origin.AbsoluteUri);
        }
        using var refused = await http!.PostAsJsonAsync(new Uri(origin, "mcp"), new { jsonrpc = "2.0", id = 1, method = "tools/list" });
        refused.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        refused.Headers.WwwAuthenticate.Single().Parameter.Should().Contain($"resource_metadata=\"{new Uri(origin, ".well-known/oauth-protected-resource/mcp")}\"");
    }

    [Theory]
    [InlineData("", "text/html", "Your agents, on your terms")]
    [InlineData("start", "text/html", "Add it to your agent")]
    [InlineData("assets/server.css", "text/css", "{")]
    [InlineData("assets/authority.css", "text/css", "{")]
    [InlineData("assets/icon.svg", "image/svg+xml", "<svg")]
    [InlineData("service-worker.js", "text/javascript", "push")]
    public async Task Pages_of_both_programs_have_their_place_and_their_styles(string path, string type, string says)
    {
        using var response = await GetAsync(path);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.Should().Be(type);
        (await response.Content.ReadAsStringAsync()).Should().Contain(says);
        response.Headers.GetValues("Strict-Transport-Security").Should().ContainSingle();
    }

    [Theory, Trait("Requirement", "PX-02")]
    [InlineData("health/live")]
    [InlineData("health/ready")]
    [InlineData("HEALTH/ready")]
    [InlineData("health")]
    public async Task The_world_is_not_told_of_the_containers_health(string path)
    {
        using var response = await GetAsync(path);
        response.StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("Server")]
    [InlineData("Authority")]
    [InlineData("Brokerage")]
    public async Task An_image_can_ask_its_own_program_whether_it_is_ready(string part)
    {
        var system = await SystemAsync();
        var check = (await ContainerFiles.ReadAsync()).Image.Single(instruction => instruction.Keyword == "HEALTHCHECK").Text;
        check.Should().EndWith("""CMD ["/app/stockmcp", "health"]""");

        var (code, output) = await system.RunAsync(part, "health");

        output.Should().BeEmpty();
        code.Should().Be(0);
    }

    [Fact]
    public async Task Commands_of_the_image_find_the_database_and_the_keys_by_the_containers_settings()
    {
        var system = await SystemAsync();

        var keys = await system.RunAsync("Authority", "keys", "list");
        var audit = await system.RunAsync("Authority", "audit", "verify");

        keys.Should().Match<(int Code, string Output)>(answer => answer.Code == 0 && answer.Output.Contains("signs from"));
        audit.Code.Should().Be(0, audit.Output);
    }

    [Fact]
    public async Task With_several_copies_a_call_goes_to_those_that_are_there()
    {
        var system = await SystemAsync();
        foreach (var (part, path) in new[] { ("Server", ".well-known/oauth-protected-resource"), ("Authority", ".well-known/oauth-authorization-server") })
        {
            foreach (var address in system.Addresses)
            {
                await system.KillAsync(part, address);
                for (var call = 0; call < 10; call++)
                {
                    using var response = await GetAsync(path);
                    response.StatusCode.Should().Be(HttpStatusCode.OK, "the other copy of {0} is there", part);
                }
                await system.StartAsync(part, address);
                await system.PassedOverNoMoreAsync();
            }
        }
    }

    [Fact, Trait("Requirement", "RC-02"), Trait("Requirement", "OX-05")]
    public async Task A_rolling_restart_under_load_loses_no_call_and_no_approval()
    {
        var system = await SystemAsync();
        using var bob = Person.Alice([system.Origin, system.Brokerage], system.Root).As("bob");
        await using var client = await ConnectAsync(system, bob, "portfolio:read", "orders:read", "orders:write");
        var pending = await CallAsync(client, "place_order", Order("96.00"));
        var waiting = CallAsync(client, "wait_for_order_approval", new() { ["approval_id"] = pending.GetProperty("approval_id").GetString(), ["wait_seconds"] = 10 });
        using var enough = new CancellationTokenSource();
        var load = new[] { "get_account", "whoami", "list_orders", "get_quote" }.Select(tool => Task.Run(async () =>
        {
            var calls = 0;
            for (; !enough.IsCancellationRequested; calls++)
            {
                await CallAsync(client, tool, tool == "get_quote" ? new() { ["symbol"] = "WAYNE" } : []);
                await Task.Delay(250); // within what one person may ask for
            }
            return calls;
        })).ToList();

        foreach (var address in system.Addresses)
        {
            await system.RestartAsync("Server", address);
            await system.RestartAsync("Authority", address);
            await system.PassedOverNoMoreAsync();
        }
        var page = new Uri(pending.GetProperty("approval_url").GetString()!);
        await bob.SubmitAsync(page, "Approve");
        await enough.CancelAsync();

        (await Task.WhenAll(load)).Should().OnlyContain(calls => calls > 10, "each call was answered, and well");
        (await waiting).GetProperty("status").GetString().Should().Be("approval_pending");
        (await EndAsync(client, pending)).GetProperty("status").GetString().Should().Be("placed");
        (await CallAsync(client, "list_orders", [])).GetProperty("orders").GetArrayLength().Should().Be(1);
    }

    [Fact, Trait("Requirement", "PX-01")]
    public async Task Limits_count_who_called_caddy_and_not_what_a_header_says()
    {
        var system = await SystemAsync();
        using var caller = new HttpClient(Https.Trusting(system.Root, from: IPAddress.Parse("127.0.0.9")));
        var answers = new List<HttpStatusCode>();
        for (var attempt = 0; attempt < 11; attempt++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(system.Origin, "connect/register"))
            {
                Content = JsonContent.Create(new { redirect_uris = new[] { "http://localhost:33418/callback" }, client_name = "Many", token_endpoint_auth_method = "none" }),
                Headers = { { "X-Forwarded-For", $"203.0.113.{attempt}" } },
            };
            using var response = await caller.SendAsync(request);
            answers.Add(response.StatusCode);
        }
        answers.Should().Equal([.. Enumerable.Repeat(HttpStatusCode.Created, 10), HttpStatusCode.TooManyRequests]);

        using var other = new HttpClient(Https.Trusting(system.Root, from: IPAddress.Parse("127.0.0.10")));
        using var welcome = await other.PostAsJsonAsync(new Uri(system.Origin, "connect/register"), new { redirect_uris = new[] { "http://localhost:33418/callback" }, client_name = "One", token_endpoint_auth_method = "none" });
        welcome.StatusCode.Should().Be(HttpStatusCode.Created, "the limit is the other caller's, not Caddy's");
    }

    [Fact, Trait("Requirement", "PX-02")]
    public async Task The_authority_keeps_in_its_volume_only_the_vaults_keys_and_mail_that_it_could_not_send()
    {
        var system = await SystemAsync();
        Directory.EnumerateFileSystemEntries(system.DataOf("Authority")).Select(Path.GetFileName).Should().BeSubsetOf(["vault-keys", "outbox"]).And.Contain("vault-keys");
        Directory.EnumerateFileSystemEntries(system.DataOf("Server")).Should().BeEmpty("it keeps nothing");
    }

    // A client that nobody configured: it finds all else from the address.
    private Task<McpClient> ConnectAsync(ContainerSystem system, Person person, params string[] scopes) => McpClient.CreateAsync(new HttpClientTransport(new()
    {
        Endpoint = new Uri(system.Origin, "mcp"),
        OAuth = new()
        {
            RedirectUri = new Uri("http://localhost:1179/callback"),
            DynamicClientRegistration = new() { ClientName = "Container test client" },
            ScopeSelector = asked => scopes.Length > 0 ? scopes : asked,
            AuthorizationCallbackHandler = async (context, _) =>
            {
                var answer = QueryHelpers.ParseQuery((await person.AuthorizeAsync(context.AuthorizationUri)).Query);
                return new AuthorizationResult { Code = answer["code"], State = answer["state"], Iss = answer["iss"] };
            },
        },
    }, http!), new() { InitializationTimeout = TimeSpan.FromMinutes(5) }); // the person signs in meanwhile

    private static Dictionary<string, object?> Order(string limit) => new()
    {
        ["symbol"] = "WAYNE",
        ["side"] = "buy",
        ["quantity"] = "1",
        ["order_type"] = "limit",
        ["limit_price"] = limit,
        ["time_in_force"] = "gtc",
        ["wait_seconds"] = 0,
    };

    private static async Task<JsonElement> EndAsync(McpClient client, JsonElement pending)
    {
        var ended = pending;
        for (var tries = 0; tries < 6 && ended.GetProperty("status").GetString() is "approval_pending" or "executing" or "unknown"; tries++)
            ended = await CallAsync(client, "wait_for_order_approval", new() { ["approval_id"] = pending.GetProperty("approval_id").GetString(), ["wait_seconds"] = 20 });
        return ended;
    }

    private static async Task<JsonElement> CallAsync(McpClient client, string tool, Dictionary<string, object?> arguments)
    {
        var result = await client.CallToolAsync(tool, arguments);
        result.IsError.Should().NotBe(true, JsonSerializer.Serialize(result.Content));
        return result.StructuredContent!.Value;
    }

    private async Task<HttpResponseMessage> GetAsync(string path) => await (await ClientAsync()).GetAsync(new Uri((await SystemAsync()).Origin, path));

    private async Task<HttpClient> ClientAsync()
    {
        await SystemAsync();
        return http!;
    }

    private async Task<ContainerSystem> SystemAsync()
    {
        var system = await fixture.SystemAsync();
        http ??= new HttpClient(Https.Trusting(system.Root));
        return system;
    }

    /// <summary>One system for all of these tests, started by the first that runs.</summary>
    public sealed class Fixture : IAsyncDisposable
    {
        private readonly Lazy<Task<ContainerSystem>> system;

        public Fixture(Images images) => system = new(() => ContainerSystem.StartAsync(images));

        internal Task<ContainerSystem> SystemAsync() => system.Value;

        public async ValueTask DisposeAsync()
        {
            if (system.IsValueCreated) await (await system.Value).DisposeAsync();
        }
    }
}
