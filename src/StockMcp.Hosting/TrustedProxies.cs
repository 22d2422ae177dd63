using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;

namespace StockMcp.Hosting;

/// <summary>Whose word counts for where a request came from (PX-01).</summary>
public static class TrustedProxies
{
    /// <summary>
    /// Takes the caller's address from <c>X-Forwarded-For</c> where the request came from an address of the setting <c>TrustedProxies</c> (addresses or networks such as
    /// 10.0.0.0/8, separated by semicolons; none unless set), and strikes all forwarding headers. Host and scheme are never taken from them: see <see cref="PublicUrl"/>.
    /// </summary>
    /// <exception cref="StartupException">The setting holds something else.</exception>
    public static void UseTrustedProxies(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var text in (app.Configuration["TrustedProxies"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (IPAddress.TryParse(text, out var address)) options.KnownProxies.Add(address);
            else if (System.Net.IPNetwork.TryParse(text, out var network)) options.KnownIPNetworks.Add(network);
            else throw new StartupException($"TrustedProxies has '{text}'. Write addresses or networks, such as 127.0.0.1 or 10.0.0.0/8, with semicolons between them.");
        }
        // Without a proxy of its own the middleware would trust everybody.
        if (options.KnownProxies.Count + options.KnownIPNetworks.Count > 0) app.UseForwardedHeaders(options);
        app.Use((context, next) =>
        {
            foreach (var name in context.Request.Headers.Keys.Where(name => name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase) || name.StartsWith("X-Original-", StringComparison.OrdinalIgnoreCase) || name.Equals("Forwarded", StringComparison.OrdinalIgnoreCase)).ToList())
                context.Request.Headers.Remove(name);
            return next(context);
        });
    }
}
