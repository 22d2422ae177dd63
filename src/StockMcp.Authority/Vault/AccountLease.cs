using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.Database;

namespace StockMcp.Authority.Vault;

/// <summary>Who holds an account's lease alone may change its refresh token. A holder that dies holds the others up no longer than the lease lasts.</summary>
internal sealed class AccountLease(AuthorityDbContext database, TimeProvider time)
{
    /// <summary>Longer than a refresh can take.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(20);

    /// <summary>How often it is tried.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    public async Task<bool> TryAsync(Guid accountId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return await database.Set<ConnectedAccount>().Where(account => account.Id == accountId && (account.RefreshLease == null || account.RefreshLease < now))
            .ExecuteUpdateAsync(set => set.SetProperty(account => account.RefreshLease, now + Length), cancellationToken) == 1;
    }

    /// <summary>Waits for it, and reads the account as it is then. The caller saves it with <see cref="ConnectedAccount.RefreshLease"/> set to nothing.</summary>
    /// <returns><see langword="null"/> if the account is gone.</returns>
    public async Task<ConnectedAccount?> TakeAsync(Guid accountId, CancellationToken cancellationToken)
    {
        while (!await TryAsync(accountId, cancellationToken))
        {
            if (!await database.Set<ConnectedAccount>().AnyAsync(account => account.Id == accountId, cancellationToken)) return null;
            await Task.Delay(Pause, time, cancellationToken);
        }
        var account = await database.Set<ConnectedAccount>().FirstOrDefaultAsync(known => known.Id == accountId, cancellationToken);
        if (account is null) return null;
        await database.Entry(account).ReloadAsync(cancellationToken);
        account.RefreshLease = null;
        return account;
    }
}
