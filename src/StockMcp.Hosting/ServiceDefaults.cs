using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using StockMcp.Hosting.ConsoleLog;

namespace StockMcp.Hosting;

/// <summary>What every StockMcp application has: clock, public URL, health, traces, security headers, limits.</summary>
public static class ServiceDefaults
{
    /// <summary>Tag of the checks that must pass before requests are sent here; the others only say that the process lives.</summary>
    public const string Ready = "ready";

    /// <summary>Tag of the checks that say whether this copy will go on taking requests, whatever it needs for them.</summary>
    public const string Serving = "serving";

    /// <summary>The prefix of every activity source of ours.</summary>
    public const string ActivitySources = "StockMcp.*";

    /// <summary>Adds the services. Call it first.</summary>
    /// <exception cref="StartupException">The setting PublicUrl is missing or wrong.</exception>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(PublicUrl.From(builder.Configuration, builder.Environment));
        builder.Services.AddHealthChecks();
        builder.AddDraining();

        // PX-03
        builder.Services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            kestrel.Limits.MaxRequestBodySize = 256 * 1024;
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
            kestrel.Limits.MaxConcurrentConnections = 10_000;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 100;
        });

        builder.Services.Configure<FormOptions>(form => (form.ValueCountLimit, form.KeyLengthLimit, form.MultipartBodyLengthLimit) = (200, 256, 256 * 1024));

        builder.Logging.BatchConsoleLines();
        // Requests and SQL are traced, not logged: their query strings and parameters hold codes and tokens (LG-01).
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore", LogLevel.Warning);
        builder.Logging.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning);
        builder.Logging.AddFilter("OpenIddict", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Antiforgery", LogLevel.Error); // it warns of setting the same header that we set
        builder.Logging.AddFilter("Polly", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical); // ServiceHost says in one line why a start failed

        // What is traced, should anybody listen. Without somewhere to send traces to, or a listener of the host's own, a request is not described in fifteen tags that nobody reads: its trace id goes on to
        // the log, the audit and the next server all the same.
        builder.Services.ConfigureOpenTelemetryTracerProvider(tracing => tracing
            .ConfigureResource(resource => resource.AddService(builder.Environment.ApplicationName))
            .AddSource(ActivitySources)
            .AddAspNetCoreInstrumentation(options =>
            {
                options.Filter = context => !context.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal) && !context.Request.Path.StartsWithSegments("/assets", StringComparison.Ordinal);
                options.EnrichWithHttpRequest = (activity, _) => activity.SetTag("url.query", null); // codes and states travel in queries
            })
            .AddHttpClientInstrumentation());
        if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 }) builder.Services.AddOpenTelemetry().WithTracing(tracing => tracing.AddOtlpExporter());
        return builder;
    }

    /// <summary>Adds the security headers to every answer. Pages add their own <c>Content-Security-Policy</c> only where they need more.</summary>
    public static void UseSecurityHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.ContentSecurityPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'";
        headers.XFrameOptions = "DENY";
        if (!context.Request.Path.StartsWithSegments("/assets", StringComparison.Ordinal)) headers.CacheControl = "no-store";
        return next(context);
    });

    /// <summary><c>/health/live</c>, <c>/health/serving</c>, <c>/health/ready</c>, and the files embedded from the application's folder <c>Assets</c> under <c>/assets/</c>.</summary>
    public static void MapServiceDefaults(this IEndpointRouteBuilder routes, Assembly assets)
    {
        ArgumentNullException.ThrowIfNull(assets);
        routes.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false }).AllowAnonymous();
        routes.MapHealthChecks("/health/serving", new HealthCheckOptions { Predicate = check => check.Tags.Contains(Serving) }).AllowAnonymous();
        routes.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains(Ready) }).AllowAnonymous();

        var types = new FileExtensionContentTypeProvider();
        var prefix = assets.GetName().Name + ".Assets.";
        var version = assets.ManifestModule.ModuleVersionId.ToString("N");
        foreach (var resource in assets.GetManifestResourceNames().Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            var file = resource[prefix.Length..];
            var contentType = types.TryGetContentType(file, out var known) ? known : "application/octet-stream";
            routes.MapGet("/assets/" + file, (HttpContext context) =>
            {
                context.Response.Headers.CacheControl = "public, max-age=3600";
                return Results.Stream(assets.GetManifestResourceStream(resource)!, contentType, entityTag: new($"\"{version}\""));
            }).AllowAnonymous();
        }
    }
}
