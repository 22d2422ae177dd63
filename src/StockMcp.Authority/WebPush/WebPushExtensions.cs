using System.Reflection;
using Microsoft.Extensions.Options;
using StockMcp.Authority.ClientMetadataDocuments;

namespace StockMcp.Authority.WebPush;

/// <summary>Notifications of approvals in browsers (Web Push: RFC 8030, 8291, 8292).</summary>
public static class WebPushExtensions
{
    internal const string ServiceWorker = "/service-worker.js";
    internal const string Client = "web-push";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>Adds keys, subscriptions, and who sends.</summary>
    public static void AddWebPush(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var production = builder.Environment.IsProduction();
        builder.Services.AddOptions<WebPushOptions>()
            .BindConfiguration(WebPushOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .Validate(options => !(production && options.AllowLoopback), WebPushOptions.Section + ":AllowLoopback is for development: it would let anybody make this server send to its own computer. Remove it.")
            .Validate(options => options.Contact is null || (Uri.TryCreate(options.Contact, UriKind.Absolute, out var url) && url.Scheme is "mailto" or "https"), WebPushOptions.Section + ":Contact must be a mailto: or https: URL.")
            .ValidateOnStart();
        builder.Services.AddScoped<BrowserSubscriptions>();
        builder.Services.AddScoped<VapidKeys>();
        // Push services are hosts that browsers name: strangers.
        builder.Services.AddHttpClient(Client, http => (http.Timeout, http.MaxResponseContentBufferSize) = (s_patience, 16 * 1024))
            .ConfigurePrimaryHttpMessageHandler(services => new GlobalConnection(services.GetRequiredService<IOptions<WebPushOptions>>().Value.AllowLoopback).NewHandler());
        builder.Services.AddHostedService<PushSender>();
    }

    /// <summary><c>/service-worker.js</c>: at the root, for its place is what it may serve.</summary>
    public static void MapWebPush(this IEndpointRouteBuilder routes) => routes.MapGet(ServiceWorker, (HttpContext context) =>
    {
        context.Response.Headers.CacheControl = "no-cache";
        return Results.Stream(Assembly.GetExecutingAssembly().GetManifestResourceStream("StockMcp.Authority.Assets.service-worker.js")!, "text/javascript");
    }).AllowAnonymous();
}
