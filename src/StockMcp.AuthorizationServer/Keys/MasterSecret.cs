using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;
using StockMcp.Hosting;

namespace StockMcp.AuthorizationServer.Keys;

/// <summary>
/// The one secret that stays outside the database: 256 random bits in a file. A key per purpose is derived from it (KM-03), so that a copy of the
/// database alone signs nothing and opens nothing.
/// </summary>
public sealed class MasterSecret(byte[] secret)
{
    private const string Setting = "MasterSecretFile";
    private const int NonceSize = 12;
    private const int TagSize = 16;

    /// <summary>Reads the file that the setting <c>MasterSecretFile</c> names (<c>master.secret</c> in the data folder unless set), or makes it.</summary>
    /// <param name="configuration">The settings.</param>
    /// <param name="isProduction">Whether a file that is named must be there: a new secret in place of one that was not mounted would open nothing.</param>
    /// <exception cref="StartupException">The file is missing, or holds something else.</exception>
    public static MasterSecret From(IConfiguration configuration, bool isProduction = false)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var path = PathOf(configuration);
        if (isProduction && configuration[Setting] is { Length: > 0 } && !File.Exists(path))
            throw new StartupException($"{Setting} names {path}, which is not there. Restore it from your backup; for a new installation, make one with: openssl rand -base64 32");
        return new(SecretFile.ReadOrCreate(path));
    }

    /// <summary>The same, but <see langword="null"/> if there is no such file: for commands that read what was written with it.</summary>
    public static MasterSecret? Find(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return File.Exists(PathOf(configuration)) ? From(configuration) : null;
    }

    /// <summary>A 256-bit key for one purpose (HKDF, RFC 5869).</summary>
    public byte[] DeriveKey(string purpose) => HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, info: Encoding.UTF8.GetBytes(purpose));

    /// <summary>Encrypts with AES-256-GCM under the purpose's key: nonce, ciphertext, tag.</summary>
    /// <param name="purpose">What the key is for.</param>
    /// <param name="plaintext">What to encrypt.</param>
    /// <param name="boundTo">The identity of the place it is stored in: elsewhere it does not decrypt.</param>
    public byte[] Encrypt(string purpose, ReadOnlySpan<byte> plaintext, string boundTo)
    {
        var sealedBytes = new byte[NonceSize + plaintext.Length + TagSize];
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(0, NonceSize));
        using var aes = new AesGcm(DeriveKey(purpose), TagSize);
        aes.Encrypt(sealedBytes.AsSpan(0, NonceSize), plaintext, sealedBytes.AsSpan(NonceSize, plaintext.Length), sealedBytes.AsSpan(NonceSize + plaintext.Length), Encoding.UTF8.GetBytes(boundTo));
        return sealedBytes;
    }

    /// <summary>Decrypts what <see cref="Encrypt"/> made.</summary>
    /// <exception cref="CryptographicException">It was changed, moved, or made under another secret.</exception>
    public byte[] Decrypt(string purpose, ReadOnlySpan<byte> sealedBytes, string boundTo)
    {
        if (sealedBytes.Length < NonceSize + TagSize) throw new AuthenticationTagMismatchException();
        var plaintext = new byte[sealedBytes.Length - NonceSize - TagSize];
        using var aes = new AesGcm(DeriveKey(purpose), TagSize);
        aes.Decrypt(sealedBytes[..NonceSize], sealedBytes[NonceSize..^TagSize], sealedBytes[^TagSize..], plaintext, Encoding.UTF8.GetBytes(boundTo));
        return plaintext;
    }

    private static string PathOf(IConfiguration configuration)
        => configuration[Setting] is { Length: > 0 } set ? set : Path.Combine(DataDirectory.From(configuration), "master.secret");
}
