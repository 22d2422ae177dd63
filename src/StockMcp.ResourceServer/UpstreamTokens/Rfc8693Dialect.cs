using Duende.IdentityModel;
using Duende.IdentityModel.Client;

namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>RFC 8693 as it stands: our Authority, Keycloak and others.</summary>
internal sealed class Rfc8693Dialect : IExchangeDialect
{
    public const string Name = "rfc8693";

    public async Task<TokenResponse> RequestAsync(HttpMessageInvoker http, ExchangeRequest request, CancellationToken cancellationToken)
    {
        using var exchange = request.Authenticate(new TokenExchangeTokenRequest
        {
            SubjectToken = request.SubjectToken,
            SubjectTokenType = OidcConstants.TokenTypeIdentifiers.AccessToken,
            RequestedTokenType = OidcConstants.TokenTypeIdentifiers.AccessToken,
            Audience = request.Audience,
            Scope = request.Scope,
        }, ClientCredentialStyle.AuthorizationHeader);
        return await http.RequestTokenExchangeTokenAsync(exchange, cancellationToken);
    }
}
