using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.AspNetCore.WebUtilities;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Registration;

/// <summary>What a client may say of itself (DC-01, DC-02). Each refusal says what would be right.</summary>
internal static class ClientMetadataRules
{
    public const string InvalidRedirectUri = "invalid_redirect_uri";
    public const string InvalidClientMetadata = "invalid_client_metadata";
    public const string NoName = "An app without a name";
    private const int MostRedirectUris = 10;
    private const int LongestUri = 2000;
    private const int LongestName = 100;
    private static readonly string[] s_authMethods = [ClientAuthenticationMethods.None, ClientAuthenticationMethods.ClientSecretBasic, ClientAuthenticationMethods.ClientSecretPost, ClientAuthenticationMethods.PrivateKeyJwt];

    /// <summary>The client as it may be registered.</summary>
    /// <exception cref="RegistrationException">A member cannot be.</exception>
    public static CheckedClient Check(ClientMetadata metadata, RegistrationOptions options)
    {
        if (metadata.RedirectUris is not { Count: >= 1 and <= MostRedirectUris } uris)
            throw new RegistrationException(InvalidRedirectUri, $"redirect_uris must list 1 to {MostRedirectUris} addresses.");
        foreach (var uri in uris) CheckRedirectUri(uri, options);
        foreach (var (name, uri) in new[] { ("client_uri", metadata.ClientUri), ("logo_uri", metadata.LogoUri), ("tos_uri", metadata.TosUri), ("policy_uri", metadata.PolicyUri), ("jwks_uri", metadata.JwksUri) })
        {
            if (uri is not null && !IsWebAddress(uri)) throw new RegistrationException(InvalidClientMetadata, $"{name} must be an https address.");
        }

        // RFC 7591, section 2: the default is client_secret_basic.
        var method = metadata.TokenEndpointAuthMethod ?? ClientAuthenticationMethods.ClientSecretBasic;
        if (!s_authMethods.Contains(method)) throw new RegistrationException(InvalidClientMetadata, $"token_endpoint_auth_method must be one of: {string.Join(", ", s_authMethods)}.");
        // DC-03: no URL out of metadata is ever fetched, so keys come with them.
        if (method == ClientAuthenticationMethods.PrivateKeyJwt && metadata.Jwks is null) throw new RegistrationException(InvalidClientMetadata, "private_key_jwt needs the client's public keys in jwks; jwks_uri is not read.");
        var keys = metadata.Jwks is { } set ? PublicKeys.Check(set) : null;
        var grants = metadata.GrantTypes ?? [GrantTypes.AuthorizationCode];
        if (!grants.Contains(GrantTypes.AuthorizationCode)) throw new RegistrationException(InvalidClientMetadata, "grant_types must contain authorization_code.");
        if (metadata.ResponseTypes is { } responses && !responses.Contains(ResponseTypes.Code)) throw new RegistrationException(InvalidClientMetadata, "response_types must contain code.");

        return new CheckedClient(NameOf(metadata), uris, method, grants.Contains(GrantTypes.RefreshToken), metadata.Scope, method == ClientAuthenticationMethods.PrivateKeyJwt ? keys : null);
    }

    private static string NameOf(ClientMetadata metadata)
    {
        if (metadata.ClientName is not { } name) return NoName;
        if (name.Length > LongestName) throw new RegistrationException(InvalidClientMetadata, $"client_name must have at most {LongestName} characters.");
        return VisibleText.Of(name) is { Length: > 0 } visible ? visible : NoName;
    }

    private static void CheckRedirectUri(string text, RegistrationOptions options)
    {
        if (!IsPlain(text) || !Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0 || text.Contains('#') || text.Contains('*') || QueryHelpers.ParseQuery(uri.Query).ContainsKey(Parameters.Iss))
            throw new RegistrationException(InvalidRedirectUri, "Each of redirect_uris must be an absolute URI without user name, fragment, wildcard or the parameter iss.");
        var allowed = uri.Scheme switch
        {
            "https" => uri.Host.Length > 0,
            // RFC 8252, section 7.3; plain http anywhere else would carry the code in clear.
            "http" => uri.Host == "localhost" || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address)),
            // RFC 8252, section 7.1: a private-use scheme is a domain name in reverse. Some known apps have shorter ones.
            var scheme => scheme.Contains('.', StringComparison.Ordinal) || options.PrivateUseSchemes.Contains(scheme),
        };
        if (!allowed)
            throw new RegistrationException(InvalidRedirectUri, "Each of redirect_uris must be https, http on localhost, 127.0.0.1 or [::1], or a private-use scheme with a dot in it, such as com.example.app:/callback.");
    }

    private static bool IsWebAddress(string text)
        => IsPlain(text) && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps && uri.UserInfo.Length == 0;

    // Parsers repair the rest, each in its own way.
    private static bool IsPlain([NotNullWhen(true)] string? text) => text is { Length: > 0 and <= LongestUri } && text.All(character => character is > ' ' and < (char)0x7F and not '\\');
}

/// <summary>RFC 7591, section 3.2.2: a registration was refused.</summary>
internal sealed class RegistrationException(string error, string description) : Exception(description)
{
    public string Error => error;

    public int Status { get; init; } = StatusCodes.Status400BadRequest;

    /// <summary>When it is worth while to ask again.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
