using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using OpenIddict.Abstractions;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Connections;
using StockMcp.Authority.Consent;
using StockMcp.Authority.Resources;
using StockMcp.Authority.SignIn;
using StockMcp.Authority.Tokens;
using StockMcp.Authority.Vault;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Account;

/// <summary>The page on which a person sees their connections and agents, and ends them (AS-17).</summary>
public static class AccountExtensions
{
    /// <summary><c>/account</c>.</summary>
    public static void MapAccount(this IEndpointRouteBuilder routes)
    {
        var account = routes.MapGroup("/account").RequireAuthorization();
        account.MapGet("", ShowAsync);
        account.MapPost("/agents/sign-out", SignOutAgentAsync);
        account.MapPost("/connections/disconnect", DisconnectAsync);
        account.MapPost("/notices/dismiss", DismissAsync);
    }

    private static async Task<RazorComponentResult<AccountPage>> ShowAsync(
        ClaimsPrincipal user, TokenVault vault, ConsentStore consents, ConnectionTable connections, ProtectedResources resources, IOpenIddictApplicationManager clients, AuditLog audit, EndedSignIns ended, CancellationToken cancellationToken)
    {
        var accounts = await vault.ListAsync(user.PersonId(), cancellationToken);
        var agents = new List<AccountPage.Agent>();
        foreach (var consent in await consents.ListAsync(user.PersonId(), cancellationToken))
        {
            if (await clients.FindByClientIdAsync(consent.ClientId, cancellationToken) is not { } client) continue;
            agents.Add(new AccountPage.Agent(consent.ClientId, await clients.GetDisplayNameAsync(client, cancellationToken) ?? consent.ClientId, consent.RedirectHost, Words(resources, consent), consent.GrantedAt, consent.LastUsedAt));
        }
        return new RazorComponentResult<AccountPage>(new
        {
            Person = user.GetClaim(Claims.Name)!,
            Connections = (IReadOnlyList<AccountPage.Connection>)[.. connections.All.Select(connection => new AccountPage.Connection(
                connection.Name, connection.DisplayName, connection.SignInScopes, [.. accounts.Where(account => account.Connection == connection.Name && account.State != ConnectionState.Disconnected)]))],
            Agents = (IReadOnlyList<AccountPage.Agent>)agents,
            Activity = await audit.ListAsync(user.PersonId(), most: 20, cancellationToken),
            Ended = (IReadOnlyList<EndedSignIn>)await ended.ListAsync(user.PersonId(), cancellationToken),
        });
    }

    private static async Task<RedirectHttpResult> SignOutAgentAsync(ClaimsPrincipal user, ConsentStore consents, [FromForm] string clientId, CancellationToken cancellationToken)
    {
        await consents.RevokeAsync(user.PersonId(), clientId, cancellationToken);
        return TypedResults.LocalRedirect("/account");
    }

    private static async Task<Results<RedirectHttpResult, NotFound>> DisconnectAsync(ClaimsPrincipal user, TokenVault vault, ConnectionTable connections, [FromForm] Guid account, CancellationToken cancellationToken)
        => await vault.DisconnectAsync(user.PersonId(), account, connections, cancellationToken) ? TypedResults.LocalRedirect("/account") : TypedResults.NotFound();

    private static async Task<RedirectHttpResult> DismissAsync(ClaimsPrincipal user, EndedSignIns ended, [FromForm] string dismiss, CancellationToken cancellationToken)
    {
        if (dismiss == "all") await ended.DismissAsync(user.PersonId(), cancellationToken);
        return TypedResults.LocalRedirect("/account");
    }

    private static IReadOnlyList<string> Words(ProtectedResources resources, AgentConsent consent)
        => [.. (resources.Find(consent.Resource)?.Scopes ?? []).Where(scope => consent.GrantedScopes.Contains(scope.Name)).Select(scope => scope.Words)];
}
