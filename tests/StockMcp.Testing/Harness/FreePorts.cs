using System.Net;
using System.Net.NetworkInformation;
using System.Reflection;

namespace StockMcp.Testing.Harness;

/// <summary>
/// Ports that stay free while a system is stopped and started again: below the range from which the operating system serves
/// outgoing connections, each test project's own, since they run side by side, and not handed out again soon.
/// </summary>
internal static class FreePorts
{
    private const int Count = 4_000;
    private static readonly int First = Assembly.GetEntryAssembly()?.GetName().Name switch { "StockMcp.Authority.Tests" => 20_000, "StockMcp.EndToEnd.Tests" => 24_000, "StockMcp.Doctor.Tests" => 16_000, _ => 28_000 };
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
