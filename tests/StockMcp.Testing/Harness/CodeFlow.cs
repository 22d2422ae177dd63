using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using Duende.IdentityModel;
using Duende.IdentityModel.Client;
using Microsoft.AspNetCore.WebUtilities;

namespace StockMcp.Testing.Harness;

/// <summary>What a token endpoint gave.</summary>
internal sealed record TokenSet(string AccessToken, string? RefreshToken, string? Scope)
{
    public override string ToString() => $"tokens for {Scope}";
}

/// <summary>Authorization code with PKCE (S256), as a public client does it.</summary>
internal sealed class CodeFlow
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly Uri issuer;
    private readonly string clientId;
    private readonly Uri redirectUri;
    private readonly string? resource;
    private readonly string verifier = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
    private readonly string state = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    public CodeFlow(Uri issuer, string clientId, Uri redirectUri, string scopes, string? resource = null)
    {
        (this.issuer, this.clientId, this.redirectUri, this.resource) = (issuer, clientId, redirectUri, resource);
        AuthorizationUrl = new Uri(new RequestUrl(new Uri(issuer, "connect/authorize").AbsoluteUri).CreateAuthorizeUrl(
            clientId, "code", scopes, redirectUri.AbsoluteUri, state, codeChallenge: Base64Url.EncodeToString(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(verifier))),
            codeChallengeMethod: "S256", extra: Extra()));
    }

    /// <summary>The PKCE verifier (RFC 7636, section 4.1).</summary>
    public string Verifier => verifier;

    /// <summary>Where the person goes.</summary>
    public Uri AuthorizationUrl { get; }

    /// <summary>Checks where the person came back to.</summary>
    public string CodeOf(Uri cameBack)
    {
        cameBack.GetLeftPart(UriPartial.Path).Should().Be(redirectUri.AbsoluteUri);
        var answer = QueryHelpers.ParseQuery(cameBack.Query);
        answer.Should().NotContainKey("error", cameBack.Query);
        answer["state"].ToString().Should().Be(state);
        answer["iss"].ToString().Should().Be(issuer.AbsoluteUri, "RFC 9207: the answer says who gave it");
        return answer["code"].ToString();
    }

    /// <summary>Checks where the person came back to, and redeems the code.</summary>
    public async Task<TokenSet> RedeemAsync(Uri cameBack)
    {
        var code = CodeOf(cameBack);
        return await TokensAsync(new AuthorizationCodeTokenRequest
        {
            Address = new Uri(issuer, "connect/token").AbsoluteUri,
            ClientId = clientId,
            ClientCredentialStyle = ClientCredentialStyle.PostBody,
            Code = code,
            RedirectUri = redirectUri.AbsoluteUri,
            CodeVerifier = verifier,
            Parameters = Extra() ?? [],
        }, request => Http.RequestAuthorizationCodeTokenAsync(request));
    }

    /// <summary>Fresh tokens for a refresh token.</summary>
    public Task<TokenSet> RefreshAsync(string refreshToken) => TokensAsync(new RefreshTokenRequest
    {
        Address = new Uri(issuer, "connect/token").AbsoluteUri,
        ClientId = clientId,
        ClientCredentialStyle = ClientCredentialStyle.PostBody,
        RefreshToken = refreshToken,
        Parameters = Extra() ?? [],
    }, request => Http.RequestRefreshTokenAsync(request));

    private Parameters? Extra() => resource is null ? null : new Parameters { { OidcConstants.AuthorizeRequest.Resource, resource } };

    private static async Task<TokenSet> TokensAsync<TRequest>(TRequest request, Func<TRequest, Task<TokenResponse>> send)
    {
        var response = await send(request);
        response.HttpStatusCode.Should().Be(HttpStatusCode.OK, "{0} {1}", response.Error, response.ErrorDescription);
        return new TokenSet(response.AccessToken!, response.RefreshToken, response.Scope);
    }
}
