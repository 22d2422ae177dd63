using System.Diagnostics.CodeAnalysis;

namespace StockMcp.Authority.ClientMetadataDocuments;

/// <summary>A client_id that is a URL (CM-01). It is compared letter by letter, so there must be no other way to write it.</summary>
internal static class ClientIdUrl
{
    public const int Longest = 500;

    public static bool TryParse(string clientId, bool allowLoopback, [NotNullWhen(true)] out Uri? url)
    {
        url = null;
        if (clientId.Length > Longest || clientId.Any(character => character is <= ' ' or >= (char)0x7F or '\\')) return false;
        if (!Uri.TryCreate(clientId, UriKind.Absolute, out var parsed) || parsed.AbsoluteUri != clientId) return false; // a parser that has to repair it reads something else than another one
        if (parsed.Scheme != Uri.UriSchemeHttps && !(allowLoopback && parsed is { Scheme: "http", IsLoopback: true })) return false;
        if (parsed.Host.Length == 0 || parsed.AbsolutePath.Length <= 1 || clientId.Contains('#', StringComparison.Ordinal)) return false;
        if (clientId.Split('/')[2].Contains('@', StringComparison.Ordinal)) return false;
        if (parsed.AbsolutePath.Split('/').Any(segment => segment.Replace("%2e", ".", StringComparison.OrdinalIgnoreCase) is "." or "..")) return false;
        url = parsed;
        return true;
    }
}
