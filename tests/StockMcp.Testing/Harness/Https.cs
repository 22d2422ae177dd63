using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace StockMcp.Testing.Harness;

/// <summary>Clients of sites whose certificates come from an authority of the test's own.</summary>
internal static class Https
{
    /// <summary>A handler that trusts one certificate authority, or the machine's if none is given.</summary>
    /// <param name="root">The authority's certificate.</param>
    /// <param name="from">The address it calls from; the machine's choice unless given.</param>
    public static SocketsHttpHandler Trusting(X509Certificate2? root, IPAddress? from = null)
    {
        var handler = new SocketsHttpHandler();
        if (root is not null)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.Add(root);
            handler.SslOptions.CertificateChainPolicy = policy;
        }
        if (from is not null)
        {
            handler.ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(from.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    socket.Bind(new IPEndPoint(from, 0));
                    await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, context.DnsEndPoint.Port), cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            };
        }
        return handler;
    }
}
