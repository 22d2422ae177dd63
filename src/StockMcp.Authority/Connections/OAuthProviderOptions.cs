using System.ComponentModel.DataAnnotations;

namespace StockMcp.Authority.Connections;

/// <summary>
/// A provider that speaks OAuth 2.0 and not OpenID Connect: no discovery document, no ID token, no PKCE. What a discovery document would say stands here. The setting
/// <c>Connections:{name}:OAuth</c>.
/// </summary>
public sealed record OAuthProviderOptions : IValidatableObject
{
    /// <summary>Where people sign in (RFC 6749, section 3.1).</summary>
    [Required(ErrorMessage = "OAuth:{0} is not set.")] public Uri? AuthorizationEndpoint { get; init; }

    /// <summary>Where codes are redeemed (RFC 6749, section 3.2); the client's id and secret travel in the body.</summary>
    [Required(ErrorMessage = "OAuth:{0} is not set.")] public Uri? TokenEndpoint { get; init; }

    /// <summary>What says, asked with an access token, whose it is: a JSON object.</summary>
    [Required(ErrorMessage = "OAuth:{0} is not set: nothing else says who signed in.")] public Uri? UserEndpoint { get; init; }

    /// <summary>The field of that object that names the person, for ever: a text that is never given to another one.</summary>
    [Required(ErrorMessage = "OAuth:{0} must not be empty.")] public string SubjectField { get; init; } = "id";

    /// <summary>The field that people know their account by; none unless set.</summary>
    public string? NameField { get; init; }

    /// <summary>Further parameters of each authorization request.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Whether access tokens last until the person ends them, and there are no refresh tokens. The vault then keeps the access token, and before it hands it out asks
    /// <see cref="UserEndpoint"/> whether it is still good; it cannot be narrowed. False unless set.
    /// </summary>
    public bool TokensNeverExpire { get; init; }

    /// <summary>
    /// Whether the provider asks the person at each sign-in, so that to come back from it shows that they are there. It does not say when they gave their password; without this,
    /// nobody who signs in there can decide about approvals. False unless set.
    /// </summary>
    public bool AsksAtEachSignIn { get; init; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (name, url) in new[] { (nameof(AuthorizationEndpoint), AuthorizationEndpoint), (nameof(TokenEndpoint), TokenEndpoint), (nameof(UserEndpoint), UserEndpoint) })
        {
            if (url is not (null or { IsAbsoluteUri: true, Scheme: "https" } or { IsAbsoluteUri: true, Scheme: "http", IsLoopback: true }))
                yield return new($"OAuth:{name} is '{url}'. Set it to an absolute https URL, or http on loopback: people's passwords and tokens travel there.");
        }
    }
}
