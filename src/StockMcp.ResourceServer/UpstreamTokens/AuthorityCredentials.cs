using Duende.IdentityModel;
using Duende.IdentityModel.Client;
using Microsoft.Extensions.Options;
using StockMcp.ResourceServer.TokenValidation;

namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>How this server says who it is at the authorization server: by its secret, or by an assertion that its key signs.</summary>
internal sealed class AuthorityCredentials(IOptions<AuthorityOptions> client, AuthoritySecret secret, AuthorityKey? key = null)
{
    /// <summary>Puts them into a request.</summary>
    public T AddTo<T>(T request) where T : ProtocolRequest
    {
        request.ClientId = client.Value.ClientId;
        if (key is null)
        {
            request.ClientSecret = secret.Value;
            request.ClientCredentialStyle = ClientCredentialStyle.AuthorizationHeader;
        }
        else
        {
            request.ClientAssertion = new ClientAssertion { Type = OidcConstants.ClientAssertionTypes.JwtBearer, Value = key.Sign() };
            request.ClientCredentialStyle = ClientCredentialStyle.PostBody;
        }
        return request;
    }
}
