using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Connections;
using StockMcp.Authority.Database;
using StockMcp.Authority.Revocations;

namespace StockMcp.Authority.Vault;

/// <summary>Keeps the refresh tokens of people's accounts, and gets access tokens with them: never more than one refresh of an account at a time.</summary>
internal sealed partial class TokenVault(AuthorityDbContext database, PersonKeys keys, AccountLease lease, UpstreamProvider provider, RevocationNotices revocations, TimeProvider time, ILogger<TokenVault> log)
{
    internal const string RefreshTokenColumn = "refresh_token";
    internal const string AccessTokenColumn = "access_token";
    internal const string PendingColumn = "pending_refresh_token";

    /// <summary>
    /// Those who ask for the same within this time share one answer. A later one asks the provider again: it may come because the API refused the token.
    /// </summary>
    private static readonly TimeSpan Shared = TimeSpan.FromSeconds(20);

    /// <summary>A stored token is handed out only while it lives longer than this.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    /// <summary>A person's accounts, oldest first.</summary>
    public Task<List<ConnectedAccount>> ListAsync(Guid personId, CancellationToken cancellationToken)
        => database.Set<ConnectedAccount>().AsNoTracking().Where(account => account.PersonId == personId).OrderBy(account => account.Id).ToListAsync(cancellationToken);

    /// <summary>
    /// Keeps what a person has just granted at a connection. A refresh token that grants less than the vault's own is revoked instead: nobody loses a scope by
    /// signing in. Saves with it what else the caller changed.
    /// </summary>
    /// <param name="personId">Whose account it is.</param>
    /// <param name="connection">Where it is.</param>
    /// <param name="subject">Who the person is there.</param>
    /// <param name="accountName">What the provider calls them.</param>
    /// <param name="refreshToken">The refresh token; <see langword="null"/> if the provider gave none.</param>
    /// <param name="granted">The granted scopes.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="DbUpdateException">The account became another person's, or was deleted, in the same moment.</exception>
    public async Task StoreAsync(Guid personId, Connection connection, string subject, string accountName, string? refreshToken, IReadOnlyList<string> granted, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var known = await database.Set<ConnectedAccount>().AsNoTracking().FirstOrDefaultAsync(known => known.Connection == connection.Name && known.Subject == subject, cancellationToken);
        // Two who came for the first time at once: the caller looks again, and finds the one who was faster.
        if (known is not null && known.PersonId != personId) throw new DbUpdateConcurrencyException("The account was given to another person meanwhile.");
        ConnectedAccount account;
        string? obsolete = null;
        if (known is not null)
        {
            // A refresh that is under way would put its own token over this one.
            account = await lease.TakeAsync(known.Id, cancellationToken) ?? throw new DbUpdateConcurrencyException("The account was deleted meanwhile.");
        }
        else
        {
            account = new ConnectedAccount { Id = Guid.CreateVersion7(now), PersonId = personId, Connection = connection.Name, Subject = subject, AccountName = accountName, State = ConnectionState.Disconnected };
            database.Add(account);
        }

        account.AccountName = accountName;
        if (refreshToken is not null)
        {
            var before = account is { State: ConnectionState.Connected, RefreshToken: { } sealedToken } ? await keys.OpenAsync(account, RefreshTokenColumn, sealedToken, cancellationToken) : null;
            if (before is not null && account.GrantedScopes.Except(granted).Any())
            {
                obsolete = refreshToken;
            }
            else
            {
                obsolete = before;
                database.Audit(new AuditRecord(AuditEvents.AccountConnected) { Person = personId, Connection = connection.Name, Scopes = string.Join(' ', granted) });
                database.RemoveRange(await database.Set<UpstreamAccessToken>().Where(token => token.AccountId == account.Id).ToListAsync(cancellationToken)); // the old connection's may have ended at the provider
                (account.Scopes, account.State, account.ConnectedAt) = (string.Join(' ', granted), ConnectionState.Connected, now);
                account.RefreshToken = await keys.SealAsync(account, RefreshTokenColumn, refreshToken, cancellationToken);
            }
        }
        await ChooseFirstAsync(account, cancellationToken);
        await database.SaveChangesAsync(cancellationToken);
        if (obsolete is not null) await provider.RevokeAsync(connection, obsolete, cancellationToken);
    }

    /// <summary>An access token of the connection with just these of its scopes.</summary>
    /// <param name="personId">Whose account.</param>
    /// <param name="connection">Where.</param>
    /// <param name="scopes">The connection's scopes.</param>
    /// <param name="details">What the token is to be good for, once; then it is kept nowhere.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="VaultException">What is stored does not open.</exception>
    public async Task<UpstreamTokenOutcome> GetAsync(Guid personId, Connection connection, IReadOnlyList<string> scopes, OneUse? details, CancellationToken cancellationToken)
    {
        for (var deadline = time.GetUtcNow() + AccountLease.Length; time.GetUtcNow() < deadline; await Task.Delay(AccountLease.Pause, time, cancellationToken))
        {
            var accounts = await WithToken(database.Set<ConnectedAccount>().Where(account => account.PersonId == personId && account.Connection == connection.Name && account.State != ConnectionState.Disconnected), scopes)
                .AsNoTracking().ToListAsync(cancellationToken);
            if (accounts.Count == 0) return new UpstreamTokenOutcome.InteractionRequired($"No account at {connection.DisplayName} is connected.", []);
            if (accounts.Find(found => found.Account.InUse) is not { Account: var account, Token: var token }) return new UpstreamTokenOutcome.ChoiceRequired($"Choose which of your accounts at {connection.DisplayName} agents use.");
            if (account.State == ConnectionState.ReconnectNeeded) return new UpstreamTokenOutcome.InteractionRequired($"The connection to {connection.DisplayName} ended and must be made again.", []);
            var missing = scopes.Except(account.GrantedScopes).ToList();
            if (missing.Count > 0) return new UpstreamTokenOutcome.InteractionRequired($"The connection to {connection.DisplayName} does not allow {string.Join(", ", missing)} yet.", missing);

            if (details is null && IsGood(token, Shared)) return await OpenAsync(account, token, scopes, cancellationToken);
            // From here on the caller's cancellation does not count: a token that was rotated must be committed (TV-04).
            if (await lease.TryAsync(account.Id, cancellationToken)) return await RefreshAsync(account.Id, connection, scopes, details, CancellationToken.None);
        }
        return new UpstreamTokenOutcome.Unavailable();
    }

    /// <summary>Forgets the account's tokens and revokes them at the provider. False if it is not this person's.</summary>
    public async Task<bool> DisconnectAsync(Guid personId, Guid accountId, ConnectionTable connections, CancellationToken cancellationToken)
    {
        if (!await database.Set<ConnectedAccount>().AnyAsync(account => account.Id == accountId && account.PersonId == personId, cancellationToken)) return false;
        if (await lease.TakeAsync(accountId, cancellationToken) is not { } account) return false;
        var refreshToken = account.RefreshToken is { } sealedToken ? await TryOpenAsync(account, sealedToken, cancellationToken) : null;
        var accessTokens = new List<string>();
        foreach (var stored in await database.Set<UpstreamAccessToken>().AsNoTracking().Where(token => token.AccountId == accountId).ToListAsync(cancellationToken))
        {
            if (await TryOpenAsync(account, stored.Token, cancellationToken, AccessTokenColumn) is { } accessToken) accessTokens.Add(accessToken);
        }
        account.InUse = false;
        await ForgetAsync(account, ConnectionState.Disconnected, cancellationToken);
        revocations.Connection(personId, account.Connection);
        if (connections.Find(account.Connection) is not { } connection) return true;
        // The access tokens, too: a provider that looks tokens up then refuses them wherever somebody still remembers one (TV-05).
        foreach (var accessToken in accessTokens) await provider.RevokeAsync(connection, accessToken, cancellationToken);
        if (refreshToken is not null) await provider.RevokeAsync(connection, refreshToken, cancellationToken);
        return true;
    }

    /// <summary>Makes this the account that agents get, among the person's at its connection. False if it is not this person's, or not connected.</summary>
    public async Task<bool> UseAsync(Guid personId, Guid accountId, CancellationToken cancellationToken)
    {
        var all = await database.Set<ConnectedAccount>().Where(account => account.PersonId == personId).ToListAsync(cancellationToken);
        if (all.Find(account => account.Id == accountId && account.State != ConnectionState.Disconnected) is not { } chosen) return false;
        foreach (var account in all.Where(account => account.Connection == chosen.Connection)) account.InUse = account == chosen;
        await database.SaveChangesAsync(cancellationToken);
        revocations.Connection(personId, chosen.Connection);
        return true;
    }

    /// <summary>Seals a refresh token that waits for its account.</summary>
    public Task<byte[]> SealPendingAsync(Guid personId, string connection, string subject, string refreshToken, CancellationToken cancellationToken)
        => keys.SealAsync(Pending(personId, connection, subject), PendingColumn, refreshToken, cancellationToken);

    /// <exception cref="VaultException">It does not open.</exception>
    public Task<string> OpenPendingAsync(Guid personId, string connection, string subject, byte[] pending, CancellationToken cancellationToken)
        => keys.OpenAsync(Pending(personId, connection, subject), PendingColumn, pending, cancellationToken);

    /// <summary>Gives a refresh token back for which nobody came.</summary>
    public async Task RevokePendingAsync(Guid personId, Connection connection, string subject, byte[] pending, CancellationToken cancellationToken)
    {
        if (await TryOpenAsync(Pending(personId, connection.Name, subject), pending, cancellationToken, PendingColumn) is { } refreshToken) await provider.RevokeAsync(connection, refreshToken, cancellationToken);
    }

    // Agents get the first account at a connection, and no other until the person says so.
    private async Task ChooseFirstAsync(ConnectedAccount account, CancellationToken cancellationToken)
    {
        if (account.State == ConnectionState.Disconnected || account.InUse) return;
        account.InUse = !await database.Set<ConnectedAccount>().AnyAsync(other => other.PersonId == account.PersonId && other.Connection == account.Connection && other.Id != account.Id && other.State != ConnectionState.Disconnected, cancellationToken);
    }

    // What does not open cannot be revoked, but it can be forgotten.
    private async Task<string?> TryOpenAsync(ConnectedAccount account, byte[] sealedToken, CancellationToken cancellationToken, string column = RefreshTokenColumn)
    {
        try
        {
            return await keys.OpenAsync(account, column, sealedToken, cancellationToken);
        }
        catch (VaultException exception)
        {
            LogNotOpened(exception, account.Connection);
            return null;
        }
    }

    internal static ConnectedAccount Pending(Guid personId, string connection, string subject) => new() { PersonId = personId, Connection = connection, Subject = subject, AccountName = "" };

    private async Task<UpstreamTokenOutcome> RefreshAsync(Guid accountId, Connection connection, IReadOnlyList<string> scopes, OneUse? details, CancellationToken cancellationToken)
    {
        var (account, kept) = await WithToken(database.Set<ConnectedAccount>().Where(account => account.Id == accountId), scopes).FirstAsync(cancellationToken);
        if (account.RefreshToken is null) return new UpstreamTokenOutcome.InteractionRequired($"The connection to {connection.DisplayName} ended and must be made again.", []);
        // Who had the lease before may have got just this token.
        if (details is null && IsGood(kept, Shared))
        {
            account.RefreshLease = null;
            await database.SaveChangesAsync(cancellationToken);
            return await OpenAsync(account, kept, scopes, cancellationToken);
        }
        var ring = await keys.ReadAsync(account.PersonId, cancellationToken);
        var refreshed = await provider.RefreshAsync(connection, ring.Open(account, RefreshTokenColumn, account.RefreshToken), scopes, details, cancellationToken);
        account.RefreshLease = null;
        switch (refreshed)
        {
            case RefreshOutcome.Refreshed(var accessToken, var expiresAt, var rotated):
                if (rotated is not null) account.RefreshToken = ring.Seal(account, RefreshTokenColumn, rotated);
                if (details is null) Keep(account.Id, kept, scopes, ring.Seal(account, AccessTokenColumn, accessToken), expiresAt);
                await database.SaveChangesAsync(cancellationToken);
                return new UpstreamTokenOutcome.Issued(accessToken, expiresAt, scopes);
            case RefreshOutcome.Refused:
                LogReconnectNeeded(account.Id, connection.Name);
                await ForgetAsync(account, ConnectionState.ReconnectNeeded, cancellationToken);
                revocations.Connection(account.PersonId, connection.Name);
                return new UpstreamTokenOutcome.InteractionRequired($"The connection to {connection.DisplayName} ended and must be made again.", []);
            case RefreshOutcome.DetailsRefused:
                await database.SaveChangesAsync(cancellationToken);
                return new UpstreamTokenOutcome.DetailsRefused();
            default:
                await database.SaveChangesAsync(cancellationToken);
                return details is null && IsGood(kept, TimeSpan.MaxValue) ? await OpenAsync(account, kept, scopes, cancellationToken) : new UpstreamTokenOutcome.Unavailable(); // FD-04
        }
    }

    // Each account with the token for these scopes that is kept of it, if one is: in one question.
    private IQueryable<Held> WithToken(IQueryable<ConnectedAccount> accounts, IReadOnlyList<string> scopes)
    {
        var wanted = string.Join(' ', scopes);
        return accounts.LeftJoin(database.Set<UpstreamAccessToken>().Where(token => token.Scopes == wanted), account => account.Id, token => token.AccountId, (account, token) => new Held(account, token));
    }

    private bool IsGood([NotNullWhen(true)] UpstreamAccessToken? token, TimeSpan noOlderThan)
        => token is not null && time.GetUtcNow() is var now && token.ExpiresAt > now + Margin && now - token.ObtainedAt < noOlderThan;

    private async Task<UpstreamTokenOutcome> OpenAsync(ConnectedAccount account, UpstreamAccessToken token, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
        => new UpstreamTokenOutcome.Issued(await keys.OpenAsync(account, AccessTokenColumn, token.Token, cancellationToken), token.ExpiresAt, scopes);

    private void Keep(Guid accountId, UpstreamAccessToken? before, IReadOnlyList<string> scopes, byte[] sealedToken, DateTimeOffset expiresAt)
    {
        if (before is not null) (before.Token, before.ObtainedAt, before.ExpiresAt) = (sealedToken, time.GetUtcNow(), expiresAt);
        else database.Add(new UpstreamAccessToken { AccountId = accountId, Scopes = string.Join(' ', scopes), Token = sealedToken, ObtainedAt = time.GetUtcNow(), ExpiresAt = expiresAt });
    }

    private async Task ForgetAsync(ConnectedAccount account, ConnectionState state, CancellationToken cancellationToken)
    {
        (account.State, account.RefreshToken, account.RefreshLease) = (state, null, null);
        database.Audit(new AuditRecord(state == ConnectionState.Disconnected ? AuditEvents.AccountDisconnected : AuditEvents.AccountReconnectNeeded) { Person = account.PersonId, Connection = account.Connection });
        database.RemoveRange(await database.Set<UpstreamAccessToken>().Where(token => token.AccountId == account.Id).ToListAsync(cancellationToken));
        await database.SaveChangesAsync(cancellationToken);
    }

    [LoggerMessage(EventId = 2, Level = LogLevel.Critical, Message = "A secret of an account at {Connection} does not open, so it is not revoked there; it is forgotten here.")]
    private partial void LogNotOpened(Exception exception, string connection);

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "Account {AccountId} at {Connection} has to be connected again: its refresh token is not honoured any more.")]
    private partial void LogReconnectNeeded(Guid accountId, string connection);

    private sealed record Held(ConnectedAccount Account, UpstreamAccessToken? Token);
}
