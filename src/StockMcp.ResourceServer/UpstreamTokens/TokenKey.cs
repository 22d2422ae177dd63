using StockMcp.Hosting;
using StockMcp.ResourceServer.Sealing;
using StockMcp.Tools.Connections;

namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>For whom, through which agent, and for what a token is: two that differ in any of it never share one (RS-15).</summary>
/// <param name="Issuer">The authorization server.</param>
/// <param name="Subject">The person.</param>
/// <param name="ClientId">The agent.</param>
/// <param name="Audience">The connection, or an API.</param>
/// <param name="Scope">The scopes, sorted.</param>
internal sealed record TokenKey(string Issuer, string Subject, string ClientId, string Audience, string Scope)
{
    public static TokenKey For(Caller caller, string audience, IReadOnlyList<string> scopes)
        => new(caller.Issuer, caller.Subject, caller.ClientId, audience, string.Join(' ', scopes.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)));

    /// <summary>What can end that makes the token void: the person, their account, their agent.</summary>
    public IReadOnlyList<string> Links() => [RevokedLinks.Person(Issuer, Subject), RevokedLinks.Connection(Issuer, Subject, Audience), RevokedLinks.Agent(Issuer, Subject, ClientId)];

    /// <summary>All of it, so that no two keys read the same.</summary>
    public byte[] Canonical() => BoundSeal.Join(Issuer, Subject, ClientId, Audience, Scope);
}
