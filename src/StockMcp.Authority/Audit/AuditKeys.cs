using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.Database;
using StockMcp.AuthorizationServer.Keys;

namespace StockMcp.Authority.Audit;

/// <summary>The keys that sign checkpoints: apart from those that sign tokens, since who reads a log checks them years later.</summary>
internal sealed class AuditKeys(MasterSecret secret, TimeProvider time)
{
    private const string Purpose = "audit-checkpoint-keys";

    /// <summary>The key that signs: the first that was made. Two copies that start at once may make one each; both verify.</summary>
    public async Task<(string Kid, ECDsa Key)> SigningKeyAsync(AuthorityDbContext database, CancellationToken cancellationToken)
    {
        if (!await database.Set<AuditKey>().AnyAsync(cancellationToken))
        {
            using var fresh = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var kid = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
            database.Add(new AuditKey { Kid = kid, PrivateKey = secret.Encrypt(Purpose, fresh.ExportPkcs8PrivateKey(), kid), CreatedAt = time.GetUtcNow() });
            await database.SaveChangesAsync(cancellationToken);
        }
        var key = await database.Set<AuditKey>().AsNoTracking().OrderBy(key => key.CreatedAt).ThenBy(key => key.Kid).FirstAsync(cancellationToken);
        return (key.Kid, Open(key));
    }

    /// <summary>The key of an id; <see langword="null"/> if there is none, or it does not open with this master secret.</summary>
    public async Task<ECDsa?> FindAsync(AuthorityDbContext database, string kid, CancellationToken cancellationToken)
    {
        if (await database.Set<AuditKey>().AsNoTracking().FirstOrDefaultAsync(key => key.Kid == kid, cancellationToken) is not { } stored) return null;
        try
        {
            return Open(stored);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private ECDsa Open(AuditKey stored)
    {
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(secret.Decrypt(Purpose, stored.PrivateKey, stored.Kid), out _);
        return key;
    }
}
