using Microsoft.AspNetCore.Http.HttpResults;
using StockMcp.Authority.Connections;
using StockMcp.Authority.SignIn;
using StockMcp.Authority.Vault;

namespace StockMcp.Authority.ConnectedAccounts;

/// <summary>Where a person's browser begins to connect an account. Both send it on to the connection, in the session of the person who is signed in here (TV-02).</summary>
internal static class ConnectPages
{
    /// <summary>From the account page or an agent's link. What is asked for is what the address says, as far as the connection has it, and what is granted already: nobody loses a scope by connecting more.</summary>
    public static async Task<IResult> ConnectAsync(string connection, string? scope, bool? another, HttpContext context, TokenVault vault, ConnectionTable connections, CancellationToken cancellationToken)
    {
        if (connections.Find(connection) is not { } found)
            return Problem("There is no such connection", "Choose one on your account page.", StatusCodes.Status404NotFound);
        var known = found.Translate(found.AllScopes);
        var asked = scope?.Split(' ').Where(known.Contains) ?? known;
        var granted = another == true ? [] : (await vault.ListAsync(context.User.PersonId(), cancellationToken))
            .Where(account => account.Connection == connection && account.State != ConnectionState.Disconnected).SelectMany(account => account.GrantedScopes);
        return SignInExtensions.SignIn(found, asked.Union(granted).Except(found.SignInScopes), "/account", new ConnectsFor(context.User.PersonId(), null), askWho: another == true);
    }

    /// <summary>From an app, with the ticket that the API gave it.</summary>
    public static async Task<IResult> RedeemAsync(string? ticket, HttpContext context, ConnectRequests requests, ConnectionTable connections, CancellationToken cancellationToken)
    {
        if (await requests.RedeemTicketAsync(context.User.PersonId(), ticket ?? "", cancellationToken) is not { } request || connections.Find(request.Connection) is not { } found)
            return Problem("This link is not for you, or no longer good", "A link that connects an account works once, for ten minutes, and only for the person whose app made it. Go back to the app and start again.", StatusCodes.Status403Forbidden);
        return SignInExtensions.SignIn(found, request.Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries), "/account", new ConnectsFor(context.User.PersonId(), request.Id));
    }

    private static RazorComponentResult<ProblemPage> Problem(string title, string text, int status) => new(new { Title = title, Text = text }) { StatusCode = status };
}
