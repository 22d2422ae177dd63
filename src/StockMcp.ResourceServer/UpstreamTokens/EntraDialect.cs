using Duende.IdentityModel;
using Duende.IdentityModel.Client;

namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>Microsoft Entra's on-behalf-of flow: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow. Which API the token is for, its scopes say.</summary>
internal sealed class EntraDialect : IExchangeDialect
{
    public const string Name = "entra-obo";

    public async Task<TokenResponse> RequestAsync(HttpMessageInvoker http, ExchangeRequest request, CancellationToken cancellationToken)
    {
        using var exchange = request.Authenticate(new TokenRequest
        {
            GrantType = OidcConstants.GrantTypes.JwtBearer,
            Parameters =
            {
                { OidcConstants.TokenRequest.Assertion, request.SubjectToken },
                { OidcConstants.TokenRequest.Scope, request.Scope },
                { "requested_token_use", "on_behalf_of" },
            },
        }, ClientCredentialStyle.PostBody);
        return await http.RequestTokenAsync(exchange, cancellationToken);
    }
}
