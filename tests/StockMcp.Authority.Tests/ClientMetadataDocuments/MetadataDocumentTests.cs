using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StockMcp.Authority.ClientMetadataDocuments;
using StockMcp.Authority.Registration;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.ClientMetadataDocuments;

public sealed class MetadataDocumentTests
{
    private static readonly Dictionary<string, string?> s_development = new() { ["ClientMetadataDocuments:Enabled"] = "true", ["ClientMetadataDocuments:AllowLoopback"] = "true" };

    [Fact, Trait("Requirement", "CM-04"), Trait("Requirement", "AS-08")]
    public async Task A_client_that_is_a_url_connects_and_its_document_is_read_once()
    {
        await using var system = await StartAsync();
        await using var host = await DocumentHost.StartAsync();
        using var alice = Person.Alice(system);
        var agent = Agent(system, host);

        var tokens = await agent.ConnectAsync(alice);
        (await agent.RefreshAsync(tokens.RefreshToken!)).Status.Should().Be(HttpStatusCode.OK);

        host.Requests.Should().Be(1);
        alice.Pages.Should().Contain(page => page.Contains("Documented agent", StringComparison.Ordinal) && page.Contains($"<code>{host.Url.Authority}</code>", StringComparison.Ordinal) && page.Contains("Nobody has checked this app", StringComparison.Ordinal));
        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(system) };
        (await http.GetFromJsonAsync<JsonElement>(".well-known/oauth-authorization-server")).GetProperty("client_id_metadata_document_supported").GetBoolean().Should().BeTrue();
    }

    [Fact, Trait("Requirement", "RL-01")]
    public async Task One_address_brings_ten_new_documents_a_minute_and_known_ones_go_on()
    {
        await using var system = await StartAsync();
        await using var host = await DocumentHost.StartAsync();
        using var alice = Person.Alice(system);
        await Agent(system, host).ConnectAsync(alice);
        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(system) };

        var statuses = new List<HttpStatusCode>();
        for (var number = 0; number < 12; number++)
        {
            // Refused where it is parsed, so that none is fetched; it counts all the same.
            using var response = await http.GetAsync($"connect/authorize?client_id=http://unknown.example/{number}&response_type=code");
            statuses.Add(response.StatusCode);
            if (response.StatusCode == HttpStatusCode.TooManyRequests) response.Headers.RetryAfter!.Delta.Should().BePositive();
        }

        statuses.Should().Contain(HttpStatusCode.TooManyRequests).And.HaveElementAt(0, HttpStatusCode.BadRequest);
        await Agent(system, host).ConnectAsync(alice);
    }

    [Fact, Trait("Requirement", "CM-05")]
    public async Task A_changed_name_or_redirect_uri_voids_the_consent_and_a_removed_uri_is_refused()
    {
        var clock = new ShiftedClock();
        await using var system = await StartAsync(clock);
        await using var host = await DocumentHost.StartAsync();
        using var alice = Person.Alice(system);
        alice.SecFetchSite = "none";
        var agent = Agent(system, host);
        await agent.ConnectAsync(alice);
        (await ConsentPagesAsync()).Should().Be(0);

        clock.Advance(TimeSpan.FromMinutes(61));
        (await ConsentPagesAsync()).Should().Be(0, "it was read again, and is the same");
        host.Serve(host.Document("Your bank"));
        clock.Advance(TimeSpan.FromMinutes(61));
        (await ConsentPagesAsync()).Should().Be(1);

        var moved = host.Document("Your bank");
        moved["redirect_uris"] = new[] { "https://elsewhere.example/callback" };
        host.Serve(moved);
        clock.Advance(TimeSpan.FromMinutes(61));
        using var response = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, agent.Flow().AuthorizationUrl));
        (response.StatusCode, response.Headers.Location).Should().Be((HttpStatusCode.BadRequest, null));

        async Task<int> ConsentPagesAsync()
        {
            var before = alice.Pages.Count;
            await agent.ConnectAsync(alice);
            return alice.Pages.Skip(before).Count(page => page.Contains("The app calls itself", StringComparison.Ordinal));
        }
    }

    [Fact, Trait("Requirement", "CM-05"), Trait("Requirement", "CM-04")]
    public async Task A_failed_refetch_falls_back_to_nothing_and_is_not_remembered()
    {
        var clock = new ShiftedClock();
        await using var system = await StartAsync(clock);
        await using var host = await DocumentHost.StartAsync();
        using var alice = Person.Alice(system);
        var agent = Agent(system, host);
        var tokens = await agent.ConnectAsync(alice);
        host.Serve("gone", "text/plain", 404);
        clock.Advance(TimeSpan.FromMinutes(61));

        var authorize = alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, agent.Flow().AuthorizationUrl));
        (await agent.RefreshAsync(tokens.RefreshToken!))["error"].Should().Be("temporarily_unavailable");
        using var response = await authorize;
        (response.StatusCode, response.Headers.Location).Should().Be((HttpStatusCode.BadRequest, null));

        host.Serve(host.Document());
        (await agent.RefreshAsync(tokens.RefreshToken!)).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact, Trait("Requirement", "CM-04")]
    public async Task Requests_in_the_same_moment_share_one_fetch()
    {
        await using var system = await StartAsync();
        await using var host = await DocumentHost.StartAsync();
        var agent = Agent(system, host);

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => agent.RefreshAsync("anything")));

        answers.Should().OnlyContain(answer => answer["error"] == "invalid_grant");
        host.Requests.Should().Be(1);
    }

    [Fact, Trait("Requirement", "CM-03"), Trait("Requirement", "CM-04"), Trait("Requirement", "CM-06"), Trait("Requirement", "DC-03")]
    public async Task Every_bad_document_gets_one_answer_after_the_same_time()
    {
        await using var system = await StartAsync();
        await using var host = await DocumentHost.StartAsync();
        var services = system.Running.Authority.Services;
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        using var log = new Signal();
        using var fetcher = new DocumentFetcher(allowLoopback: true, time);
        using var documents = new MetadataDocuments(fetcher, services.GetRequiredService<IServiceScopeFactory>(), services.GetRequiredService<IOptions<RegistrationOptions>>(), time, log);
        var key = JsonSerializer.Deserialize<JsonElement>("""{"keys":[{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA","d":"AAAA"}]}""");
        foreach (var change in new Action<Dictionary<string, object?>>[]
        {
            document => document["client_id"] = host.Url.AbsoluteUri + "/",
            document => document.Remove("client_id"),
            document => document["client_secret"] = "hunter2",
            document => document["client_secret_expires_at"] = 0,
            document => document["token_endpoint_auth_method"] = "client_secret_basic",
            document => document["token_endpoint_auth_method"] = "client_secret_jwt",
            document => (document["token_endpoint_auth_method"], document["jwks"]) = ("private_key_jwt", key),
            document => document["jwks"] = key,
            document => document["jwks_uri"] = "http://169.254.169.254/keys",
            document => document["logo_uri"] = "http://127.0.0.1/logo.png",
            document => document["redirect_uris"] = new[] { "javascript:alert(1)" },
            document => document.Remove("redirect_uris"),
            document => document["grant_types"] = new[] { "client_credentials" },
        })
        {
            var document = host.Document();
            change(document);
            host.Serve(document);
            await AnswersLateAsync();
        }
        host.Serve("not json");
        await AnswersLateAsync();
        host.Serve("[]");
        await AnswersLateAsync();
        host.Serve("""{"client_id":"a","client_id":"b"}""");
        await AnswersLateAsync();
        host.Serve("", status: 500);
        await AnswersLateAsync();

        async Task AnswersLateAsync()
        {
            var outcome = documents.ResolveAsync(host.Url.AbsoluteUri, default);
            await log.LoggedAsync();
            outcome.IsCompleted.Should().BeFalse("the reason is known, and must not be told by the time");
            while (!outcome.IsCompleted)
            {
                time.Advance(DocumentFetcher.Patience);
                await Task.Delay(1);
            }
            (await outcome).Should().Be(DocumentOutcome.Unusable);
        }
    }

    [Fact, Trait("Requirement", "CM-04")]
    public async Task Grants_that_a_document_cannot_give_are_left_out()
    {
        await using var system = await StartAsync();
        await using var host = await DocumentHost.StartAsync();
        var document = host.Document();
        document["grant_types"] = new[] { "authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange", "client_credentials" };
        host.Serve(document);
        using var alice = Person.Alice(system);
        var agent = Agent(system, host);

        var tokens = await agent.ConnectAsync(alice);

        tokens.RefreshToken.Should().BeNull();
        (await agent.ExchangeItselfAsync(tokens.AccessToken))["access_token"].Should().BeNull();
    }

    [Fact, Trait("Requirement", "CM-02"), Trait("Requirement", "CM-03")]
    public async Task Without_the_switch_this_computer_is_out_of_reach()
    {
        await using var system = await StockMcpSystem.StartAsync();
        await using var host = await DocumentHost.StartAsync();

        var plain = await Agent(system, host).RefreshAsync("anything");
        var tls = await new TestAgent(system, $"https://localhost:{host.Url.Port}/client.json", null, TestAgent.Loopback).RefreshAsync("anything");

        (plain["error"], tls["error"]).Should().Be(("invalid_client", "invalid_client"));
        plain["error_description"].Should().Be(tls["error_description"]);
        host.Requests.Should().Be(0);
    }

    [Fact, Trait("Requirement", "CM-03")]
    public async Task The_switch_does_not_start_in_production()
    {
        await using var system = await StockMcpSystem.StartAsync();
        var settings = system.Running.Authority.Services.GetRequiredService<IConfiguration>().AsEnumerable().ToList();
        await using var app = Program.Build(["--environment", "Production"], builder =>
        {
            builder.Configuration.AddInMemoryCollection(settings);
            builder.Configuration.AddInMemoryCollection(s_development);
            builder.Configuration.AddInMemoryCollection([new("Urls", "http://127.0.0.1:0")]);
            builder.Logging.ClearProviders();
        });

        (await app.Awaiting(it => it.StartAsync()).Should().ThrowAsync<OptionsValidationException>()).WithMessage("*AllowLoopback is for development*");
    }

    private static TestAgent Agent(StockMcpSystem system, DocumentHost host) => new(system, host.Url.AbsoluteUri, null, TestAgent.Loopback);

    private static Task<StockMcpSystem> StartAsync(ShiftedClock? clock = null) => StockMcpSystem.StartAsync(options => options with { AuthoritySettings = s_development }, clock);

    /// <summary>Says when something was logged.</summary>
    private sealed class Signal : ILogger<MetadataDocuments>, IDisposable
    {
        private readonly SemaphoreSlim logged = new(0);

        public Task LoggedAsync() => logged.WaitAsync();

        public void Dispose() => logged.Dispose();

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => logged.Release();
    }
}
