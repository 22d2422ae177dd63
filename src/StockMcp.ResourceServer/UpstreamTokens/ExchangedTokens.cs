using StockMcp.ResourceServer.TokenValidation;
using StockMcp.Tools.Connections;

namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>Tokens for the current caller, and nobody else.</summary>
internal sealed class ExchangedTokens(Caller caller, SubjectToken subject, UpstreamTokenCache cache, TokenExchange exchange) : IUpstreamTokens
{
    public Task<UpstreamAccessToken> GetAsync(string connection, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
    {
        // Captured here: the exchange may outlive this call.
        var (key, token) = (TokenKey.For(caller, connection, scopes), subject);
        return cache.GetAsync(key, patience => exchange.ExchangeAsync(token, key.Audience, key.Scope, patience), cancellationToken);
    }

    public Task ForgetAsync(string connection, IReadOnlyList<string> scopes, UpstreamAccessToken refused, CancellationToken cancellationToken)
        => cache.ForgetAsync(TokenKey.For(caller, connection, scopes), refused);
}
