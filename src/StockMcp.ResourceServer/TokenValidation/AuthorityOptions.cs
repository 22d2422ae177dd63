using System.ComponentModel.DataAnnotations;

namespace StockMcp.ResourceServer.TokenValidation;

/// <summary>The authorization server that people sign in at, and this server as its client.</summary>
public sealed class AuthorityOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Authority";

    /// <summary>Its issuer identifier, letter for letter as it stands in its tokens. https, or http on loopback.</summary>
    [Required(AllowEmptyStrings = false, ErrorMessage = Section + ":{0} is not set. Set it to the issuer of the authorization server, exactly as its discovery document spells it.")]
    public string Issuer { get; init; } = "";

    /// <summary>The audience of tokens for this server, at an authorization server that cannot name it by its URL; the URL of the MCP endpoint unless set.</summary>
    public string? Audience { get; init; }

    /// <summary>Audiences that may stand beside it, separated by spaces, such as the authorization server's own userinfo endpoint. None unless set: a token that is good elsewhere could be sent here from there.</summary>
    public string FurtherAudiences { get; init; } = "";

    /// <summary>
    /// The types that access tokens say they are (<c>typ</c>), separated by spaces: <c>at+jwt</c> unless set. With <c>JWT</c>, for an authorization server that knows no other, a token must in addition carry
    /// scopes, and nothing that belongs into an ID token.
    /// </summary>
    [RegularExpression("^(at\\+jwt|JWT|at\\+jwt JWT|JWT at\\+jwt)$", ErrorMessage = Section + ":{0} must be at+jwt, JWT, or both with a space between.")]
    public string TokenTypes { get; init; } = "at+jwt";

    /// <summary>This server's client id there, for token exchange.</summary>
    [Required(AllowEmptyStrings = false, ErrorMessage = Section + ":{0} is not set. Set it to this server's client id at the authorization server.")]
    public string ClientId { get; init; } = "stockmcp-server";

    /// <summary>Its secret. Better in the file that <see cref="ClientSecretFile"/> names.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>The file that holds the secret.</summary>
    public string? ClientSecretFile { get; init; }

    /// <summary>Instead of a secret: the file of this server's private key (EC on P-256, PEM), whose public half the authorization server knows (<c>private_key_jwt</c>).</summary>
    public string? ClientKeyFile { get; init; }

    /// <summary>The base of the Authority's own API, for the list of connected accounts; <c>me/v1</c> under the issuer unless set, none if empty.</summary>
    public string? AccountsApi { get; init; }

    /// <summary>The base of the Authority's API for approvals; <c>approvals/v1</c> under the issuer unless set, none if empty: then nobody can ask for orders.</summary>
    public string? ApprovalsApi { get; init; }

    /// <summary>
    /// Where people answer requests for approval at an authorization server that is not the Authority, and has CIBA and authorization details: agents show it to them. With it, and with
    /// <see cref="ApprovalsApi"/> empty, orders are asked for there. None unless set.
    /// </summary>
    public Uri? ApprovalsPage { get; init; }

    /// <summary>The issuer with a slash at its end, as the base of other URLs.</summary>
    internal Uri BaseUrl => new(Issuer.EndsWith('/') ? Issuer : Issuer + "/");
}
