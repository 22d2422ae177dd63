using Microsoft.Extensions.Options;
using StockMcp.ResourceServer.Sealing;
using StockMcp.ResourceServer.TokenValidation;
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
        services.AddOptions<AuthorityOptions>()
            .Validate(options => options.ApprovalsPage is null || options.ApprovalsApi == "", $"{AuthorityOptions.Section}:ApprovalsPage is for an authorization server other than the Authority. Set {AuthorityOptions.Section}:ApprovalsApi to an empty text with it, or leave it out.")
            .Validate(options => options.ApprovalsPage is null or { IsAbsoluteUri: true, Scheme: "https" } or { IsAbsoluteUri: true, Scheme: "http", IsLoopback: true }, $"{AuthorityOptions.Section}:ApprovalsPage must be an absolute https URL, or http on loopback.");
        services.AddSingleton<BackchannelClient>();
        services.AddSingleton<ServerToken>();
        services.AddSingleton<IApprovals>(provider => provider.GetRequiredService<IOptions<AuthorityOptions>>().Value.ApprovalsPage is null
            ? ActivatorUtilities.CreateInstance<ApprovalsClient>(provider) : ActivatorUtilities.CreateInstance<StandardApprovals>(provider, provider.GetRequiredService<SharedKey>().Value));
        services.AddSingleton(provider => new ReviewSeal(provider.GetRequiredService<SharedKey>().Value, provider.GetRequiredService<TimeProvider>()));
        services.AddScoped<IOrderApprovals, OrderApprovals>();
        services.AddScoped<IReviewIds, ReviewIds>();
        services.AddScoped(provider => ApprovalPage.Of(provider.GetRequiredService<IHttpContextAccessor>().HttpContext));
        services.AddHttpClient(BackchannelClient.HttpClientName, http =>
        {
            http.Timeout = Timeout.InfiniteTimeSpan; // each request knows how long its answer may be held back
            http.MaxResponseContentBufferSize = 1024 * 1024;
            http.DefaultRequestHeaders.UserAgent.ParseAdd("StockMcp");
        })
        .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(5) });
    }
}
