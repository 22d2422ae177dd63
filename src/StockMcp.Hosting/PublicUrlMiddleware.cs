using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace StockMcp.Hosting;

/// <summary>Makes every request look as if it came to the public URL, and refuses hosts that are not ours (RS-11, RS-12).</summary>
public static class PublicUrlMiddleware
{
    /// <summary>
    /// Refuses a <c>Host</c> that is neither the public URL's nor listed in the setting <c>AdditionalHosts</c> (separated by semicolons): a page whose
    /// name was rebound to this address gets 400. What passes is rewritten to the public URL, so that no library can build a URL from what a client sent.
    /// </summary>
    [SuppressMessage("ApiDesign", "RS0030", Justification = "This is the one place that looks at the Host, in order to replace it.")]
    public static void UsePublicUrl(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var publicUrl = app.Services.GetRequiredService<PublicUrl>();
        var scheme = publicUrl.Value.Scheme;
        var host = new HostString(publicUrl.Value.Authority);
        var allowed = (app.Configuration["AdditionalHosts"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Append(publicUrl.Value.Host).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var loopback = IsLoopback(publicUrl.Value.Host);

        app.Use((context, next) =>
        {
            var request = context.Request;
            if (!allowed.Contains(request.Host.Host) && !(loopback && IsLoopback(request.Host.Host)) && !request.Path.StartsWithSegments("/health", StringComparison.Ordinal))
            {
                context.Response.StatusCode = StatusCodes.Status400BadRequest;
                return context.Response.WriteAsync("This host name is not served here. Use the public URL, or add the name to the setting AdditionalHosts.", context.RequestAborted);
            }
            request.Scheme = scheme;
            request.Host = host;
            return next(context);
        });
    }

    private static bool IsLoopback(string host)
        => string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
