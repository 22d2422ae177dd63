using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Polly;

namespace StockMcp.Tools.TradingApi;

/// <summary>The client of the brokerage's API.</summary>
public static class TradingApiExtensions
{
    /// <summary>Adds it, with its settings from the section <see cref="TradingApiOptions.Section"/>.</summary>
    public static IServiceCollection AddTradingApi(this IServiceCollection services)
    {
        services.AddOptions<TradingApiOptions>()
            .BindConfiguration(TradingApiOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations()
            .Validate(options => IsSafe(options.BaseUrl), TradingApiOptions.Section + ":BaseUrl must be an absolute https URL, or http on loopback: a token travels to it.")
            .Validate(options => IsSafe(options.MarketData.BaseUrl), TradingApiOptions.Section + ":MarketData:BaseUrl must be an absolute https URL, or http on loopback: a token may travel to it.")
            .Validate(options => options.MarketData.Feed is not { } feed || (feed.Length is > 0 and <= 32 && feed.All(character => char.IsAsciiLetterOrDigit(character) || character == '_')),
                TradingApiOptions.Section + ":MarketData:Feed must be up to 32 letters, digits or underscores, such as iex.")
            .ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);

        AddClient<TradingClient>(services, "trading-api");
        AddClient<OrderDesk>(services, "order-desk"); // with a breaker of its own: questions that fail do not hold an approved order back
        return services;
    }

    /// <summary>A base URL with a slash at its end, so that paths go below it.</summary>
    internal static Uri Base(Uri url) => url.AbsoluteUri.EndsWith('/') ? url : new Uri(url.AbsoluteUri + "/");

    private static bool IsSafe(Uri? url) => url is null or { IsAbsoluteUri: true, Query: "", Fragment: "", UserInfo: "" } and ({ Scheme: "https" } or { Scheme: "http", IsLoopback: true });

    // The brokerage limits how often each account asks, and says for how long: to ask again at once makes it longer, and another account has a limit of its own.
    private static bool IsFailure(Outcome<HttpResponseMessage> outcome) => outcome.Result?.StatusCode != HttpStatusCode.TooManyRequests && HttpClientResiliencePredicates.IsTransient(outcome);

    private static void AddClient<TClient>(IServiceCollection services, string name) where TClient : class => services.AddHttpClient<TClient>((provider, http) =>
        {
            var options = provider.GetRequiredService<IOptions<TradingApiOptions>>().Value;
            http.BaseAddress = Base(options.BaseUrl!);
            http.MaxResponseContentBufferSize = options.LargestAnswer;
            http.Timeout = Timeout.InfiniteTimeSpan; // the pipeline below has the time in hand
            http.DefaultRequestHeaders.UserAgent.ParseAdd("StockMcp");
        })
        // Redirects would carry the token to a host that nobody configured (UP-02).
        .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(5) })
        .AddResilienceHandler(name, static (pipeline, context) =>
        {
            var options = context.ServiceProvider.GetRequiredService<IOptions<TradingApiOptions>>().Value;
            pipeline.AddConcurrencyLimiter(options.Concurrency, queueLimit: 10_000);
            pipeline.AddTimeout(options.Timeout);
            // A POST may have moved money: it is looked up by its client order id, never sent again.
            var retry = new HttpRetryStrategyOptions { MaxRetryAttempts = 2, BackoffType = DelayBackoffType.Exponential, Delay = TimeSpan.FromMilliseconds(200), UseJitter = true, ShouldHandle = arguments => ValueTask.FromResult(IsFailure(arguments.Outcome)) };
            retry.DisableForUnsafeHttpMethods();
            pipeline.AddRetry(retry);
            pipeline.AddCircuitBreaker(new HttpCircuitBreakerStrategyOptions { FailureRatio = 0.5, MinimumThroughput = 20, SamplingDuration = TimeSpan.FromSeconds(10), BreakDuration = TimeSpan.FromSeconds(5), ShouldHandle = arguments => ValueTask.FromResult(IsFailure(arguments.Outcome)) });
        });
}
