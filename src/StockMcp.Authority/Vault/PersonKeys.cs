using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.Database;
using StockMcp.AuthorizationServer.Keys;

namespace StockMcp.Authority.Vault;

/// <summary>A person's own key, wrapped by a master key: deleted, all that it sealed is lost for good.</summary>
public sealed class PersonKey
{
    /// <summary>Whose it is.</summary>
    public required Guid PersonId { get; init; }

    /// <summary>The person's first key is 1.</summary>
    public required int Version { get; init; }

    /// <summary>The version of the master key that wraps it.</summary>
    public required int MasterKeyVersion { get; set; }

    /// <summary>256 random bits, wrapped.</summary>
    public required byte[] WrappedKey { get; set; }
}

/// <summary>A secret of the vault does not open: it was changed, moved to another row, or its keys are gone.</summary>
public sealed class VaultException : Exception
{
    /// <inheritdoc/>
    public VaultException() { }

    /// <inheritdoc/>
    public VaultException(string message) : base(message) { }

    /// <inheritdoc/>
    public VaultException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>
/// Envelope encryption: a secret is sealed by its person's key (AES-256-GCM), and that key is wrapped by a master key. Each is bound to the place it is
/// stored in, so that a row moved elsewhere does not open (TV-01). Stored as the format's version, the key's version, nonce, ciphertext and tag.
/// </summary>
internal sealed class PersonKeys(AuthorityDbContext database, MasterKeys masters)
{
    private const byte Format = 1;
    private const int Header = 1 + sizeof(int);
    private const string WrapPurpose = "vault/wrap";
    private const string SealPurpose = "vault/v1";

    /// <summary>A person's keys. Who keeps them while something else happens holds the lease of what will be sealed: else <see cref="KeyRotation"/> could destroy one meanwhile.</summary>
    public async Task<Ring> ReadAsync(Guid personId, CancellationToken cancellationToken)
    {
        var stored = await database.Set<PersonKey>().Where(key => key.PersonId == personId).ToListAsync(cancellationToken);
        // One that was just made is not stored yet.
        return new Ring(this, personId, [.. stored, .. database.ChangeTracker.Entries<PersonKey>().Where(entry => entry.State == EntityState.Added && entry.Entity.PersonId == personId).Select(entry => entry.Entity)]);
    }

    /// <summary>Seals a secret. A first key is made when the person has none; the caller saves it with what it sealed.</summary>
    public async Task<byte[]> SealAsync(ConnectedAccount account, string column, string secret, CancellationToken cancellationToken) => (await ReadAsync(account.PersonId, cancellationToken)).Seal(account, column, secret);

    /// <exception cref="VaultException">It does not open.</exception>
    public async Task<string> OpenAsync(ConnectedAccount account, string column, byte[] stored, CancellationToken cancellationToken) => (await ReadAsync(account.PersonId, cancellationToken)).Open(account, column, stored);

    /// <summary>The key's bytes, wrapped by another master key. They are the same, so all that they sealed still opens.</summary>
    /// <exception cref="VaultException">It does not open.</exception>
    public byte[] Rewrap(PersonKey key, int masterKeyVersion)
    {
        var bytes = Open(key);
        try
        {
            return masters.Get(masterKeyVersion).Encrypt(WrapPurpose, bytes, BoundTo(key));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>The version of the key that sealed it.</summary>
    public static int VersionOf(byte[] stored) => stored.Length > Header ? BinaryPrimitives.ReadInt32BigEndian(stored.AsSpan(1)) : 0;

    /// <summary>Makes the person's next key; from now on it seals.</summary>
    /// <returns>Its version.</returns>
    public async Task<int> AddVersionAsync(Guid personId, CancellationToken cancellationToken)
    {
        var key = Create(personId, 1 + await database.Set<PersonKey>().Where(key => key.PersonId == personId).MaxAsync(key => (int?)key.Version, cancellationToken) ?? 1);
        await database.SaveChangesAsync(cancellationToken);
        return key.Version;
    }

    /// <summary>Seals a secret with the person's newest key. One that does not open stays as it is, and is named.</summary>
    public async Task<byte[]> ResealAsync(ConnectedAccount account, string column, byte[] stored, List<string> failed, CancellationToken cancellationToken)
    {
        try
        {
            return await SealAsync(account, column, await OpenAsync(account, column, stored, cancellationToken), cancellationToken);
        }
        catch (VaultException exception)
        {
            failed.Add(exception.Message);
            return stored;
        }
    }

    private PersonKey Create(Guid personId, int version = 1)
    {
        var key = new PersonKey { PersonId = personId, Version = version, MasterKeyVersion = masters.Current, WrappedKey = [] };
        key.WrappedKey = masters.Get(key.MasterKeyVersion).Encrypt(WrapPurpose, RandomNumberGenerator.GetBytes(32), BoundTo(key));
        database.Add(key);
        return key;
    }

    private MasterSecret Unwrap(PersonKey key) => new(Open(key));

    private byte[] Open(PersonKey key)
    {
        try
        {
            return masters.Get(key.MasterKeyVersion).Decrypt(WrapPurpose, key.WrappedKey, BoundTo(key));
        }
        catch (CryptographicException exception)
        {
            throw new VaultException($"Key {key.Version} of person {key.PersonId} does not open with master key {key.MasterKeyVersion}.", exception);
        }
    }

    private static string BoundTo(PersonKey key) => $"{key.PersonId}|{key.Version}";

    private static string BoundTo(ConnectedAccount account, string column) => $"{account.PersonId}|{account.Connection}|{account.Subject}|{column}";

    /// <summary>The keys of one person, of which the newest seals.</summary>
    internal sealed class Ring(PersonKeys keys, Guid personId, List<PersonKey> all)
    {
        /// <inheritdoc cref="SealAsync"/>
        public byte[] Seal(ConnectedAccount account, string column, string secret)
        {
            if (all.Count == 0) all.Add(keys.Create(personId));
            var key = all.MaxBy(key => key.Version)!;
            var sealedSecret = keys.Unwrap(key).Encrypt(SealPurpose, Encoding.UTF8.GetBytes(secret), BoundTo(account, column));
            var stored = new byte[Header + sealedSecret.Length];
            stored[0] = Format;
            BinaryPrimitives.WriteInt32BigEndian(stored.AsSpan(1), key.Version);
            sealedSecret.CopyTo(stored, Header);
            return stored;
        }

        /// <inheritdoc cref="OpenAsync"/>
        public string Open(ConnectedAccount account, string column, byte[] stored)
        {
            if (stored.Length <= Header || stored[0] != Format) throw new VaultException("A secret of the vault has an unknown format.");
            var version = BinaryPrimitives.ReadInt32BigEndian(stored.AsSpan(1));
            var key = all.Find(key => key.Version == version) ?? throw new VaultException($"Key {version} of person {personId} is gone: what it sealed is lost.");
            try
            {
                return Encoding.UTF8.GetString(keys.Unwrap(key).Decrypt(SealPurpose, stored.AsSpan(Header), BoundTo(account, column)));
            }
            catch (CryptographicException exception)
            {
                throw new VaultException($"A secret of account {account.Id} does not open: it was changed, or belongs elsewhere.", exception);
            }
        }
    }
}
