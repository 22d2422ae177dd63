using System.Security.Cryptography;
using Duende.IdentityModel;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using StockMcp.Hosting;
using StockMcp.ResourceServer.TokenValidation;

namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>This server's private key at the authorization server (RFC 7523): with it, no secret is shared. It signs a new assertion for each request.</summary>
internal sealed class AuthorityKey
{
    private static readonly TimeSpan s_lifetime = TimeSpan.FromSeconds(60);
    private readonly SigningCredentials credentials;
    private readonly AuthorityOptions options;
    private readonly TimeProvider time;

    public AuthorityKey(ECDsaSecurityKey key, AuthorityOptions options, TimeProvider time)
    {
        (this.options, this.time) = (options, time);
        credentials = new SigningCredentials(key, SecurityAlgorithms.EcdsaSha256);
    }

    /// <summary>Reads the key of a PEM file: EC on P-256.</summary>
    /// <exception cref="StartupException">It cannot be read, or is something else.</exception>
    public static ECDsaSecurityKey Read(string path)
    {
        const string Setting = AuthorityOptions.Section + ":ClientKeyFile";
        try
        {
            var ecdsa = ECDsa.Create();
            ecdsa.ImportFromPem(File.ReadAllText(path));
            if (ecdsa.KeySize != 256) throw new StartupException($"{Setting} names {path}, whose key is not on the curve P-256. Make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256");
            ecdsa.SignData([0], HashAlgorithmName.SHA256); // a public key would be found out at the first exchange only
            return new ECDsaSecurityKey(ecdsa);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{Setting} names {path}, which cannot be read: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is ArgumentException or CryptographicException)
        {
            throw new StartupException($"{Setting} names {path}, which holds no private key in PEM. Make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256", exception);
        }
    }

    /// <summary>An assertion for one request.</summary>
    public string Sign()
    {
        var now = time.GetUtcNow().UtcDateTime;
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = "client-authentication+jwt",
            Issuer = options.ClientId,
            Audience = options.Issuer, // the issuer alone, never the token endpoint: what another server got is good nowhere else
            IssuedAt = now,
            Expires = now + s_lifetime,
            Claims = new Dictionary<string, object> { [JwtClaimTypes.Subject] = options.ClientId, [JwtClaimTypes.JwtId] = Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(16)) },
            SigningCredentials = credentials,
        });
    }

    public override string ToString() => "client key";
}
