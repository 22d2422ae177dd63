using System.Net;
using System.Net.Sockets;

namespace StockMcp.Authority.ClientMetadataDocuments;

/// <summary>Which addresses are of the public internet (CM-02): RFC 6890 and the registries of special-purpose addresses that grew from it.</summary>
internal static class GlobalAddress
{
    private static readonly IPNetwork[] s_special4 =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"),
        IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.0.0.0/24"), IPNetwork.Parse("192.0.2.0/24"), IPNetwork.Parse("192.31.196.0/24"), IPNetwork.Parse("192.52.193.0/24"),
        IPNetwork.Parse("192.88.99.0/24"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("192.175.48.0/24"), IPNetwork.Parse("198.18.0.0/15"), IPNetwork.Parse("198.51.100.0/24"),
        IPNetwork.Parse("203.0.113.0/24"), IPNetwork.Parse("224.0.0.0/4"), IPNetwork.Parse("240.0.0.0/4"),
    ];

    // Within 2000::/3: Teredo and other protocol assignments, documentation, 6to4 (it carries an IPv4 address), ORCHID, benchmarks, segment routing, and AS112.
    private static readonly IPNetwork[] s_special6 =
    [
        IPNetwork.Parse("2001::/23"), IPNetwork.Parse("2001:db8::/32"), IPNetwork.Parse("2002::/16"), IPNetwork.Parse("2620:4f:8000::/48"), IPNetwork.Parse("3fff::/20"), IPNetwork.Parse("5f00::/16"),
    ];

    public static bool Is(IPAddress address) => address.AddressFamily switch
    {
        AddressFamily.InterNetwork => !Array.Exists(s_special4, network => network.Contains(address)),
        AddressFamily.InterNetworkV6 => IsGlobalUnicast(address) && !Array.Exists(s_special6, network => network.Contains(address)) && !IsIsatap(address),
        _ => false,
    };

    // Only 2000::/3 is: link-local, ULA, IPv4-mapped, NAT64 (64:ff9b::/96, 64:ff9b:1::/48), loopback and multicast lie outside.
    private static bool IsGlobalUnicast(IPAddress address) => !address.IsIPv4MappedToIPv6 && (address.GetAddressBytes()[0] & 0xE0) == 0x20;

    // RFC 5214, section 6.1: the interface identifier ::5efe:a.b.c.d or ::200:5efe:a.b.c.d carries an IPv4 address.
    private static bool IsIsatap(IPAddress address) => address.GetAddressBytes() is [_, _, _, _, _, _, _, _, 0x00 or 0x02, 0x00, 0x5E, 0xFE, ..];
}
