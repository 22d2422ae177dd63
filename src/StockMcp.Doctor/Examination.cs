using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using StockMcp.Doctor.Authorization;
using StockMcp.Doctor.AuthorizationServer;
using StockMcp.Doctor.Http;
using StockMcp.Doctor.McpEndpoint;
using StockMcp.Doctor.Registration;
using StockMcp.Doctor.Tokens;

namespace StockMcp.Doctor;

/// <summary>What is known of the server so far. Each fact is asked for once, by the first check that needs it.</summary>
internal sealed class Examination(Uri url, DoctorOptions options, DoctorHttp http, TimeProvider time, Action<string> tell, CancellationToken cancellationToken) : IDisposable
{
    private readonly Dictionary<string, Task> facts = [];
    private LoopbackListener? listener;

    public Uri Url => url;

    public DoctorOptions Options => options;

    public DoctorHttp Http => http;

    public TimeProvider Time => time;

    public CancellationToken Stop => cancellationToken;

    /// <summary>Says something to the person, while the examination goes on.</summary>
    public Action<string> Tell => tell;

    /// <summary>Registrations that are taken back at the end.</summary>
    public List<RegisteredClient> Registered { get; } = [];

    /// <summary>How a request without a token is answered.</summary>
    public Task<Answer> WithoutTokenAsync() => Once(() => McpSession.Initialize(this).PostAsync(null));

    /// <summary>The Bearer challenge of that answer.</summary>
    public async Task<Challenge?> ChallengeAsync() => Challenge.Of(await WithoutTokenAsync());

    public Task<Answer> PathMetadataAsync() => Once(() => http.GetAsync(Urls.MetadataOf(url), cancellationToken));

    public Task<Answer> RootMetadataAsync() => Once(() => http.GetAsync(Urls.RootMetadataOf(url), cancellationToken));

    /// <summary>The metadata that the challenge points to; <see langword="null"/> if it points nowhere.</summary>
    public Task<Answer?> ChallengedMetadataAsync() => Once(async Task<Answer?> () => await ChallengeAsync() is { } challenge && Urls.TryRead(challenge.ResourceMetadata, out var at) && !Urls.LeadsHome(at, url) ? await http.GetAsync(at, cancellationToken) : null);

    /// <summary>The protected resource metadata that a client would use: the challenge's, else those of the path, else those of the root.</summary>
    public Task<JsonObject?> ResourceMetadataAsync() => Once(async Task<JsonObject?> () =>
    {
        foreach (var answer in new[] { await ChallengedMetadataAsync(), await PathMetadataAsync(), await RootMetadataAsync() })
        {
            if (answer is { Status: 200, Json: { } metadata }) return metadata;
        }
        return null;
    });

    /// <summary>What clients send as <c>resource</c>.</summary>
    public async Task<string> ResourceAsync() => (await ResourceMetadataAsync()).Text("resource") ?? options.Url;

    /// <summary>The first authorization server that the metadata name.</summary>
    public async Task<string?> IssuerAsync() => (await ResourceMetadataAsync()).Texts("authorization_servers") is [var first, ..] ? first : null;

    /// <summary>Where its metadata were looked for, and what was found.</summary>
    public Task<Discovery?> DiscoveryAsync() => Once(async Task<Discovery?> () => Urls.TryRead(await IssuerAsync(), out var issuer) && !Urls.LeadsHome(issuer, url) ? await Discovery.RunAsync(http, issuer, cancellationToken) : null);

    public async Task<JsonObject?> ServerMetadataAsync() => (await DiscoveryAsync())?.Metadata;

    /// <summary>An endpoint of the authorization server to which requests may be sent; <see langword="null"/> if there is none.</summary>
    public async Task<Uri?> EndpointAsync(string member) => Urls.TryRead((await ServerMetadataAsync()).Text(member), out var endpoint) && Urls.IsSafe(endpoint) && !Urls.LeadsHome(endpoint, url) ? endpoint : null;

    /// <summary>The scopes that a client would ask for.</summary>
    public Task<string> ScopesAsync() => Once(async () =>
    {
        if (options.Scope is { } given) return given;
        var scopes = await ChallengeAsync() is { Scopes: { Count: > 0 } challenged } ? challenged : (await ResourceMetadataAsync()).Texts("scopes_supported") ?? [];
        var offline = (await ServerMetadataAsync()).Texts("scopes_supported")?.Contains("offline_access") is true;
        return string.Join(' ', offline ? scopes.Append("offline_access").Distinct() : scopes);
    });

    /// <summary>Where the answer of the authorization server comes back to.</summary>
    public LoopbackListener Listener => listener ??= new LoopbackListener(options.RedirectPort);

    /// <summary>The client in whose name the person signs in: a given one, or one that registers itself; <see langword="null"/> if neither may be.</summary>
    public Task<RegisteredClient?> ClientAsync() => Once(async Task<RegisteredClient?> () =>
    {
        if (options.ClientId is { } given) return new RegisteredClient(given, options.ClientSecret, options.ClientSecret is null ? "none" : "client_secret_basic");
        if (!(options.Register || options.Login) || await EndpointAsync("registration_endpoint") is not { } endpoint) return null;
        var (_, client) = await KnownClients.Doctor(Listener.RedirectUri).RegisterAsync(http, endpoint, cancellationToken);
        if (client is not null) Registered.Add(client);
        return client;
    });

    /// <summary>The authorization request of that client.</summary>
    public Task<AuthorizationRequest?> RequestAsync() => Once(async Task<AuthorizationRequest?> ()
        => await ClientAsync() is { } client && await EndpointAsync("authorization_endpoint") is { } endpoint ? new AuthorizationRequest(endpoint, client, Listener.RedirectUri, await ResourceAsync(), await ScopesAsync()) : null);

    /// <summary>What came back from the person's browser; <see langword="null"/> if nobody was asked, or nobody came back.</summary>
    public Task<IReadOnlyDictionary<string, string>?> AuthorizationResponseAsync() => Once(async Task<IReadOnlyDictionary<string, string>?> () =>
    {
        if (!options.Login || await RequestAsync() is not { } request) return null;
        tell($"Open this address in a browser and sign in; the examination waits for {options.LoginTimeout.TotalMinutes:0.#} minutes:\n\n{request.Url.AbsoluteUri}\n");
        return await Listener.WaitAsync(options.LoginTimeout, time, cancellationToken);
    });

    /// <summary>The token endpoint's answer to the code.</summary>
    public Task<TokenAnswer?> TokenAnswerAsync() => Once(async Task<TokenAnswer?> () =>
    {
        if (await AuthorizationResponseAsync() is not { } response || !response.TryGetValue("code", out var code) || await RequestAsync() is not { } request || await EndpointAsync("token_endpoint") is not { } endpoint) return null;
        if (response.GetValueOrDefault("state") != request.State) return null;
        return await TokenAnswer.RedeemAsync(http, endpoint, request, new Secret(code), cancellationToken);
    });

    /// <summary>The answer to its refresh token.</summary>
    public Task<TokenAnswer?> RefreshedAsync() => Once(async Task<TokenAnswer?> () =>
        await TokenAnswerAsync() is { RefreshToken: { } refresh } && await RequestAsync() is { } request && await EndpointAsync("token_endpoint") is { } endpoint ? await TokenAnswer.RefreshAsync(http, endpoint, request, refresh, cancellationToken) : null);

    /// <summary>The token to call with: the given one, or the newest that the person's sign-in gave.</summary>
    public async Task<Secret?> TokenAsync() => options.Token ?? (await RefreshedAsync())?.AccessToken ?? (await TokenAnswerAsync())?.AccessToken;

    /// <summary>Says why there is no token.</summary>
    public async Task<Verdict> NoTokenAsync() => Verdict.Skipped(
        options.Login ? await TokenAnswerAsync() is null ? "Signing in gave no token: see the steps above." : "The token endpoint gave no token: see the steps above." : "Needs a token: run again with --login to sign in, or give one with --token.");

    /// <summary>MCP with the token, in the newest revision that the server speaks to us; <see langword="null"/> if it speaks none.</summary>
    public Task<McpSession?> SessionAsync() => Once(async Task<McpSession?> () => await TokenAsync() is { } token ? await McpSession.OpenAsync(this, token) : null);

    /// <summary>The answer to tools/list, all pages.</summary>
    public Task<IReadOnlyList<JsonObject>?> ToolsAsync() => Once(async Task<IReadOnlyList<JsonObject>?> () => await SessionAsync() is { } session ? await session.ListToolsAsync() : null);

    public void Dispose() => listener?.Dispose();

    private Task<T> Once<T>(Func<Task<T>> ask, [CallerMemberName] string fact = "")
    {
        if (!facts.TryGetValue(fact, out var known)) facts[fact] = known = ask();
        return (Task<T>)known;
    }
}
