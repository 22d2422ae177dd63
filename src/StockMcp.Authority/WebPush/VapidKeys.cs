using System.Buffers.Text;
using System.Security.Cryptography;
using Lib.Net.Http.WebPush.Authentication;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StockMcp.Authority.Database;
using StockMcp.AuthorizationServer.Database;
using StockMcp.AuthorizationServer.Keys;

namespace StockMcp.Authority.WebPush;

/// <summary>The key by which push services and browsers know our notifications (RFC 8292). There is one; another one would void every subscription.</summary>
public sealed class VapidKey
{
    /// <summary>1.</summary>
    public required int Id { get; init; }

    /// <summary>The point on P-256, uncompressed, base64url: what browsers subscribe with.</summary>
    public required string PublicKey { get; init; }

    /// <summary>The private scalar, encrypted by the master secret and bound to <see cref="PublicKey"/>.</summary>
    public required byte[] PrivateKey { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <inheritdoc/>
    public override string ToString() => PublicKey;
}

internal sealed class VapidKeyConfiguration : IEntityTypeConfiguration<VapidKey>
{
    public void Configure(EntityTypeBuilder<VapidKey> builder)
    {
        builder.ToTable("VapidKeys");
        builder.Property(key => key.Id).ValueGeneratedNever();
    }
}

/// <summary>Makes the key once, for all copies, and opens it.</summary>
internal sealed class VapidKeys(AuthorityDbContext database, MasterSecret secret, TimeProvider time)
{
    private const string Purpose = "web-push-vapid";
    private const int TheOne = 1;

    /// <summary>The key, which is made if there is none yet.</summary>
    public async Task<VapidKey> GetAsync(CancellationToken cancellationToken)
    {
        if (await FindAsync(cancellationToken) is { } known) return known;
        using var fresh = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var parameters = fresh.ExportParameters(includePrivateParameters: true);
        var publicKey = Base64Url.EncodeToString([4, .. parameters.Q.X!, .. parameters.Q.Y!]);
        var key = new VapidKey { Id = TheOne, PublicKey = publicKey, PrivateKey = secret.Encrypt(Purpose, parameters.D!, publicKey), CreatedAt = time.GetUtcNow() };
        database.Add(key);
        try
        {
            await database.SaveChangesAsync(cancellationToken);
            return key;
        }
        catch (DbUpdateException exception) when (!DatabaseOutage.Is(exception))
        {
            database.Discard(); // another copy made one in the same moment
            return await FindAsync(cancellationToken) ?? throw new InvalidOperationException("There is no VAPID key, and none can be made.", exception);
        }
    }

    /// <summary>The key, ready to sign.</summary>
    public async Task<VapidAuthentication> OpenAsync(string subject, CancellationToken cancellationToken)
    {
        var key = await GetAsync(cancellationToken);
        return new VapidAuthentication(key.PublicKey, Base64Url.EncodeToString(secret.Decrypt(Purpose, key.PrivateKey, key.PublicKey))) { Subject = subject };
    }

    private Task<VapidKey?> FindAsync(CancellationToken cancellationToken) => database.Set<VapidKey>().AsNoTracking().FirstOrDefaultAsync(key => key.Id == TheOne, cancellationToken);
}
