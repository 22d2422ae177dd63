using System.Net;
using System.Net.NetworkInformation;

namespace StockMcp.Testing.Harness;

/// <summary>
/// Ports that stay free while a system is stopped and started again: below the range from which the operating system serves
/// outgoing connections, and never handed out twice in this process.
/// </summary>
internal static class FreePorts
{
    private const int First = 20_000;
    private const int Count = 12_000;
    private static int next = Environment.ProcessId * 37;

    public static int Take()
    {
        var taken = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(endpoint => endpoint.Port).ToHashSet();
        while (true)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref next) % Count);
            if (!taken.Contains(port)) return port;
        }
    }

    public static IPEndPoint TakeEndPoint() => new(IPAddress.Loopback, Take());
}
