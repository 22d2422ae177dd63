using System.Net;
using System.Net.Sockets;

namespace StockMcp.Authority.ClientMetadataDocuments;

/// <summary>A host that strangers named has an address that is not of the public internet.</summary>
internal sealed class NotGlobalException() : IOException("an address that is not global");

/// <summary>Connects to hosts that strangers named, without reaching anything that a stranger could not reach (CM-02): the name is resolved once, every address must be global, and the connection goes to one of them.</summary>
internal sealed class GlobalConnection(bool allowLoopback, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
{
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> resolve = resolve ?? Dns.GetHostAddressesAsync;

    /// <summary>Connections alone, of which each looks at the addresses anew: no redirect, no proxy, no cookie, nothing unpacked.</summary>
    public SocketsHttpHandler NewHandler() => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        MaxResponseHeadersLength = 8,
        PooledConnectionLifetime = TimeSpan.Zero,
        ActivityHeadersPropagator = null,
        ConnectCallback = ConnectAsync,
    };

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var addresses = await resolve(context.DnsEndPoint.Host, cancellationToken);
        // One bad address among good ones is no mistake but an attempt.
        if (addresses.Length == 0 || Array.Exists(addresses, address => !IsAllowed(address))) throw new NotGlobalException();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private bool IsAllowed(IPAddress address) => GlobalAddress.Is(address) || (allowLoopback && IPAddress.IsLoopback(address));
}
