using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Database;
using StockMcp.Authority.Mandates;
using StockMcp.Authority.Revocations;

namespace StockMcp.Authority.Consent;

/// <summary>What people allowed their agents.</summary>
internal sealed class ConsentStore(AuthorityDbContext database, IOpenIddictApplicationManager clients, IOpenIddictAuthorizationManager authorizations, IOpenIddictTokenManager tokens, RevocationNotices revocations, AuditLog audit, TimeProvider time)
{
    public Task<AgentConsent?> FindAsync(Guid personId, string clientId, string resource, Uri redirectUri, CancellationToken cancellationToken)
    {
        var host = AgentConsent.HostOf(redirectUri);
        return database.Set<AgentConsent>().FirstOrDefaultAsync(
            consent => consent.PersonId == personId && consent.ClientId == clientId && consent.Resource == resource && consent.RedirectHost == host, cancellationToken);
    }

    public Task<List<AgentConsent>> ListAsync(Guid personId, CancellationToken cancellationToken)
        => database.Set<AgentConsent>().AsNoTracking().Where(consent => consent.PersonId == personId).OrderByDescending(consent => consent.GrantedAt).ToListAsync(cancellationToken);

    public async Task GrantAsync(Guid personId, string clientId, string resource, Uri redirectUri, IEnumerable<string> scopes, CancellationToken cancellationToken)
    {
        if (await FindAsync(personId, clientId, resource, redirectUri, cancellationToken) is not { } consent)
            database.Add(consent = new AgentConsent { PersonId = personId, ClientId = clientId, Resource = resource, RedirectHost = AgentConsent.HostOf(redirectUri) });
        consent.Scopes = string.Join(' ', scopes);
        consent.GrantedAt = time.GetUtcNow();
        database.Audit(new AuditRecord(AuditEvents.Consent) { Person = personId, Client = clientId, Scopes = consent.Scopes });
        await database.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Forgets what anybody allowed a client: it is not the one any more that they looked at.</summary>
    public async Task ForgetAsync(string clientId, CancellationToken cancellationToken)
    {
        await database.Set<AgentConsent>().Where(consent => consent.ClientId == clientId).ExecuteDeleteAsync(cancellationToken);
        await EndAsync(database.Set<Mandate>().Where(mandate => mandate.AgentId == clientId), cancellationToken);
    }

    /// <summary>Who allowed a client anything.</summary>
    public Task<List<Guid>> PeopleOfAsync(string clientId, CancellationToken cancellationToken)
        => database.Set<AgentConsent>().Where(consent => consent.ClientId == clientId).Select(consent => consent.PersonId).Distinct().ToListAsync(cancellationToken);

    /// <summary>Signs an agent out: its tokens for this person end, and it has to ask for consent again.</summary>
    public async Task RevokeAsync(Guid personId, string clientId, CancellationToken cancellationToken)
    {
        await audit.AppendAsync(new AuditRecord(AuditEvents.AgentSignedOut) { Person = personId, Client = clientId });
        await database.Set<AgentConsent>().Where(consent => consent.PersonId == personId && consent.ClientId == clientId).ExecuteDeleteAsync(cancellationToken);
        // Whoever comes back later begins anew, also in what it may do without a tap.
        await EndAsync(database.Set<Mandate>().Where(mandate => mandate.PersonId == personId && mandate.AgentId == clientId), cancellationToken);
        if (await clients.FindByClientIdAsync(clientId, cancellationToken) is { } client && await clients.GetIdAsync(client, cancellationToken) is { } id)
        {
            await authorizations.RevokeAsync(personId.ToString(), id, status: null, type: null, cancellationToken);
            await tokens.RevokeAsync(personId.ToString(), id, status: null, type: null, cancellationToken);
        }
        revocations.Agent(personId, clientId);
    }

    private Task<int> EndAsync(IQueryable<Mandate> mandates, CancellationToken cancellationToken)
    {
        DateTimeOffset? now = time.GetUtcNow();
        return mandates.Where(mandate => mandate.EndedAt == null).ExecuteUpdateAsync(set => set.SetProperty(mandate => mandate.EndedAt, now), cancellationToken);
    }
}
