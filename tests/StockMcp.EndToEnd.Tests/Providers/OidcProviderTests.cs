using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.WebUtilities;
using ModelContextProtocol.Authentication;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using StockMcp.EndToEnd.Tests.Brokers;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;
using Tool = StockMcp.Testing.ForeignClients.Tool;

namespace StockMcp.EndToEnd.Tests.Providers;

/// <summary>npm oidc-provider, run for real, by the settings files of docs/providers: as the MCP server's own authorization server, and behind the Authority where it registers nobody.</summary>
[Requires(Tool.Node)]
public sealed class OidcProviderTests : IAsyncLifetime
{
    private const string Secret = "one-secret-of-more-than-32-characters";
    private readonly string home = Directory.CreateTempSubdirectory("stockmcp-op-").FullName;
    private readonly Uri op = new($"http://localhost:{FreePorts.Take()}/");
    private readonly Uri server = new($"http://localhost:{FreePorts.Take()}/");
    private readonly Uri authority = new($"http://localhost:{FreePorts.Take()}/");
    private readonly CapturedLogs logs = new();
    private readonly List<WebApplication> apps = [];
    private AlpacaStandIn broker = null!;
    private ForeignProcess? provider;

    private string SecretFile => Path.Combine(home, "secret");

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(SecretFile, Secret);
        broker = await AlpacaStandIn.StartAsync();
        broker.ForeignScopes = token => token.Length > 0 ? "trading" : null; // the provider's tokens are the broker's here
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var app in Enumerable.Reverse(apps)) await app.DisposeAsync();
        await broker.DisposeAsync();
        if (provider is not null) await provider.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(home, recursive: true);
    }

    [Fact, Trait("Requirement", "RS-02")]
    public async Task It_takes_the_authoritys_place_with_registration_resource_indicators_and_an_exchange()
    {
        await StartInTheAuthoritysPlaceAsync();
        using var alice = Person.Alice([op], root: null);
        var tokens = new SeenTokens();

        await using var client = await ConnectAsync(alice, tokens);
        var account = await client.CallToolAsync("get_account");

        account.IsError.Should().NotBe(true, JsonSerializer.Serialize(account.Content));
        account.StructuredContent.ToString().Should().Contain("198783.05");
        var upstream = broker.Bearers.Should().ContainSingle().Subject;
        tokens.AccessTokens.Should().ContainSingle().Which.Should().NotBe(upstream, "the agent's token never goes upstream");
        var whoami = await client.CallToolAsync("whoami");
        whoami.IsError.Should().NotBe(true, JsonSerializer.Serialize(whoami.Content));
    }

    [Fact, Trait("Requirement", "OX-02"), Trait("Requirement", "CB-07")]
    public async Task It_asks_people_for_orders_by_its_own_backchannel_authentication_and_each_yes_is_one_order()
    {
        await StartInTheAuthoritysPlaceAsync();
        using var alice = Person.Alice([op], root: null);
        var tokens = new SeenTokens();
        await using var client = await ConnectAsync(alice, tokens, "orders:read", "orders:write");
        var approvals = new Uri(op, "approvals");

        var pending = await PlaceAsync("1");

        pending["status"]!.GetValue<string>().Should().Be("approval_pending", pending.ToJsonString());
        pending["approval_url"]!.GetValue<string>().Should().Be(approvals.AbsoluteUri);
        (await alice.ReadAsync(approvals)).Should().Contain(pending["code"]!.GetValue<string>()).And.Contain("&#34;max_total&#34;:&#34;240.00&#34;", "they are asked about the order itself");
        (await PlaceAsync("1"))["approval_id"]!.GetValue<string>().Should().Be(pending["approval_id"]!.GetValue<string>(), "the same order is not asked for twice");
        broker.OrderPosts.Should().Be(0, "nothing is sent before the yes");
        await alice.SubmitAsync(approvals, "Approve");
        var placed = await EndAsync(pending);
        placed["status"]!.GetValue<string>().Should().Be("placed", placed.ToJsonString());
        broker.OrderPosts.Should().Be(1);
        broker.Bearers.Should().NotContain(token => tokens.AccessTokens.Contains(token));

        var denied = await PlaceAsync("2");
        await alice.SubmitAsync(approvals, "Deny");
        (await EndAsync(denied))["status"]!.GetValue<string>().Should().Be("denied");
        broker.OrderPosts.Should().Be(1);

        (await client.CallToolAsync("get_trading_limits")).IsError.Should().BeTrue("limits are the Authority's");

        async Task<JsonNode> PlaceAsync(string quantity) => Answer(await client.CallToolAsync("place_order", new Dictionary<string, object?> { ["symbol"] = "AAPL", ["side"] = "buy", ["quantity"] = quantity, ["order_type"] = "limit", ["limit_price"] = "240.00", ["wait_seconds"] = 0 }));

        async Task<JsonNode> EndAsync(JsonNode asked) => Answer(await client.CallToolAsync("wait_for_order_approval", new Dictionary<string, object?> { ["approval_id"] = asked["approval_id"]!.GetValue<string>(), ["wait_seconds"] = 60 }));

        static JsonNode Answer(CallToolResult result) => JsonNode.Parse(JsonSerializer.Serialize(result.StructuredContent))!;
    }

    [Fact, Trait("Requirement", "TV-02")]
    public async Task Where_it_registers_nobody_the_authority_in_front_of_it_does()
    {
        await StartProviderAsync(new
        {
            registration = false,
            clients = new[]
            {
                new
                {
                    client_id = "stockmcp-authority", client_secret = Secret, grant_types = new[] { "authorization_code", "refresh_token" }, response_types = new[] { "code" },
                    redirect_uris = new[] { new Uri(authority, "callback/brokerage").AbsoluteUri },
                },
            },
        });
        apps.Add(await DocumentedApp.StartAsync(Authority.Program.Build, home, "providers/oidc-provider.authority.json", Rewrite, authority,
            [$"--Connections:brokerage:ClientSecretFile={SecretFile}", .. DocumentedApp.AuthorityArguments(authority, server, SecretFile)], logs.For("Authority")));
        apps.Add(await DocumentedApp.StartAsync(Server.Program.Build, home, "brokers/alpaca.server.json", broker.Rewrite, server,
            [$"--Authority:Issuer={authority}", $"--Authority:ClientSecretFile={SecretFile}"], logs.For("Server")));
        using var alice = Person.Alice([op, authority], root: null);
        var tokens = new SeenTokens();

        await using var client = await ConnectAsync(alice, tokens);
        var whoami = await client.CallToolAsync("whoami");
        var account = await client.CallToolAsync("get_account");

        whoami.Content.OfType<TextContentBlock>().Single().Text.Should().Contain("Alice Liddell").And.Contain("Your bank");
        account.IsError.Should().NotBe(true, JsonSerializer.Serialize(account.Content));
        account.StructuredContent.ToString().Should().Contain("198783.05");
        broker.Requests.Should().ContainSingle();
        provider!.Output.Should().NotContain("invalid_", "the provider refused nothing");
    }

    private async Task StartInTheAuthoritysPlaceAsync()
    {
        await StartProviderAsync(new
        {
            registration = true,
            resource = new Uri(server, "mcp").AbsoluteUri,
            clients = new[]
            {
                new
                {
                    client_id = "stockmcp-server", client_secret = Secret, grant_types = new[] { "urn:ietf:params:oauth:grant-type:token-exchange", "urn:openid:params:grant-type:ciba" },
                    redirect_uris = Array.Empty<string>(), response_types = Array.Empty<string>(), backchannel_token_delivery_mode = "poll", authorization_details_types = new[] { "stock_order" },
                },
            },
        });
        apps.Add(await DocumentedApp.StartAsync(Server.Program.Build, home, "providers/oidc-provider.server.json", Rewrite, server,
            [$"--Authority:ClientSecretFile={SecretFile}", $"--TradingApi:MarketData:BaseUrl={broker.Url}data/", "--TradingApi:MarketData:Feed=iex", "--TradingApi:MarketData:NeedsAccount=true"], logs.For("Server")));
    }

    private async Task StartProviderAsync(object options)
    {
        provider = ForeignProcess.StartScript("oidc-provider.mjs", [$"{op.Port}", JsonSerializer.Serialize(options)]);
        await provider.ReadUntilAsync(new Regex("^listening$", RegexOptions.Multiline, ForeignProcess.Patience));
    }

    private string Rewrite(string settings) => settings.Replace("https://op.example.com", op.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal).Replace("https://broker.example.com/", broker.Url + "paper-api/", StringComparison.Ordinal);

    private Task<McpClient> ConnectAsync(Person person, SeenTokens tokens, params string[] scopes) => McpClient.CreateAsync(new HttpClientTransport(new()
    {
        Endpoint = new Uri(server, "mcp"),
        OAuth = new()
        {
            RedirectUri = new Uri("http://localhost:1179/callback"),
            DynamicClientRegistration = new() { ClientName = "Test client" },
            TokenCache = tokens,
            // The provider lets a client ask for what it registered with, and for no more: who is to trade says so at first.
            ScopeSelector = offered => [.. (offered ?? []).Union(scopes)],
            AuthorizationCallbackHandler = async (context, _) =>
            {
                var answer = QueryHelpers.ParseQuery((await person.AuthorizeAsync(context.AuthorizationUri)).Query);
                answer.Should().ContainKey("code", string.Join(' ', answer.Values));
                return new AuthorizationResult { Code = answer["code"], State = answer["state"], Iss = answer["iss"] };
            },
        },
    }), new() { InitializationTimeout = TimeSpan.FromMinutes(5) }); // the person signs in meanwhile

    /// <summary>Keeps the client's tokens, and shows them to the test.</summary>
    private sealed class SeenTokens : ITokenCache
    {
        private TokenContainer? last;

        public List<string> AccessTokens { get; } = [];

        public ValueTask StoreTokensAsync(TokenContainer tokens, CancellationToken cancellationToken)
        {
            last = tokens;
            AccessTokens.Add(tokens.AccessToken);
            return ValueTask.CompletedTask;
        }

        public ValueTask<TokenContainer?> GetTokensAsync(CancellationToken cancellationToken) => ValueTask.FromResult(last);
    }
}
