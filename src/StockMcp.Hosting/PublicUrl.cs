using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace StockMcp.Hosting;

/// <summary>The base URL under which the world reaches this application: everything it publishes is built from it, nothing from the request's Host (RS-12).</summary>
public sealed record PublicUrl
{
    private PublicUrl(Uri value) => Value = value;

    /// <summary>Scheme, host and port, without a path.</summary>
    public Uri Value { get; }

    /// <summary>Whether it is https, so that cookies may be marked secure and take the __Host- prefix.</summary>
    public bool IsHttps => Value.Scheme == Uri.UriSchemeHttps;

    /// <summary>The origin, as browsers write it: no trailing slash.</summary>
    public string Origin => Value.GetLeftPart(UriPartial.Authority);

    /// <summary>The absolute URL of a path that starts with a slash.</summary>
    public string At(string path) => Origin + path;

    /// <inheritdoc/>
    public override string ToString() => Origin;

    /// <summary>Reads the setting <c>PublicUrl</c>.</summary>
    /// <exception cref="StartupException">It is missing, not an absolute URL without a path, or plain http on an address that is not loopback.</exception>
    public static PublicUrl From(IConfiguration configuration, IHostEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var text = configuration["PublicUrl"]
            ?? throw new StartupException($"PublicUrl is not set. Set it to the https URL under which {environment?.ApplicationName} is reached, for example https://stock.example.com.");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.PathAndQuery != "/" || url.Fragment.Length > 0 || url.UserInfo.Length > 0)
            throw new StartupException($"PublicUrl is '{text}'. Set it to scheme, host and port only, for example https://stock.example.com.");
        if (url.Scheme == Uri.UriSchemeHttp && !IsLoopback(url))
            throw new StartupException($"PublicUrl is '{text}': plain http is allowed on loopback only. Put an HTTPS proxy in front and set its https URL.");
        return new PublicUrl(url);
    }

    private static bool IsLoopback(Uri url)
        => url.Host == "localhost" || (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
