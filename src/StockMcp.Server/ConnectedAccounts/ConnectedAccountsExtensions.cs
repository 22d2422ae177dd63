using Microsoft.Extensions.Http.Resilience;
using StockMcp.Tools.Connections;

namespace StockMcp.Server.ConnectedAccounts;

/// <summary>The list of connected accounts, from the Authority.</summary>
public static class ConnectedAccountsExtensions
{
    /// <summary>Adds <see cref="IConnectedAccounts"/> for the current caller.</summary>
    public static void AddConnectedAccounts(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddScoped<IConnectedAccounts, AuthorityAccounts>();
        builder.Services.AddHttpClient(AuthorityAccounts.HttpClientName, http =>
        {
            http.Timeout = TimeSpan.FromSeconds(10);
            http.MaxResponseContentBufferSize = 64 * 1024;
        })
        .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(5) })
        .AddStandardResilienceHandler(resilience =>
        {
            resilience.Retry.DisableForUnsafeHttpMethods();
            resilience.Retry.MaxRetryAttempts = 1;
            resilience.Retry.Delay = TimeSpan.FromMilliseconds(200);
            resilience.AttemptTimeout.Timeout = TimeSpan.FromSeconds(3);
            resilience.TotalRequestTimeout.Timeout = TimeSpan.FromSeconds(5);
            resilience.CircuitBreaker.MinimumThroughput = 10;
        });
    }
}
