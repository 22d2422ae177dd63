using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.Connections;
using StockMcp.Authority.Database;
using StockMcp.Authority.Vault;

namespace StockMcp.Authority.ConnectedAccounts;

/// <summary>The connect requests of apps, from their beginning to their end. Each step is taken once, by the person and the app that began.</summary>
internal sealed class ConnectRequests(AuthorityDbContext database, TokenVault vault, ConnectionTable connections, TimeProvider time)
{
    /// <summary>How long the person has.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>How many requests of one person may be open at once.</summary>
    public const int MostOpen = 20;

    /// <returns>What the app keeps and what the browser brings; <see langword="null"/> if too many are open.</returns>
    public async Task<(string AuthSession, string Ticket)?> BeginAsync(Guid personId, string clientId, Connection connection, IEnumerable<string> scopes, string redirectUri, string? state, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await SweepAsync(now, cancellationToken);
        if (await database.Set<ConnectRequest>().CountAsync(request => request.PersonId == personId, cancellationToken) >= MostOpen) return null;
        var (session, ticket) = (Random(), Random());
        database.Add(new ConnectRequest
        {
            Id = Guid.CreateVersion7(now),
            PersonId = personId,
            ClientId = clientId,
            Connection = connection.Name,
            Scopes = string.Join(' ', scopes),
            RedirectUri = redirectUri,
            State = state,
            ExpiresAt = now + Lifetime,
            SessionHash = Hash(session),
            TicketHash = Hash(ticket),
        });
        await database.SaveChangesAsync(cancellationToken);
        return (session, ticket);
    }

    /// <summary>The request that a browser's ticket is for, if it is this person's. A ticket that somebody else brings stays good for its owner.</summary>
    public async Task<ConnectRequest?> RedeemTicketAsync(Guid personId, string ticket, CancellationToken cancellationToken)
    {
        var (hash, now) = (Hash(ticket), time.GetUtcNow());
        var request = await database.Set<ConnectRequest>().AsNoTracking().FirstOrDefaultAsync(request => request.TicketHash == hash && request.PersonId == personId && request.ExpiresAt > now, cancellationToken);
        if (request is null) return null;
        return await database.Set<ConnectRequest>().Where(known => known.Id == request.Id && known.TicketHash == hash)
            .ExecuteUpdateAsync(set => set.SetProperty(known => known.TicketHash, (byte[]?)null), cancellationToken) == 1 ? request : null;
    }

    /// <summary>Keeps what the connection granted until the app comes for it.</summary>
    /// <returns>Where the browser goes; <see langword="null"/> if the request is over.</returns>
    public async Task<string?> PendAsync(Guid id, Guid personId, string subject, string accountName, string refreshToken, IEnumerable<string> granted, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (await database.Set<ConnectRequest>().FirstOrDefaultAsync(request => request.Id == id && request.PersonId == personId && request.CodeHash == null && request.ExpiresAt > now, cancellationToken) is not { } request) return null;
        var code = Random();
        (request.CodeHash, request.Subject, request.AccountName, request.Granted) = (Hash(code), subject, accountName, string.Join(' ', granted));
        request.RefreshToken = await vault.SealPendingAsync(personId, request.Connection, subject, refreshToken, cancellationToken);
        await database.SaveChangesAsync(cancellationToken);
        var query = QueryString.Create("connect_code", code);
        if (request.State is { } state) query = query.Add("state", state);
        var target = new UriBuilder(request.RedirectUri);
        target.Query = target.Query.Length > 1 ? target.Query + "&" + query.Value![1..] : query.Value;
        return target.Uri.AbsoluteUri;
    }

    /// <summary>Ends a request: the account is connected.</summary>
    public async Task<ConnectOutcome> CompleteAsync(Guid personId, string clientId, string authSession, string code, string redirectUri, CancellationToken cancellationToken)
    {
        var (session, now) = (Hash(authSession), time.GetUtcNow());
        var request = await database.Set<ConnectRequest>().AsNoTracking().FirstOrDefaultAsync(
            request => request.SessionHash == session && request.PersonId == personId && request.ClientId == clientId && request.ExpiresAt > now, cancellationToken);
        if (request is not { CodeHash: { } expected, RefreshToken: { } pending, Subject: { } subject } || connections.Find(request.Connection) is not { } connection
            || request.RedirectUri != redirectUri || !CryptographicOperations.FixedTimeEquals(expected, Hash(code)))
            return new ConnectOutcome.NotFound();
        var refreshToken = await vault.OpenPendingAsync(personId, connection.Name, subject, pending, cancellationToken);
        if (await database.Set<ConnectRequest>().Where(known => known.Id == request.Id).ExecuteDeleteAsync(cancellationToken) != 1) return new ConnectOutcome.NotFound();
        if (await database.Set<ConnectedAccount>().AnyAsync(account => account.Connection == connection.Name && account.Subject == subject && account.PersonId != personId, cancellationToken))
            return new ConnectOutcome.SomebodyElses();
        await vault.StoreAsync(personId, connection, subject, request.AccountName ?? "You", refreshToken, request.Granted?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [], cancellationToken);
        return new ConnectOutcome.Connected(await database.Set<ConnectedAccount>().AsNoTracking().FirstAsync(account => account.Connection == connection.Name && account.Subject == subject, cancellationToken));
    }

    // What was granted and never fetched is given back.
    private async Task SweepAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var request in await database.Set<ConnectRequest>().AsNoTracking().Where(request => request.ExpiresAt <= now).OrderBy(request => request.ExpiresAt).Take(20).ToListAsync(cancellationToken))
        {
            if (await database.Set<ConnectRequest>().Where(known => known.Id == request.Id).ExecuteDeleteAsync(cancellationToken) == 1
                && request is { RefreshToken: { } pending, Subject: { } subject } && connections.Find(request.Connection) is { } connection)
                await vault.RevokePendingAsync(request.PersonId, connection, subject, pending, cancellationToken);
        }
    }

    private static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    private static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}

/// <summary>How a connect request ended.</summary>
internal abstract record ConnectOutcome
{
    /// <summary>The account is connected.</summary>
    public sealed record Connected(ConnectedAccount Account) : ConnectOutcome;

    /// <summary>There is no such request of this person and app, it is over, or the code is wrong.</summary>
    public sealed record NotFound : ConnectOutcome;

    /// <summary>The account belongs to another person here.</summary>
    public sealed record SomebodyElses : ConnectOutcome;
}
