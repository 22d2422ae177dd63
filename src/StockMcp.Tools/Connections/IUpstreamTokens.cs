using StockMcp.Tools.Errors;

namespace StockMcp.Tools.Connections;

/// <summary>Where the tools get the brokerage's tokens from. The seam between them and whatever keeps a person's connections.</summary>
public interface IUpstreamTokens
{
    /// <summary>A token for the current caller's account at a connection.</summary>
    /// <param name="connection">The connection's name.</param>
    /// <param name="scopes">What is needed, in the agent's words; the keeper of connections translates them into the brokerage's.</param>
    /// <param name="cancellationToken">Ends the wait of this caller.</param>
    /// <exception cref="TradingException">The person has to connect first, or no token can be had now.</exception>
    Task<UpstreamAccessToken> GetAsync(string connection, IReadOnlyList<string> scopes, CancellationToken cancellationToken);

    /// <summary>The brokerage refused this token: it is not handed out again.</summary>
    Task ForgetAsync(string connection, IReadOnlyList<string> scopes, UpstreamAccessToken refused, CancellationToken cancellationToken);
}
