using Duende.IdentityModel;
using Duende.IdentityModel.Client;

namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>How one kind of authorization server is asked for an upstream token, and for a person's approval. The setting <c>UpstreamTokens:Dialect</c> chooses it.</summary>
internal interface IExchangeDialect
{
    /// <summary>Asks for one. Whatever the answer is, it comes as a <see cref="TokenResponse"/>.</summary>
    Task<TokenResponse> RequestAsync(HttpMessageInvoker http, ExchangeRequest request, CancellationToken cancellationToken);

    /// <summary>How it is told whom to ask (<c>login_hint</c>, CIBA Core, section 7.1): the subject unless it wants more.</summary>
    string LoginHint(string issuer, string subject) => subject;
}

/// <summary>What is asked for, and by whom.</summary>
internal sealed class ExchangeRequest
{
    public required string TokenEndpoint { get; init; }

    public required string ClientId { get; init; }

    public required string? ClientSecret { get; init; }

    /// <summary>A client assertion (RFC 7523), instead of the secret.</summary>
    public string? ClientAssertion { get; init; }

    public required string SubjectToken { get; init; }

    public required string Audience { get; init; }

    public required string Scope { get; init; }

    /// <summary>Puts the address and this server's credentials into a request.</summary>
    public T Authenticate<T>(T request, ClientCredentialStyle secret) where T : ProtocolRequest
    {
        (request.Address, request.ClientId) = (TokenEndpoint, ClientId);
        if (ClientAssertion is { } assertion)
        {
            request.ClientAssertion = new ClientAssertion { Type = OidcConstants.ClientAssertionTypes.JwtBearer, Value = assertion };
            request.ClientCredentialStyle = ClientCredentialStyle.PostBody;
        }
        else
        {
            (request.ClientSecret, request.ClientCredentialStyle) = (ClientSecret, secret);
        }
        return request;
    }

    public override string ToString() => $"exchange for {Audience}";
}
