using System.Text.Json.Nodes;
using Duende.IdentityModel;
using Duende.IdentityModel.Client;

namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>Auth0's token vault: https://auth0.com/docs/api/authentication/token-vault-token-exchange/get-token. It names a connection where RFC 8693 names an audience, and gives what the person granted there, whatever scopes are asked for.</summary>
internal sealed class Auth0Dialect : IExchangeDialect
{
    public const string Name = "auth0";

    private const string GrantType = "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token";
    private const string RequestedTokenType = "http://auth0.com/oauth/token-type/federated-connection-access-token";

    public async Task<TokenResponse> RequestAsync(HttpMessageInvoker http, ExchangeRequest request, CancellationToken cancellationToken)
    {
        using var exchange = request.Authenticate(new TokenRequest
        {
            GrantType = GrantType,
            Parameters =
            {
                { OidcConstants.TokenRequest.SubjectToken, request.SubjectToken },
                { OidcConstants.TokenRequest.SubjectTokenType, OidcConstants.TokenTypeIdentifiers.AccessToken },
                { OidcConstants.TokenRequest.RequestedTokenType, RequestedTokenType },
                { "connection", request.Audience },
            },
        }, ClientCredentialStyle.PostBody);
        return await http.RequestTokenAsync(exchange, cancellationToken);
    }

    // https://auth0.com/docs/api/authentication/authorization/back-channel-login
    public string LoginHint(string issuer, string subject) => new JsonObject { ["format"] = "iss_sub", ["iss"] = issuer, ["sub"] = subject }.ToJsonString();
}
