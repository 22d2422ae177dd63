using Microsoft.Net.Http.Headers;
using StockMcp.Hosting;

namespace StockMcp.ResourceServer.OriginChecks;

/// <summary>Which web pages may call (RS-11).</summary>
public static class OriginCheckExtensions
{
    /// <summary>Reads the setting <c>AllowedOrigins</c>: origins of web pages whose scripts may call, separated by semicolons.</summary>
    /// <exception cref="StartupException">One of them is no origin.</exception>
    public static void AddOriginChecks(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var origins = (builder.Configuration["AllowedOrigins"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (var origin in origins)
        {
            if (!Uri.TryCreate(origin, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.GetLeftPart(UriPartial.Authority) != origin)
                throw new StartupException($"AllowedOrigins has '{origin}'. Write scheme, host and port only, without a slash at the end, for example https://inspector.example.com.");
        }
        // No credentials: a token is sent by the script itself, and cookies mean nothing here.
        builder.Services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
            .WithOrigins(origins)
            .WithMethods("POST", "GET", "DELETE")
            .WithHeaders(HeaderNames.Authorization, HeaderNames.ContentType, HeaderNames.Accept, "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "Mcp-Session-Id", "Last-Event-ID")
            .WithExposedHeaders(HeaderNames.WWWAuthenticate, HeaderNames.RetryAfter)));
        builder.Services.AddSingleton(new AllowedOrigins([.. origins]));
    }

    /// <summary>403 for a page that is not allowed to call: its visitor's browser is not to be its hand.</summary>
    public static void UseOriginChecks(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var allowed = app.Services.GetRequiredService<AllowedOrigins>().Origins;
        var own = app.Services.GetRequiredService<PublicUrl>().Origin;
        app.UseWhen(context => context.Request.Path.StartsWithSegments(ProtectedResource.McpResource.Path, StringComparison.OrdinalIgnoreCase), mcp => mcp.Use((context, next) =>
        {
            var origin = context.Request.Headers.Origin;
            if (origin.Count == 0 || (origin.Count == 1 && (origin[0] == own || allowed.Contains(origin[0]!)))) return next(context);
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return context.Response.WriteAsync("Scripts of this origin may not call. Its operator can add it to the setting AllowedOrigins.", context.RequestAborted);
        }));
        app.UseCors();
    }

    private sealed record AllowedOrigins(HashSet<string> Origins);
}
