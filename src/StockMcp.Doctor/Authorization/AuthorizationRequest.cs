using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Duende.IdentityModel;
using StockMcp.Doctor.Http;
using StockMcp.Doctor.Registration;

namespace StockMcp.Doctor.Authorization;

/// <summary>An authorization request as MCP clients send it: code, PKCE with S256, resource.</summary>
internal sealed class AuthorizationRequest(Uri endpoint, RegisteredClient client, Uri redirectUri, string resource, string scopes)
{
    private readonly string verifier = Random();

    public RegisteredClient Client => client;

    public Uri RedirectUri => redirectUri;

    public string Resource => resource;

    public string State { get; } = Random();

    /// <summary>The PKCE verifier (RFC 7636, section 4.1).</summary>
    public Secret Verifier => new(verifier);

    /// <summary>Where the person goes.</summary>
    public Uri Url => Urls.WithQuery(endpoint, Parameters());

    /// <summary>The same with some parameters changed, or left out where they are <see langword="null"/>.</summary>
    public Uri With(params (string Name, string? Value)[] changes)
    {
        var parameters = Parameters();
        foreach (var (name, value) in changes)
        {
            if (value is null) parameters.Remove(name);
            else parameters[name] = value;
        }
        return Urls.WithQuery(endpoint, parameters);
    }

    private Dictionary<string, string> Parameters()
    {
        var parameters = new Dictionary<string, string>
        {
            [OidcConstants.AuthorizeRequest.ResponseType] = OidcConstants.ResponseTypes.Code,
            [OidcConstants.AuthorizeRequest.ClientId] = client.ClientId,
            [OidcConstants.AuthorizeRequest.RedirectUri] = redirectUri.AbsoluteUri,
            [OidcConstants.AuthorizeRequest.CodeChallenge] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))),
            [OidcConstants.AuthorizeRequest.CodeChallengeMethod] = OidcConstants.CodeChallengeMethods.Sha256,
            [OidcConstants.AuthorizeRequest.State] = State,
            [OidcConstants.AuthorizeRequest.Resource] = resource,
        };
        if (scopes.Length > 0) parameters[OidcConstants.AuthorizeRequest.Scope] = scopes;
        return parameters;
    }

    private static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
}
