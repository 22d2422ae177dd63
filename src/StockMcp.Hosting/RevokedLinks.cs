using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace StockMcp.Hosting;

/// <summary>
/// How the Authority tells all copies of the Server, through Redis, that tokens they remember are void: it sets the link's epoch to a new value, and publishes the link on a
/// channel. A link is named by a hash over ids that nobody can guess, so that Redis learns neither who it is nor which agent.
/// </summary>
public static class RevokedLinks
{
    /// <summary>The channel; each message is one link.</summary>
    public const string Channel = "stockmcp:revoked";

    /// <summary>How long an epoch is kept: longer than any token that was remembered before it.</summary>
    public static readonly TimeSpan EpochLifetime = TimeSpan.FromHours(1);

    /// <summary>All tokens for a person.</summary>
    public static string Person(string issuer, string subject) => Name("person", issuer, subject);

    /// <summary>All tokens for a person's account at a connection, whichever agent they were got for.</summary>
    public static string Connection(string issuer, string subject, string connection) => Name("connection", issuer, subject, connection);

    /// <summary>All tokens that were got for an agent of a person.</summary>
    public static string Agent(string issuer, string subject, string clientId) => Name("agent", issuer, subject, clientId);

    /// <summary>Where the link's epoch is.</summary>
    public static string EpochKey(string link) => "stockmcp:epoch:" + link;

    // Each part with its length before it: no two links read the same.
    private static string Name(params string[] parts)
        => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes("stockmcp/revoked/v1" + string.Concat(parts.Select(part => $"{part.Length}:{part}")))));
}
