using Duende.IdentityModel;
using Duende.IdentityModel.Client;

namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>RFC 8693 as it stands: our Authority, Keycloak and others.</summary>
internal sealed class Rfc8693Dialect : IExchangeDialect
{
    public const string Name = "rfc8693";

    public async Task<TokenResponse> RequestAsync(HttpMessageInvoker http, ExchangeRequest request, CancellationToken cancellationToken)
    {
        using var exchange = new TokenExchangeTokenRequest
        {
            Address = request.TokenEndpoint,
            ClientId = request.ClientId,
            ClientSecret = request.ClientSecret,
            ClientAssertion = request.ClientAssertion is null ? null! : new ClientAssertion { Type = OidcConstants.ClientAssertionTypes.JwtBearer, Value = request.ClientAssertion },
            ClientCredentialStyle = request.ClientAssertion is null ? ClientCredentialStyle.AuthorizationHeader : ClientCredentialStyle.PostBody,
            SubjectToken = request.SubjectToken,
            SubjectTokenType = OidcConstants.TokenTypeIdentifiers.AccessToken,
            RequestedTokenType = OidcConstants.TokenTypeIdentifiers.AccessToken,
            Audience = request.Audience,
            Scope = request.Scope,
        };
        return await http.RequestTokenExchangeTokenAsync(exchange, cancellationToken);
    }
}
