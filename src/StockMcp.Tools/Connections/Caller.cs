namespace StockMcp.Tools.Connections;

/// <summary>Who calls: a person, through an agent. Nothing else identifies either (RS-07).</summary>
/// <param name="Issuer">The authorization server that vouches for both.</param>
/// <param name="Subject">The person, as that issuer names them.</param>
/// <param name="ClientId">The agent, as that issuer names it.</param>
/// <param name="Scopes">What the person allowed the agent.</param>
public sealed record Caller(string Issuer, string Subject, string ClientId, IReadOnlySet<string> Scopes)
{
    /// <summary>What the person is called, if the issuer says so. It identifies nobody.</summary>
    public string? Name { get; init; }
}
