using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StockMcp.Authority.Database;
using StockMcp.AuthorizationServer.Database;

namespace StockMcp.Authority.WebPush;

/// <summary>Which browsers show a person's notifications.</summary>
internal sealed class BrowserSubscriptions(AuthorityDbContext database, IOptions<WebPushOptions> options, TimeProvider time)
{
    /// <summary>How many browsers a person may have: the oldest gives way.</summary>
    public const int MostPerPerson = 10;

    private const int LongestEndpoint = 1024;
    private const int KeySize = 65;
    private const int SecretSize = 16;

    private DbSet<BrowserSubscription> All => database.Set<BrowserSubscription>();

    /// <summary>A person's browsers, the latest first.</summary>
    public Task<List<BrowserSubscription>> ListAsync(Guid personId, CancellationToken cancellationToken)
        => All.AsNoTracking().Where(subscription => subscription.PersonId == personId).OrderByDescending(subscription => subscription.CreatedAt).ThenByDescending(subscription => subscription.Id).ToListAsync(cancellationToken);

    /// <summary>Adds a browser, or takes it over: it shows the notifications of whoever switched them on there last.</summary>
    /// <returns>False if it is none that could be sent to.</returns>
    public async Task<bool> AddAsync(Guid personId, string endpoint, string p256dh, string auth, string browser, CancellationToken cancellationToken)
    {
        if (!IsUsable(endpoint) || !IsPoint(p256dh) || Decode(auth) is not { Length: SecretSize }) return false;
        try
        {
            await TryAddAsync(personId, endpoint, p256dh, auth, browser, cancellationToken);
        }
        catch (DbUpdateException exception) when (!DatabaseOutage.Is(exception))
        {
            database.Discard(); // it came twice in the same moment
            await TryAddAsync(personId, endpoint, p256dh, auth, browser, cancellationToken);
        }
        return true;
    }

    /// <summary>Forgets a browser that a person does not want notified any more.</summary>
    public Task RemoveAsync(Guid personId, Guid id, CancellationToken cancellationToken) => All.Where(subscription => subscription.PersonId == personId && subscription.Id == id).ExecuteDeleteAsync(cancellationToken);

    /// <summary>Forgets a browser that its push service does not know any more.</summary>
    public Task ForgetAsync(Guid id, CancellationToken cancellationToken) => All.Where(subscription => subscription.Id == id).ExecuteDeleteAsync(cancellationToken);

    private async Task TryAddAsync(Guid personId, string endpoint, string p256dh, string auth, string browser, CancellationToken cancellationToken)
    {
        var (hash, now) = (Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(endpoint))), time.GetUtcNow());
        if (await All.FirstOrDefaultAsync(subscription => subscription.EndpointHash == hash, cancellationToken) is { } known)
            (known.PersonId, known.P256dh, known.Auth, known.Browser, known.CreatedAt) = (personId, p256dh, auth, browser, now);
        else
            database.Add(new BrowserSubscription { Id = Guid.CreateVersion7(now), PersonId = personId, EndpointHash = hash, Endpoint = endpoint, P256dh = p256dh, Auth = auth, Browser = browser, CreatedAt = now });
        await database.SaveChangesAsync(cancellationToken);
        var surplus = await All.Where(subscription => subscription.PersonId == personId).OrderByDescending(subscription => subscription.CreatedAt).ThenByDescending(subscription => subscription.Id).Skip(MostPerPerson).Select(subscription => subscription.Id).ToListAsync(cancellationToken);
        if (surplus.Count > 0) await All.Where(subscription => surplus.Contains(subscription.Id)).ExecuteDeleteAsync(cancellationToken);
    }

    // Where it leads is looked at with each connection.
    private bool IsUsable(string endpoint)
        => endpoint.Length <= LongestEndpoint && Uri.TryCreate(endpoint, UriKind.Absolute, out var url) && url.UserInfo.Length == 0 && url.Fragment.Length == 0
            && ((url.Scheme == Uri.UriSchemeHttps && url.IsDefaultPort) || (options.Value.AllowLoopback && url is { Scheme: "http", IsLoopback: true }));

    // An uncompressed point on P-256.
    private static bool IsPoint(string text)
    {
        if (Decode(text) is not { Length: KeySize } point || point[0] != 4) return false;
        try
        {
            using var key = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = point[1..33], Y = point[33..] } });
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static byte[]? Decode(string text)
    {
        try
        {
            return text.Length > 128 ? null : Base64Url.DecodeFromChars(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
