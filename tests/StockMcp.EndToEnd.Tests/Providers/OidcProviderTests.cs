using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Authentication;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
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
    private readonly Uri broker = new($"http://localhost:{FreePorts.Take()}/");
    private readonly ConcurrentQueue<string> brokerSaw = [];
    private readonly CapturedLogs logs = new();
    private readonly List<WebApplication> apps = [];
    private ForeignProcess? provider;

    private string SecretFile => Path.Combine(home, "secret");

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(SecretFile, Secret);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(broker.AbsoluteUri);
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/v2/account", (HttpRequest request) =>
        {
            brokerSaw.Enqueue(request.Headers.Authorization.ToString());
            return Results.Text(File.ReadAllText(Path.Combine(Toolbox.Repository, "tests", "StockMcp.EndToEnd.Tests", "Brokers", "alpaca", "account.json")), "application/json");
        });
        apps.Add(app);
        await app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var app in Enumerable.Reverse(apps)) await app.DisposeAsync();
        if (provider is not null) await provider.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(home, recursive: true);
    }

    [Fact, Trait("Requirement", "RS-02")]
    public async Task It_takes_the_authoritys_place_with_registration_resource_indicators_and_an_exchange()
    {
        await StartProviderAsync(new
        {
            registration = true,
            resource = new Uri(server, "mcp").AbsoluteUri,
            clients = new[] { new { client_id = "stockmcp-server", client_secret = Secret, grant_types = new[] { "urn:ietf:params:oauth:grant-type:token-exchange" }, redirect_uris = Array.Empty<string>(), response_types = Array.Empty<string>() } },
        });
        apps.Add(await DocumentedApp.StartAsync(Server.Program.Build, home, "providers/oidc-provider.server.json", Rewrite, server, [$"--Authority:ClientSecretFile={SecretFile}"], logs.For("Server")));
        using var alice = Person.Alice([op], root: null);
        var tokens = new SeenTokens();

        await using var client = await ConnectAsync(alice, tokens);
        var account = await client.CallToolAsync("get_account");

        account.IsError.Should().NotBe(true, JsonSerializer.Serialize(account.Content));
        account.StructuredContent.ToString().Should().Contain("198783.05");
        var upstream = brokerSaw.Should().ContainSingle().Subject["Bearer ".Length..];
        tokens.AccessTokens.Should().ContainSingle().Which.Should().NotBe(upstream, "the agent's token never goes upstream");
        var whoami = await client.CallToolAsync("whoami");
        whoami.IsError.Should().NotBe(true, JsonSerializer.Serialize(whoami.Content));
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
        apps.Add(await DocumentedApp.StartAsync(Server.Program.Build, home, "brokers/alpaca.server.json", text => text.Replace("https://paper-api.alpaca.markets/", broker.AbsoluteUri, StringComparison.Ordinal), server,
            [$"--Authority:Issuer={authority}", $"--Authority:ClientSecretFile={SecretFile}"], logs.For("Server")));
        using var alice = Person.Alice([op, authority], root: null);
        var tokens = new SeenTokens();

        await using var client = await ConnectAsync(alice, tokens);
        var whoami = await client.CallToolAsync("whoami");
        var account = await client.CallToolAsync("get_account");

        whoami.Content.OfType<TextContentBlock>().Single().Text.Should().Contain("Alice Liddell").And.Contain("Your bank");
        account.IsError.Should().NotBe(true, JsonSerializer.Serialize(account.Content));
        account.StructuredContent.ToString().Should().Contain("198783.05");
        brokerSaw.Should().ContainSingle();
        provider!.Output.Should().NotContain("invalid_", "the provider refused nothing");
    }

    private async Task StartProviderAsync(object options)
    {
        provider = ForeignProcess.StartScript("oidc-provider.mjs", [$"{op.Port}", JsonSerializer.Serialize(options)]);
        await provider.ReadUntilAsync(new Regex("^listening$", RegexOptions.Multiline, ForeignProcess.Patience));
    }

    private string Rewrite(string settings) => settings.Replace("https://op.example.com", op.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal).Replace("https://broker.example.com/", broker.AbsoluteUri, StringComparison.Ordinal);

    private Task<McpClient> ConnectAsync(Person person, SeenTokens tokens) => McpClient.CreateAsync(new HttpClientTransport(new()
    {
        Endpoint = new Uri(server, "mcp"),
        OAuth = new()
        {
            RedirectUri = new Uri("http://localhost:1179/callback"),
            DynamicClientRegistration = new() { ClientName = "Test client" },
            TokenCache = tokens,
            AuthorizationCallbackHandler = async (context, _) =>
            {
                var answer = QueryHelpers.ParseQuery((await person.AuthorizeAsync(context.AuthorizationUri)).Query);
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
