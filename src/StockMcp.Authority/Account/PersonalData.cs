using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using OpenIddict.EntityFrameworkCore.Models;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.Connections;
using StockMcp.Authority.Consent;
using StockMcp.Authority.Database;
using StockMcp.Authority.Mandates;
using StockMcp.Authority.Revocations;
using StockMcp.Authority.SignIn;
using StockMcp.Authority.TradingLimits;
using StockMcp.Authority.Vault;
using StockMcp.Authority.WebPush;

namespace StockMcp.Authority.Account;

/// <summary>All that is kept about a person: to take away, and to delete (DM-01).</summary>
internal sealed class PersonalData(AuthorityDbContext database, TokenVault vault, ConsentStore consents, SessionCookie sessions, ApprovalStore approvals, MandateStore mandates, TradingLimitStore limits, BrowserSubscriptions browsers, ConnectionTable connections, RevocationNotices revocations, TimeProvider time)
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>It as JSON. Secrets are not in it: they are the connections', and nobody can use them elsewhere.</summary>
    public async Task<byte[]> ExportAsync(Guid personId, CancellationToken cancellationToken)
    {
        var person = await database.Set<Person>().AsNoTracking().FirstAsync(person => person.Id == personId, cancellationToken);
        return JsonSerializer.SerializeToUtf8Bytes(new
        {
            ExportedAt = time.GetUtcNow(),
            Person = new { person.Id, person.DisplayName, person.Email, Mail = !person.MailOff, person.CreatedAt },
            ConnectedAccounts = (await vault.ListAsync(personId, cancellationToken)).Select(account => new { account.Id, account.Connection, account.Subject, account.AccountName, account.State, account.InUse, Scopes = account.GrantedScopes, account.ConnectedAt }),
            Agents = (await consents.ListAsync(personId, cancellationToken)).Select(consent => new { consent.ClientId, consent.Resource, consent.RedirectHost, Scopes = consent.GrantedScopes, consent.GrantedAt, consent.LastUsedAt }),
            Approvals = (await approvals.ListAsync(personId, int.MaxValue, cancellationToken)).Select(approval => new
            {
                approval.Id,
                approval.AgentId,
                approval.BindingMessage,
                AuthorizationDetails = JsonSerializer.Deserialize<JsonElement>(approval.Details),
                approval.Context,
                approval.State,
                approval.RequestedAt,
                approval.ExpiresAt,
                approval.DecidedAt,
                approval.OrderId,
                approval.OrderStatus,
                approval.FilledQuantity,
                approval.FilledPrice,
                approval.Reason,
            }),
            StoppedAgents = await database.Set<StoppedAgent>().AsNoTracking().Where(stopped => stopped.PersonId == personId).Select(stopped => new { stopped.AgentId, stopped.Until }).ToListAsync(cancellationToken),
            Mandates = (await mandates.ListAsync(personId, cancellationToken)).Select(mandate => new { AuthorizationDetails = JsonSerializer.Deserialize<JsonElement>(mandate.Details), mandate.GrantedAt, mandate.EndedAt, Left = mandate.Left }),
            Limits = await LimitsAsync(personId, cancellationToken),
            // Where their push services are; what it takes to send there is a secret.
            Notifications = (await browsers.ListAsync(personId, cancellationToken)).Select(browser => new { browser.Browser, Service = new Uri(browser.Endpoint).Host, browser.CreatedAt }),
            Sessions = (await sessions.ListAsync(personId, cancellationToken)).Select(session => new { session.Browser, session.SignedInAt, session.LastSeenAt }),
        }, s_json);
    }

    private async Task<object> LimitsAsync(Guid personId, CancellationToken cancellationToken)
    {
        var limit = await limits.ReadAsync(personId, cancellationToken);
        return new { limit.Trading, limit.LargestOrder, limit.LargestDailyTotal, AllowedSymbols = limit.Allowed, DeniedSymbols = limit.Denied };
    }

    /// <summary>
    /// Deletes it: the accounts are disconnected, and their tokens revoked at the connections; the agents are signed out; then the person goes, with their keys. The audit log
    /// stays, which knows them by an id that now means nobody.
    /// </summary>
    public async Task DeleteAsync(Guid personId, CancellationToken cancellationToken)
    {
        foreach (var account in (await vault.ListAsync(personId, cancellationToken)).Where(account => account.State != ConnectionState.Disconnected)) await vault.DisconnectAsync(personId, account.Id, connections, cancellationToken);
        var subject = personId.ToString();
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await database.Set<OpenIddictEntityFrameworkCoreToken>().Where(token => token.Subject == subject).ExecuteDeleteAsync(cancellationToken);
        await database.Set<OpenIddictEntityFrameworkCoreAuthorization>().Where(authorization => authorization.Subject == subject).ExecuteDeleteAsync(cancellationToken);
        await database.Set<Person>().Where(person => person.Id == personId).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        revocations.Person(personId);
    }
}
