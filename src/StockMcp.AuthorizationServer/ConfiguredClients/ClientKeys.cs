using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using StockMcp.Hosting;

namespace StockMcp.AuthorizationServer.ConfiguredClients;

/// <summary>The public keys of a client that the operator registered.</summary>
internal static class ClientKeys
{
    /// <exception cref="StartupException">The text holds no keys, or private ones.</exception>
    public static JsonWebKeySet? Read(string clientId, string? text)
    {
        if (text is null) return null;
        try
        {
            var set = text.TrimStart().StartsWith('{') ? new JsonWebKeySet(text) : FromPem(text);
            if (set.Keys.Count == 0) throw new StartupException($"The keys of client {clientId} are an empty set: give at least one public key.");
            if (set.Keys.Any(key => key.HasPrivateKey || key.Kty is not (JsonWebAlgorithmsKeyTypes.EllipticCurve or JsonWebAlgorithmsKeyTypes.RSA)))
                throw new StartupException($"The keys of client {clientId} must be public EC or RSA keys. A private key belongs to the client alone: replace it, and give its public half.");
            return set;
        }
        catch (Exception exception) when (exception is ArgumentException or CryptographicException)
        {
            throw new StartupException($"The keys of client {clientId} cannot be read: give a JSON Web Key Set, or a public key in PEM (openssl pkey -in key.pem -pubout). {exception.Message}", exception);
        }
    }

    private static JsonWebKeySet FromPem(string text)
    {
        using var ecdsa = ECDsa.Create();
        ecdsa.ImportFromPem(text);
        var set = new JsonWebKeySet();
        set.Keys.Add(JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(ECDsa.Create(ecdsa.ExportParameters(includePrivateParameters: text.Contains("PRIVATE", StringComparison.Ordinal))))));
        return set;
    }
}
