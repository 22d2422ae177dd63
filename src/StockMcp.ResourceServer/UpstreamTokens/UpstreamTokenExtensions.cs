using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Polly;
using StockMcp.Hosting;
using StockMcp.ResourceServer.Sealing;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.Tools.Connections;

namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>Upstream tokens by token exchange (RFC 8693), remembered in memory and in Redis.</summary>
public static class UpstreamTokenExtensions
{
    private const int KeyBytes = 32;

    /// <summary>Adds <see cref="IUpstreamTokens"/> for the current caller.</summary>
    /// <exception cref="StartupException">A key, a secret or the connection string cannot be read.</exception>
    public static void AddUpstreamTokens(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        services.AddOptions<UpstreamTokenOptions>()
            .BindConfiguration(UpstreamTokenOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations()
            .Validate(options => options.Scopes.All(line => line is { Scope.Length: > 0, Upstream.Count: > 0 }), UpstreamTokenOptions.Section + ":Scopes needs a Scope and at least one Upstream in each line.")
            .Validate(options => options.ConnectPage is null or { IsAbsoluteUri: true, Scheme: "https" } or { IsAbsoluteUri: true, Scheme: "http", IsLoopback: true }, UpstreamTokenOptions.Section + ":ConnectPage must be an absolute https URL, or http on loopback.")
            .ValidateOnStart();

        var cacheKey = CacheKey(builder.Configuration);
        var seal = new TokenSeal(cacheKey);
        services.AddSingleton(new SharedKey(cacheKey));
        services.AddSingleton<AuthorityCredentials>();
        services.AddSingleton(_ => seal);
        var secret = SecretFile.Setting(builder.Configuration, AuthorityOptions.Section + ":ClientSecret");
        var keyFile = builder.Configuration[AuthorityOptions.Section + ":ClientKeyFile"];
        if (builder.Environment.IsProduction()) CheckCredentials(secret, keyFile);
        services.AddSingleton(new AuthoritySecret(secret));
        if (keyFile is { Length: > 0 })
        {
            var key = AuthorityKey.Read(keyFile);
            services.AddSingleton(provider => new AuthorityKey(key, provider.GetRequiredService<IOptions<AuthorityOptions>>().Value, provider.GetRequiredService<TimeProvider>()));
        }
        var redis = SecretFile.Setting(builder.Configuration, "ConnectionStrings:Redis");
        CheckRedis(redis);
        services.AddSingleton(provider => new SharedTokens(redis, seal, provider.GetRequiredService<ILogger<SharedTokens>>()));
        services.AddSingleton<UpstreamTokenCache>();
        services.AddSingleton<IExchangeDialect>(provider => provider.GetRequiredService<IOptions<UpstreamTokenOptions>>().Value.Dialect switch
        {
            Auth0Dialect.Name => new Auth0Dialect(),
            EntraDialect.Name => new EntraDialect(),
            _ => new Rfc8693Dialect(),
        });
        services.AddSingleton<TokenExchange>();
        services.AddScoped<ExchangedTokens>();
        services.AddScoped<IUpstreamTokens>(provider => provider.GetRequiredService<ExchangedTokens>());

        services.AddHttpClient(TokenExchange.HttpClientName, http =>
        {
            http.Timeout = Timeout.InfiniteTimeSpan; // the pipeline below has the time in hand
            http.MaxResponseContentBufferSize = 64 * 1024;
            http.DefaultRequestHeaders.UserAgent.ParseAdd("StockMcp");
        })
        .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(5) })
        .AddResilienceHandler("token-exchange", static (pipeline, context) =>
        {
            var options = context.ServiceProvider.GetRequiredService<IOptions<UpstreamTokenOptions>>().Value;
            // An exchange may rotate a refresh token behind it: a lost answer is not asked for twice.
            pipeline.AddConcurrencyLimiter(options.Concurrency, queueLimit: 10_000);
            pipeline.AddTimeout(options.Timeout);
            pipeline.AddCircuitBreaker(new HttpCircuitBreakerStrategyOptions { FailureRatio = 0.5, MinimumThroughput = 10, SamplingDuration = TimeSpan.FromSeconds(10), BreakDuration = TimeSpan.FromSeconds(5) });
        });
    }

    // PX-02. Without them, the first exchange would fail; with a short one, it could be guessed.
    private static void CheckCredentials(string? secret, string? keyFile)
    {
        const string Name = AuthorityOptions.Section + ":ClientSecret";
        if (keyFile is { Length: > 0 }) return;
        if (secret is null) throw new StartupException($"{Name}File is not set. Set it to the file that holds this server's secret at the authorization server, or {AuthorityOptions.Section}:ClientKeyFile to its key.");
        SecretFile.RefuseShort(secret, Name);
    }

    private static byte[] CacheKey(IConfiguration configuration)
    {
        const string Name = UpstreamTokenOptions.Section + ":CacheKey";
        if (SecretFile.Setting(configuration, Name) is not { } text) return SecretFile.ReadOrCreate(Path.Combine(DataDirectory.From(configuration), "cache.secret"));
        var key = new byte[KeyBytes];
        return Convert.TryFromBase64String(text, key, out var length) && length == KeyBytes ? key : throw new StartupException($"{Name} does not hold 32 bytes in base64. Make some with: openssl rand -base64 32");
    }

    private static void CheckRedis(string? connectionString)
    {
        if (string.IsNullOrWhiteSpace(connectionString)) return;
        try
        {
            SharedTokens.Options(connectionString);
        }
        catch (ArgumentException exception)
        {
            throw new StartupException($"ConnectionStrings:Redis cannot be read ({exception.Message.ReplaceLineEndings(" ")}). Write host:port, and options behind commas, for example redis:6379,ssl=true; leave it empty for none.", exception);
        }
    }
}
