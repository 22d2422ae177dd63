using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace StockMcp.ResourceServer.Observability;

/// <summary>What the operator sees.</summary>
public static class ObservabilityExtensions
{
    /// <summary>Adds the line for each tool call, and metrics of exchanges, cache and calls. Traces come with the service defaults.</summary>
    public static void AddObservability(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton<ToolCallLog>();
        builder.Services.AddSingleton<Telemetry>();
        builder.Logging.AddFilter("ModelContextProtocol", LogLevel.Error); // it logs each request several times, with arguments
        builder.Services.ConfigureOpenTelemetryMeterProvider(metrics => metrics.ConfigureResource(resource => resource.AddService(builder.Environment.ApplicationName)).AddMeter(Telemetry.Name));
        if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 }) builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddOtlpExporter());
    }
}
