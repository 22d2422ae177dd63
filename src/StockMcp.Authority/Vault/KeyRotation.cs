using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.ConnectedAccounts;
using StockMcp.Authority.Database;

namespace StockMcp.Authority.Vault;

/// <summary>
/// Replaces the vault's keys while it is in use (KM-03). The old ones open what they sealed until all of it is sealed anew; only then are they given up. What does not open
/// stays as it is, is named, and keeps its key.
/// </summary>
internal sealed class KeyRotation(IServiceScopeFactory scopes, MasterKeys masters)
{
    private const int Batch = 100;

    /// <summary>Longer than any request takes between reading which key is the newest and storing what it sealed with it.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    /// <summary>Makes a new master key, and wraps everybody's key with it. No secret of theirs is touched.</summary>
    /// <param name="say">Is told how far it is.</param>
    /// <param name="cancellationToken">Ends it; begun again, it starts with a newer key.</param>
    /// <returns>The keys that did not open.</returns>
    public async Task<IReadOnlyList<string>> RotateMasterKeyAsync(Action<string> say, CancellationToken cancellationToken)
    {
        var version = masters.Add();
        say($"Master key {version} is made, and wraps from now on.");
        var (failed, done) = (new Dictionary<(Guid, int), string>(), 0);
        for (var last = false; ; last = true)
        {
            done += await RewrapAsync(version, failed, done, say, cancellationToken);
            if (last) break;
            await Task.Delay(Grace, TimeProvider.System, cancellationToken); // somebody who first connects just now may still have wrapped with the old one
        }
        if (failed.Count == 0)
        {
            masters.HonourFrom(version);
            say($"{done} keys are wrapped anew. Master keys before {version} are not honoured any more. Keep their files as long as you keep backups from before.");
        }
        else
        {
            say($"{done} keys are wrapped anew. {failed.Count} did not open, so the older master keys stay honoured.");
        }
        return [.. failed.Values];
    }

    /// <summary>Makes a new key for one person or for all, seals their secrets with it, and destroys the old ones.</summary>
    /// <returns>The secrets that did not open.</returns>
    public async Task<IReadOnlyList<string>> RotatePersonKeysAsync(Guid? only, Action<string> say, CancellationToken cancellationToken)
    {
        var people = await ReadAsync(database => database.Set<PersonKey>().Where(key => only == null || key.PersonId == only).Select(key => key.PersonId).Distinct().ToListAsync(cancellationToken));
        var (failed, versions) = (new List<string>(), new Dictionary<Guid, int>());
        foreach (var person in people)
        {
            await using (var scope = scopes.CreateAsyncScope())
                versions[person] = await scope.ServiceProvider.GetRequiredService<PersonKeys>().AddVersionAsync(person, cancellationToken);
            await ResealAsync(person, failed, cancellationToken);
            if (versions.Count % Batch == 0) say($"{versions.Count} of {people.Count} people have a new key.");
        }
        await Task.Delay(Grace, TimeProvider.System, cancellationToken);
        var destroyed = 0;
        foreach (var (person, version) in versions)
        {
            var again = new List<string>();
            await ResealAsync(person, again, cancellationToken); // what was stored meanwhile, if anything
            if (again.Count == 0 && await ReadAsync(database => IsUnusedAsync(database, person, version, cancellationToken))) destroyed += await ReadAsync(database => database.Set<PersonKey>().Where(key => key.PersonId == person && key.Version < version).ExecuteDeleteAsync(cancellationToken));
        }
        say($"{versions.Count} people have a new key; {destroyed} old keys are destroyed.");
        return failed;
    }

    private async Task<int> RewrapAsync(int version, Dictionary<(Guid, int), string> failed, int before, Action<string> say, CancellationToken cancellationToken)
    {
        var (done, after) = (0, Guid.Empty);
        while (true)
        {
            await using var scope = scopes.CreateAsyncScope();
            var (database, keys) = (scope.ServiceProvider.GetRequiredService<AuthorityDbContext>(), scope.ServiceProvider.GetRequiredService<PersonKeys>());
            // Whole people at a time, in the order of their ids: a key that does not open must not hold up those after it.
            var people = await database.Set<PersonKey>().Where(key => key.MasterKeyVersion < version && key.PersonId.CompareTo(after) > 0).Select(key => key.PersonId).Distinct().OrderBy(id => id).Take(Batch).ToListAsync(cancellationToken);
            if (people.Count == 0) return done;
            foreach (var key in await database.Set<PersonKey>().AsNoTracking().Where(key => people.Contains(key.PersonId) && key.MasterKeyVersion < version).ToListAsync(cancellationToken))
            {
                try
                {
                    var wrapped = keys.Rewrap(key, version);
                    done += await database.Set<PersonKey>().Where(known => known.PersonId == key.PersonId && known.Version == key.Version && known.MasterKeyVersion == key.MasterKeyVersion)
                        .ExecuteUpdateAsync(set => set.SetProperty(known => known.WrappedKey, wrapped).SetProperty(known => known.MasterKeyVersion, version), cancellationToken);
                }
                catch (VaultException exception)
                {
                    failed[(key.PersonId, key.Version)] = exception.Message;
                }
            }
            after = people[^1];
            say($"{before + done} keys are wrapped anew.");
        }
    }

    private async Task ResealAsync(Guid person, List<string> failed, CancellationToken cancellationToken)
    {
        foreach (var accountId in await ReadAsync(database => database.Set<ConnectedAccount>().Where(account => account.PersonId == person).Select(account => account.Id).ToListAsync(cancellationToken)))
        {
            await using var scope = scopes.CreateAsyncScope();
            var (database, keys) = (scope.ServiceProvider.GetRequiredService<AuthorityDbContext>(), scope.ServiceProvider.GetRequiredService<PersonKeys>());
            if (await scope.ServiceProvider.GetRequiredService<AccountLease>().TakeAsync(accountId, cancellationToken) is not { } account) continue;
            if (account.RefreshToken is { } refreshToken) account.RefreshToken = await keys.ResealAsync(account, TokenVault.RefreshTokenColumn, refreshToken, failed, cancellationToken);
            foreach (var token in await database.Set<UpstreamAccessToken>().Where(token => token.AccountId == accountId).ToListAsync(cancellationToken))
                token.Token = await keys.ResealAsync(account, TokenVault.AccessTokenColumn, token.Token, failed, cancellationToken);
            await database.SaveChangesAsync(cancellationToken);
        }
        foreach (var requestId in await ReadAsync(database => database.Set<ConnectRequest>().Where(request => request.PersonId == person && request.RefreshToken != null).Select(request => request.Id).ToListAsync(cancellationToken)))
        {
            await using var scope = scopes.CreateAsyncScope();
            var (database, keys) = (scope.ServiceProvider.GetRequiredService<AuthorityDbContext>(), scope.ServiceProvider.GetRequiredService<PersonKeys>());
            if (await database.Set<ConnectRequest>().AsNoTracking().FirstOrDefaultAsync(request => request.Id == requestId, cancellationToken) is not { RefreshToken: { } pending, Subject: { } subject } request) continue;
            var resealed = await keys.ResealAsync(TokenVault.Pending(person, request.Connection, subject), TokenVault.PendingColumn, pending, failed, cancellationToken);
            await database.Set<ConnectRequest>().Where(known => known.Id == requestId).ExecuteUpdateAsync(set => set.SetProperty(known => known.RefreshToken, resealed), cancellationToken);
        }
    }

    // A key is the one thing that nobody can make again: that nothing needs it is looked up, not concluded.
    private static async Task<bool> IsUnusedAsync(AuthorityDbContext database, Guid person, int version, CancellationToken cancellationToken)
    {
        var accounts = await database.Set<ConnectedAccount>().AsNoTracking().Where(account => account.PersonId == person).ToListAsync(cancellationToken);
        var ids = accounts.Select(account => account.Id).ToList();
        var secrets = accounts.Select(account => account.RefreshToken)
            .Concat(await database.Set<UpstreamAccessToken>().Where(token => ids.Contains(token.AccountId)).Select(token => (byte[]?)token.Token).ToListAsync(cancellationToken))
            .Concat(await database.Set<ConnectRequest>().Where(request => request.PersonId == person).Select(request => request.RefreshToken).ToListAsync(cancellationToken));
        return secrets.All(secret => secret is null || PersonKeys.VersionOf(secret) >= version);
    }

    private async Task<T> ReadAsync<T>(Func<AuthorityDbContext, Task<T>> read)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await read(scope.ServiceProvider.GetRequiredService<AuthorityDbContext>());
    }
}
