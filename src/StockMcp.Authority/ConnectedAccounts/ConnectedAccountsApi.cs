using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using OpenIddict.Abstractions;
using StockMcp.Authority.Connections;
using StockMcp.Authority.SignIn;
using StockMcp.Authority.Vault;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.ConnectedAccounts;

/// <summary>The API of connected accounts: list, connect, complete, delete. Its shape follows Auth0's "Connected Accounts for Token Vault", so that their clients know it.</summary>
internal static class ConnectedAccountsApi
{
    private const int LongestState = 1024;

    public static async Task<Ok<AccountList>> ListAsync(HttpContext context, TokenVault vault, ConnectionTable connections, PublicUrl publicUrl, CancellationToken cancellationToken)
    {
        var accounts = await vault.ListAsync(context.User.PersonId(), cancellationToken);
        return TypedResults.Ok(new AccountList([.. accounts.Select(account => (Account: account, Connection: connections.Find(account.Connection)))
            .Where(found => found.Connection is not null)
            .Select(found => Answer(found.Account, found.Connection!, publicUrl))]));
    }

    /// <summary>Begins: the app sends the person's browser to <c>connect_uri?ticket=…</c>, and keeps <c>auth_session</c>.</summary>
    public static async Task<Results<Created<ConnectAnswer>, JsonHttpResult<Problem>>> ConnectAsync(
        ConnectBody body, HttpContext context, ConnectRequests requests, ConnectionTable connections, IOpenIddictApplicationManager clients, PublicUrl publicUrl, CancellationToken cancellationToken)
    {
        var clientId = context.User.GetClaim(Claims.ClientId)!;
        if (connections.Find(body.Connection) is not { } connection)
            return Refuse(Errors.InvalidRequest, $"connection must be one of: {string.Join(", ", connections.All.Select(known => known.Name))}.");
        if (await clients.FindByClientIdAsync(clientId, cancellationToken) is not { } client || body.RedirectUri is not { Length: > 0 } redirectUri || !await clients.ValidateRedirectUriAsync(client, redirectUri, cancellationToken))
            return Refuse(Errors.InvalidRequest, "redirect_uri must be one of those that the client is registered with, letter for letter.");
        if (body.State is { Length: > LongestState }) return Refuse(Errors.InvalidRequest, $"state must not be longer than {LongestState} characters.");
        var known = connection.Translate(connection.AllScopes);
        if (body.Scopes?.FirstOrDefault(scope => !known.Contains(scope)) is { } foreign)
            return Refuse(Errors.InvalidScope, $"{connection.Name} is not asked for the scope {(foreign.Length > 64 ? "given" : foreign)}. There are: {string.Join(", ", known)}.");
        if (await requests.BeginAsync(context.User.PersonId(), clientId, connection, body.Scopes ?? known, redirectUri, body.State, cancellationToken) is not { } begun)
        {
            context.Response.Headers.RetryAfter = ((int)ConnectRequests.Lifetime.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
            return TypedResults.Json(new Problem("too_many_requests", "Too many connect requests of this person are open. They end after ten minutes."), statusCode: StatusCodes.Status429TooManyRequests);
        }
        return TypedResults.Created((string?)null, new ConnectAnswer(begun.AuthSession, publicUrl.At(ConnectedAccountsExtensions.TicketPath), new ConnectParams(begun.Ticket), (int)ConnectRequests.Lifetime.TotalSeconds));
    }

    /// <summary>Ends: the browser came back to the app with <c>connect_code</c>.</summary>
    public static async Task<Results<Created<AccountAnswer>, JsonHttpResult<Problem>>> CompleteAsync(
        CompleteBody body, HttpContext context, ConnectRequests requests, ConnectionTable connections, PublicUrl publicUrl, CancellationToken cancellationToken)
        => await requests.CompleteAsync(context.User.PersonId(), context.User.GetClaim(Claims.ClientId)!, body.AuthSession ?? "", body.ConnectCode ?? "", body.RedirectUri ?? "", cancellationToken) switch
        {
            ConnectOutcome.Connected(var account) => TypedResults.Created(publicUrl.At($"{ConnectedAccountsExtensions.Path}/connected-accounts/{account.Id}"), Answer(account, connections.Find(account.Connection)!, publicUrl)),
            ConnectOutcome.SomebodyElses => TypedResults.Json(new Problem("account_of_another_person", "This account is connected to another person here. They disconnect it first, or another account is chosen."), statusCode: StatusCodes.Status409Conflict),
            _ => Refuse(Errors.InvalidGrant, "There is no such connect request of this app and person, it is over, or auth_session, connect_code and redirect_uri do not belong together. Begin again with connect."),
        };

    // Somebody else's account answers exactly like one that does not exist.
    public static async Task<Results<NoContent, NotFound>> DeleteAsync(Guid account, HttpContext context, TokenVault vault, ConnectionTable connections, CancellationToken cancellationToken)
        => await vault.DisconnectAsync(context.User.PersonId(), account, connections, cancellationToken) ? TypedResults.NoContent() : TypedResults.NotFound();

    private static JsonHttpResult<Problem> Refuse(string error, string description) => TypedResults.Json(new Problem(error, description), statusCode: StatusCodes.Status400BadRequest);

    private static AccountAnswer Answer(ConnectedAccount account, Connection connection, PublicUrl publicUrl) => new(
        account.Id, account.Connection, connection.DisplayName, account.AccountName, account.State, account.InUse,
        connection.Served([.. account.GrantedScopes]), [.. account.GrantedScopes.Except([.. connection.SignInScopes, Scopes.Email])], account.ConnectedAt,
        publicUrl.At(ConnectedAccountsExtensions.ConnectPath(connection, [])));

    internal sealed record ConnectBody(
        [property: JsonPropertyName("connection")] string? Connection,
        [property: JsonPropertyName("redirect_uri")] string? RedirectUri,
        [property: JsonPropertyName("state")] string? State,
        [property: JsonPropertyName("scopes")] IReadOnlyList<string>? Scopes);

    internal sealed record CompleteBody(
        [property: JsonPropertyName("auth_session")] string? AuthSession,
        [property: JsonPropertyName("connect_code")] string? ConnectCode,
        [property: JsonPropertyName("redirect_uri")] string? RedirectUri)
    {
        public override string ToString() => nameof(CompleteBody);
    }

    internal sealed record ConnectAnswer(
        [property: JsonPropertyName("auth_session")] string AuthSession,
        [property: JsonPropertyName("connect_uri")] string ConnectUri,
        [property: JsonPropertyName("connect_params")] ConnectParams ConnectParams,
        [property: JsonPropertyName("expires_in")] int ExpiresIn)
    {
        public override string ToString() => nameof(ConnectAnswer);
    }

    internal sealed record ConnectParams([property: JsonPropertyName("ticket")] string Ticket)
    {
        public override string ToString() => nameof(ConnectParams);
    }

    internal sealed record Problem([property: JsonPropertyName("error")] string Error, [property: JsonPropertyName("error_description")] string Description);

    internal sealed record AccountList([property: JsonPropertyName("connected_accounts")] IReadOnlyList<AccountAnswer> Accounts);

    internal sealed record AccountAnswer(
        [property: JsonPropertyName("id")] Guid Id,
        [property: JsonPropertyName("connection")] string Connection,
        [property: JsonPropertyName("display_name")] string DisplayName,
        [property: JsonPropertyName("account_name")] string AccountName,
        [property: JsonPropertyName("state"), JsonConverter(typeof(StateConverter))] ConnectionState State,
        [property: JsonPropertyName("in_use")] bool InUse,
        [property: JsonPropertyName("scopes")] IReadOnlyList<string> Scopes,
        [property: JsonPropertyName("upstream_scopes")] IReadOnlyList<string> UpstreamScopes,
        [property: JsonPropertyName("connected_at")] DateTimeOffset ConnectedAt,
        [property: JsonPropertyName("connect_uri")] string ConnectUri);

    private sealed class StateConverter() : JsonStringEnumConverter<ConnectionState>(System.Text.Json.JsonNamingPolicy.SnakeCaseLower);
}
