using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using StockMcp.AuthorizationServer.Database;
using StockMcp.Hosting;

namespace StockMcp.AuthorizationServer.Keys;

/// <summary>A key that signs tokens: ES256, made by the server itself.</summary>
public sealed class SigningKey
{
    /// <summary>The key's id in the JWKS and in each token's header (RFC 7517, section 4.5).</summary>
    public required string Kid { get; init; }

    /// <summary>The private key (PKCS #8), encrypted by the master secret and bound to <see cref="Kid"/>.</summary>
    public required byte[] PrivateKey { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The signing keys in use: read from the database at start, made there if it has none.</summary>
public sealed class SigningKeys(MasterSecret secret, TimeProvider time) : IConfigureOptions<OpenIddictServerOptions>
{
    private const string Purpose = "signing-keys";
    private readonly List<SigningCredentials> credentials = [];

    /// <summary>What signs, newest first.</summary>
    public IReadOnlyList<SigningCredentials> Signing => credentials;

    /// <summary>What encrypts tokens that only this server reads.</summary>
    public EncryptingCredentials Encryption => new(new SymmetricSecurityKey(secret.DeriveKey("token-encryption")), SecurityAlgorithms.Aes256KW, SecurityAlgorithms.Aes256CbcHmacSha512);

    internal void Load(AuthorizationServerDbContext database)
    {
        if (!database.SigningKeys.Any())
        {
            using var fresh = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var kid = Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(16));
            database.SigningKeys.Add(new SigningKey { Kid = kid, PrivateKey = secret.Encrypt(Purpose, fresh.ExportPkcs8PrivateKey(), kid), CreatedAt = time.GetUtcNow() });
            database.SaveChanges();
        }
        foreach (var key in database.SigningKeys.AsNoTracking().OrderByDescending(key => key.CreatedAt).ToList())
            credentials.Add(new SigningCredentials(Open(key), SecurityAlgorithms.EcdsaSha256));
    }

    /// <inheritdoc/>
    public void Configure(OpenIddictServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.SigningCredentials.AddRange(credentials);
        options.EncryptionCredentials.Add(Encryption);
    }

    private ECDsaSecurityKey Open(SigningKey key)
    {
        try
        {
            var ecdsa = ECDsa.Create();
            ecdsa.ImportPkcs8PrivateKey(secret.Decrypt(Purpose, key.PrivateKey, key.Kid), out _);
            return new ECDsaSecurityKey(ecdsa) { KeyId = key.Kid };
        }
        catch (CryptographicException exception)
        {
            throw new StartupException("The signing keys in the database do not open with this master secret. Restore the file master.secret that belongs to this database.", exception);
        }
    }
}
