using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using StockMcp.AuthorizationServer.Database;
using StockMcp.Hosting;

namespace StockMcp.AuthorizationServer.Keys;

/// <summary>
/// Lets signing keys come and go (KM-01): announced, signing, retired but published, removed. It looks at the database twice a minute, so that all copies follow what one
/// of them, or the command, did.
/// </summary>
public sealed partial class KeyRotation(IServiceScopeFactory scopes, SigningKeys keys, MasterSecret secret, IOptions<SigningKeyOptions> options, TimeProvider time, ILogger<KeyRotation> log) : BackgroundService
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    /// <summary>Rotates if it is time, deletes what is removed, and takes over what changed.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<AuthorizationServerDbContext>();
        var states = await ListAsync(database, cancellationToken);
        var now = time.GetUtcNow();
        // The next key is announced early enough to sign when this one is old.
        if (states.Count == 0) await AddAsync(database, states, now, cancellationToken);
        else if (states[^1].State == SigningKeyState.Signing && states[^1].Key.SignsFrom + options.Value.RotateAfter - options.Value.AnnounceFor <= now) await AddAsync(database, states, now + options.Value.AnnounceFor, cancellationToken);
        var removed = states.Where(key => key.State == SigningKeyState.Removed).Select(key => key.Key.Kid).ToList();
        if (removed.Count > 0) await database.SigningKeys.Where(key => removed.Contains(key.Kid)).ExecuteDeleteAsync(cancellationToken);
        if (keys.Use(await database.SigningKeys.AsNoTracking().ToListAsync(cancellationToken))) LogChanged();
    }

    /// <summary>The keys of the database, oldest first.</summary>
    public async Task<IReadOnlyList<(SigningKey Key, SigningKeyState State)>> ListAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await ListAsync(scope.ServiceProvider.GetRequiredService<AuthorizationServerDbContext>(), cancellationToken);
    }

    /// <summary>Announces the next key, which signs after the announcement; does nothing if one is announced already.</summary>
    /// <returns>The announced key.</returns>
    public async Task<SigningKey> RotateAsync(CancellationToken cancellationToken)
    {
        await using (var scope = scopes.CreateAsyncScope())
        {
            var database = scope.ServiceProvider.GetRequiredService<AuthorizationServerDbContext>();
            var states = await ListAsync(database, cancellationToken);
            if (states[^1].State != SigningKeyState.Announced) await AddAsync(database, states, time.GetUtcNow() + options.Value.AnnounceFor, cancellationToken);
        }
        await RunAsync(cancellationToken);
        return (await ListAsync(cancellationToken))[^1].Key;
    }

    /// <summary>Removes a key at once, because somebody else may have it. If it signs, a new one signs in its place, which nobody has heard of yet.</summary>
    /// <returns>False if there is no such key.</returns>
    public async Task<bool> RevokeAsync(string kid, CancellationToken cancellationToken)
    {
        await using (var scope = scopes.CreateAsyncScope())
        {
            var database = scope.ServiceProvider.GetRequiredService<AuthorizationServerDbContext>();
            var states = await ListAsync(database, cancellationToken);
            if (states.All(key => key.Key.Kid != kid)) return false;
            // An announced one comes early; its place in the order of generations says that it follows.
            if (states.Any(key => key.Key.Kid == kid && key.State == SigningKeyState.Signing))
            {
                var now = time.GetUtcNow();
                if (await database.SigningKeys.Where(key => key.Kid != kid && key.SignsFrom > now).ExecuteUpdateAsync(set => set.SetProperty(key => key.SignsFrom, now), cancellationToken) == 0)
                    await AddAsync(database, states, now, cancellationToken);
            }
            await database.SigningKeys.Where(key => key.Kid == kid).ExecuteDeleteAsync(cancellationToken);
            await database.ForgetKeyAsync(kid, cancellationToken);
            LogRevoked(kid);
        }
        await RunAsync(cancellationToken);
        return true;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        // The keys that are known go on.
        await timer.RepeatAsync(RunAsync, exception => exception is System.Data.Common.DbException or DbUpdateException or TimeoutException or StartupException, exception => LogFailed(exception.Message), stoppingToken);
    }

    private async Task<IReadOnlyList<(SigningKey Key, SigningKeyState State)>> ListAsync(AuthorizationServerDbContext database, CancellationToken cancellationToken)
        => SigningKeys.States(await database.SigningKeys.AsNoTracking().ToListAsync(cancellationToken), options.Value, time.GetUtcNow());

    // The generation follows what was looked at when it was decided that a key is needed: of two copies that decide so at once, one makes it, and the other finds its place taken.
    private async Task AddAsync(AuthorizationServerDbContext database, IReadOnlyList<(SigningKey Key, SigningKeyState State)> states, DateTimeOffset signsFrom, CancellationToken cancellationToken)
    {
        var generation = states.Select(state => state.Key.Generation).DefaultIfEmpty().Max() + 1;
        using var fresh = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var kid = Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(16));
        var key = new SigningKey { Kid = kid, Generation = generation, PrivateKey = secret.Encrypt(SigningKeys.Purpose, fresh.ExportPkcs8PrivateKey(), kid), CreatedAt = time.GetUtcNow(), SignsFrom = signsFrom };
        database.SigningKeys.Add(key);
        try
        {
            await database.SaveChangesAsync(cancellationToken);
            if (generation > 1) LogAdded(kid, signsFrom); // the first one is no news
        }
        catch (DbUpdateException) when (database.SigningKeys.AsNoTracking().Any(known => known.Generation == generation))
        {
            database.Entry(key).State = EntityState.Detached; // another copy made the next one in the same moment
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Signing key {Kid} was made; it signs from {From:O}.")]
    private partial void LogAdded(string kid, DateTimeOffset from);

    [LoggerMessage(EventId = 2, Level = LogLevel.Debug, Message = "The signing keys changed.")]
    private partial void LogChanged();

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "Signing key {Kid} was revoked.")]
    private partial void LogRevoked(string kid);

    [LoggerMessage(EventId = 4, Level = LogLevel.Error, Message = "The signing keys could not be looked at: {Reason}")]
    private partial void LogFailed(string reason);
}
