using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using StockMcp.Agent.Database;

namespace StockMcp.Agent.Grants;

/// <summary>Tokens as the Authority gave them. They go to the resource and the Authority, and nowhere else.</summary>
internal sealed record GrantedTokens(string AccessToken, string? RefreshToken, DateTimeOffset ExpiresAt)
{
    public override string ToString() => $"tokens until {ExpiresAt:O}";
}

/// <summary>Grants in the database. Tokens are encrypted there, bound to their person.</summary>
internal sealed class GrantStore(AgentDbContext database, IDataProtectionProvider protection, TimeProvider time)
{
    private DbSet<Grant> Grants => database.Set<Grant>();

    /// <summary>A person signed in: what they gave before gives way.</summary>
    public async Task StoreAsync(string subject, GrantedTokens tokens, CancellationToken cancellationToken)
    {
        if (await ReplaceAsync(subject, tokens, cancellationToken)) return;
        database.Add(new Grant { Subject = subject, AccessToken = Seal(subject, tokens.AccessToken), RefreshToken = Seal(subject, tokens.RefreshToken!), ExpiresAt = tokens.ExpiresAt });
        try
        {
            await database.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException)
        {
            database.ChangeTracker.Clear(); // signed in twice at once for the first time: the other row is there
            await ReplaceAsync(subject, tokens, cancellationToken);
        }
    }

    private async Task<bool> ReplaceAsync(string subject, GrantedTokens tokens, CancellationToken cancellationToken)
    {
        var (access, refresh) = (Seal(subject, tokens.AccessToken), Seal(subject, tokens.RefreshToken!));
        return await Grants.Where(grant => grant.Subject == subject).ExecuteUpdateAsync(set => set
            .SetProperty(grant => grant.AccessToken, access).SetProperty(grant => grant.RefreshToken, refresh).SetProperty(grant => grant.ExpiresAt, tokens.ExpiresAt)
            .SetProperty(grant => grant.EndedAt, (DateTimeOffset?)null).SetProperty(grant => grant.RefreshingUntil, (DateTimeOffset?)null).SetProperty(grant => grant.Version, grant => grant.Version + 1), cancellationToken) == 1;
    }

    public Task<Grant?> FindAsync(string subject, CancellationToken cancellationToken) => Grants.AsNoTracking().FirstOrDefaultAsync(grant => grant.Subject == subject, cancellationToken);

    public Task SetNameAsync(string subject, string name, CancellationToken cancellationToken)
        => Grants.Where(grant => grant.Subject == subject).ExecuteUpdateAsync(set => set.SetProperty(grant => grant.Name, name), cancellationToken);

    /// <summary>Takes the right to refresh these tokens, for one copy and a short time.</summary>
    public async Task<bool> TakeAsync(Grant known, TimeSpan length, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return await Grants.Where(grant => grant.Subject == known.Subject && grant.Version == known.Version && grant.EndedAt == null && (grant.RefreshingUntil == null || grant.RefreshingUntil < now))
            .ExecuteUpdateAsync(set => set.SetProperty(grant => grant.RefreshingUntil, now + length), cancellationToken) == 1;
    }

    public Task RefreshedAsync(Grant known, GrantedTokens tokens, CancellationToken cancellationToken)
    {
        var (access, refresh) = (Seal(known.Subject, tokens.AccessToken), tokens.RefreshToken is null ? known.RefreshToken : Seal(known.Subject, tokens.RefreshToken));
        return Same(known).ExecuteUpdateAsync(set => set.SetProperty(grant => grant.AccessToken, access).SetProperty(grant => grant.RefreshToken, refresh).SetProperty(grant => grant.ExpiresAt, tokens.ExpiresAt)
            .SetProperty(grant => grant.RefreshingUntil, (DateTimeOffset?)null).SetProperty(grant => grant.Version, known.Version + 1), cancellationToken);
    }

    public Task EndAsync(Grant known, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return Same(known).ExecuteUpdateAsync(set => set.SetProperty(grant => grant.EndedAt, now).SetProperty(grant => grant.RefreshingUntil, (DateTimeOffset?)null), cancellationToken);
    }

    public Task LetGoAsync(Grant known, CancellationToken cancellationToken) => Same(known).ExecuteUpdateAsync(set => set.SetProperty(grant => grant.RefreshingUntil, (DateTimeOffset?)null), cancellationToken);

    /// <returns><see langword="null"/> if it does not open: the keys are others than when it was stored.</returns>
    public string? Open(string subject, string stored)
    {
        try
        {
            return Protector(subject).Unprotect(stored);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    // A sign-in in between has other tokens.
    private IQueryable<Grant> Same(Grant known) => Grants.Where(grant => grant.Subject == known.Subject && grant.Version == known.Version);

    private string Seal(string subject, string token) => Protector(subject).Protect(token);

    private IDataProtector Protector(string subject) => protection.CreateProtector("StockMcp.Agent.Grants", subject);
}
