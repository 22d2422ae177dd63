using StockMcp.ResourceServer.Sealing;
using StockMcp.Server.Elicitation;
using StockMcp.Tools.OrderApprovals;

namespace StockMcp.Server.Approvals;

/// <summary>A person's yes to one order: backchannel authentication (OpenID CIBA Core) with authorization details (RFC 9396). Nothing here can approve anything.</summary>
public static class ApprovalExtensions
{
    /// <summary>Adds <see cref="IOrderApprovals"/> for the current caller.</summary>
    public static void AddApprovals(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        services.AddSingleton<ServerToken>();
        services.AddSingleton<ApprovalsClient>();
        services.AddSingleton(provider => new ReviewSeal(provider.GetRequiredService<SharedKey>().Value, provider.GetRequiredService<TimeProvider>()));
        services.AddScoped<IOrderApprovals, OrderApprovals>();
        services.AddScoped<IReviewIds, ReviewIds>();
        services.AddScoped(provider => ApprovalPage.Of(provider.GetRequiredService<IHttpContextAccessor>().HttpContext));
        services.AddHttpClient(ApprovalsClient.HttpClientName, http =>
        {
            http.Timeout = Timeout.InfiniteTimeSpan; // each request knows how long its answer may be held back
            http.MaxResponseContentBufferSize = 1024 * 1024;
            http.DefaultRequestHeaders.UserAgent.ParseAdd("StockMcp");
        })
        .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(5) });
    }
}
