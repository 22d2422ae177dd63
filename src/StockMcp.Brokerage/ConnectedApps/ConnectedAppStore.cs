using OpenIddict.Abstractions;
using StockMcp.Brokerage.Authorization;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Brokerage.ConnectedApps;

/// <summary>An application with access to a person's account.</summary>
/// <param name="Id">The grant's id.</param>
/// <param name="Name">What the application calls itself.</param>
/// <param name="MayDo">What it may do, in words.</param>
/// <param name="Since">When the person let it in.</param>
/// <param name="LastActive">When it last fetched a token, which it does at least every ten minutes while it is at work; <see langword="null"/> if never.</param>
public sealed record ConnectedApp(Guid Id, string Name, IReadOnlyList<string> MayDo, DateTimeOffset Since, DateTimeOffset? LastActive);

/// <summary>A person's grants. Somebody else's are none of theirs.</summary>
internal sealed class ConnectedAppStore(IOpenIddictAuthorizationManager authorizations, IOpenIddictApplicationManager clients, IOpenIddictTokenManager tokens)
{
    public async Task<IReadOnlyList<ConnectedApp>> ListAsync(Guid person, CancellationToken cancellationToken)
    {
        var apps = new List<ConnectedApp>();
        foreach (var grant in await authorizations.FindAsync(person.ToString(), client: null, Statuses.Valid, AuthorizationTypes.Permanent, scopes: null, cancellationToken).ToListAsync(cancellationToken)) // PostgreSQL answers one question at a time
        {
            var id = (await authorizations.GetIdAsync(grant, cancellationToken))!;
            var client = await authorizations.GetApplicationIdAsync(grant, cancellationToken) is { } key ? await clients.FindByIdAsync(key, cancellationToken) : null;
            if (client is null) continue;
            var scopes = (await authorizations.GetScopesAsync(grant, cancellationToken)).ToHashSet();
            apps.Add(new ConnectedApp(
                Guid.Parse(id),
                await clients.GetDisplayNameAsync(client, cancellationToken) ?? (await clients.GetClientIdAsync(client, cancellationToken))!,
                [.. BrokerageScopes.InWords.Where(scope => scopes.Contains(scope.Key)).Select(scope => scope.Value)],
                await authorizations.GetCreationDateAsync(grant, cancellationToken) ?? DateTimeOffset.UnixEpoch,
                await LastTokenAsync(id, cancellationToken)));
        }
        return [.. apps.OrderBy(app => app.Name, StringComparer.OrdinalIgnoreCase).ThenBy(app => app.Since)];
    }

    /// <summary>Ends a grant and all that came from it: the trading API asks for both at each call, so the application is out with its next one.</summary>
    /// <returns>False if the person has no such grant.</returns>
    public async Task<bool> DisconnectAsync(Guid person, Guid id, CancellationToken cancellationToken)
    {
        if (await authorizations.FindByIdAsync(id.ToString(), cancellationToken) is not { } grant || await authorizations.GetSubjectAsync(grant, cancellationToken) != person.ToString()) return false;
        // The grant first: a refresh that is under way then finds it revoked, or its tokens are among those revoked here.
        await authorizations.TryRevokeAsync(grant, cancellationToken);
        await tokens.RevokeByAuthorizationIdAsync(id.ToString(), cancellationToken);
        return true;
    }

    private async Task<DateTimeOffset?> LastTokenAsync(string grant, CancellationToken cancellationToken)
    {
        DateTimeOffset? last = null;
        await foreach (var token in tokens.FindByAuthorizationIdAsync(grant, cancellationToken))
        {
            if (await tokens.GetTypeAsync(token, cancellationToken) == TokenTypeIdentifiers.AccessToken && await tokens.GetCreationDateAsync(token, cancellationToken) is { } created && !(created < last)) last = created;
        }
        return last;
    }
}
