using System.Security.Claims;
using OpenIddict.Abstractions;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Connections;
using StockMcp.Authority.Consent;
using StockMcp.Authority.Mandates;
using StockMcp.Authority.Resources;
using StockMcp.Authority.SignIn;
using StockMcp.Authority.Tokens;
using StockMcp.Authority.TradingLimits;
using StockMcp.Authority.Vault;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Account;

/// <summary>What the account page shows, out of the stores.</summary>
internal sealed class AccountView(TokenVault vault, ConsentStore consents, SessionCookie sessions, ConnectionTable connections, ProtectedResources resources, IOpenIddictApplicationManager clients, AuditLog audit, EndedSignIns ended, ApprovalStore approvals, TradingLimitStore limits, MandateView mandates)
{
    public async Task<Dictionary<string, object?>> ReadAsync(ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        var personId = user.PersonId();
        var accounts = await vault.ListAsync(personId, cancellationToken);
        var thisSession = SessionCookie.IdOf(user);
        return new()
        {
            [nameof(AccountPage.Person)] = user.GetClaim(Claims.Name)!,
            [nameof(AccountPage.Connections)] = (IReadOnlyList<AccountPage.Connection>)[.. connections.All.Select(connection => new AccountPage.Connection(
                connection.Name, connection.DisplayName, [.. accounts.Where(account => account.Connection == connection.Name && account.State != ConnectionState.Disconnected).Select(account => Show(connection, account))]))],
            [nameof(AccountPage.Agents)] = await AgentsAsync(personId, cancellationToken),
            [nameof(AccountPage.Sessions)] = (IReadOnlyList<AccountPage.BrowserSession>)[.. (await sessions.ListAsync(personId, cancellationToken)).Select(session => new AccountPage.BrowserSession(session.Id, session.Browser, session.SignedInAt, session.LastSeenAt, session.Id == thisSession))],
            [nameof(AccountPage.Activity)] = await audit.ListAsync(personId, most: 20, cancellationToken),
            [nameof(AccountPage.Waiting)] = await approvals.CountPendingAsync(personId, cancellationToken),
            [nameof(AccountPage.Mandates)] = (IReadOnlyList<ShownMandate>)[.. (await mandates.ListAsync(personId, cancellationToken)).Where(mandate => mandate.IsGood)],
            [nameof(AccountPage.TradingOn)] = (await limits.ReadAsync(personId, cancellationToken)).Trading,
            [nameof(AccountPage.Ended)] = (IReadOnlyList<EndedSignIn>)await ended.ListAsync(personId, cancellationToken),
        };
    }

    private AccountPage.Account Show(Connection connection, ConnectedAccount account)
    {
        var served = connection.Served([.. account.GrantedScopes]);
        return new(account.Id, account.AccountName, account.State, account.InUse, account.ConnectedAt, Words(connection.AllScopes.Where(served.Contains)), Words(connection.AllScopes.Except(served)));
    }

    private async Task<IReadOnlyList<AccountPage.Agent>> AgentsAsync(Guid personId, CancellationToken cancellationToken)
    {
        var agents = new List<AccountPage.Agent>();
        foreach (var consent in await consents.ListAsync(personId, cancellationToken))
        {
            if (await clients.FindByClientIdAsync(consent.ClientId, cancellationToken) is not { } client) continue;
            var may = (resources.Find(consent.Resource)?.Scopes ?? []).Where(scope => consent.GrantedScopes.Contains(scope.Name)).Select(scope => scope.Words);
            agents.Add(new(consent.ClientId, await clients.GetDisplayNameAsync(client, cancellationToken) ?? consent.ClientId, consent.RedirectHost, [.. may], consent.GrantedAt, consent.LastUsedAt));
        }
        return agents;
    }

    // The agents' words for what a connection allows: the person has read them on the consent page.
    private IReadOnlyList<string> Words(IEnumerable<string> scopes)
        => [.. scopes.Select(scope => resources.All.SelectMany(resource => resource.Scopes).FirstOrDefault(known => known.Name == scope)?.Words ?? scope)];
}
