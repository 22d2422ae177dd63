using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using OpenIddict.Abstractions;
using OpenIddict.Validation.AspNetCore;
using StockMcp.Authority.Connections;
using StockMcp.Authority.SignIn;
using StockMcp.Authority.Vault;
using StockMcp.Hosting;

namespace StockMcp.Authority.ConnectedAccounts;

/// <summary>The accounts that a person connected: as an API, and the address that connects one.</summary>
public static class ConnectedAccountsExtensions
{
    /// <summary>The API's path; under the public URL it is the audience of its tokens.</summary>
    public const string Path = "/me/v1";

    /// <summary>The scope that lists a person's accounts.</summary>
    public const string Read = "connected_accounts:read";

    /// <summary>The path of the address that connects an account, or more of it.</summary>
    public static string ConnectPath(Connection connection, IReadOnlyCollection<string> upstreamScopes)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(upstreamScopes);
        return $"/account/connect/{connection.Name}" + (upstreamScopes.Count > 0 ? QueryString.Create("scope", string.Join(' ', upstreamScopes)) : "");
    }

    /// <summary>Adds the check of the API's tokens.</summary>
    public static void AddConnectedAccounts(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var publicUrl = PublicUrl.From(builder.Configuration, builder.Environment);
        builder.Services.AddOpenIddict().AddValidation(validation =>
        {
            validation.UseLocalServer();
            validation.UseAspNetCore().DisableAccessTokenExtractionFromQueryString().DisableAccessTokenExtractionFromBodyForm();
            validation.AddAudiences(publicUrl.At(Path));
        });
        builder.Services.AddAuthorizationBuilder().AddPolicy(Read, policy => policy
            .AddAuthenticationSchemes(OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme)
            .RequireAuthenticatedUser()
            .RequireAssertion(context => context.User.HasScope(Read)));
    }

    /// <summary><c>GET /me/v1/connected-accounts</c>, and <c>/account/connect/{connection}</c> for the person's browser.</summary>
    public static void MapConnectedAccounts(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path + "/connected-accounts", ListAsync).RequireAuthorization(Read);
        routes.MapGet("/account/connect/{connection}", Connect).RequireAuthorization();
    }

    private static async Task<Ok<AccountList>> ListAsync(HttpContext context, TokenVault vault, ConnectionTable connections, PublicUrl publicUrl, CancellationToken cancellationToken)
    {
        var accounts = await vault.ListAsync(context.User.PersonId(), cancellationToken);
        return TypedResults.Ok(new AccountList([.. accounts.Select(account => (Account: account, Connection: connections.Find(account.Connection)))
            .Where(found => found.Connection is not null)
            .Select(found => new AccountAnswer(
                found.Account.Id, found.Account.Connection, found.Connection!.DisplayName, found.Account.AccountName, found.Account.State,
                found.Connection.Served([.. found.Account.GrantedScopes]), [.. found.Account.GrantedScopes.Except(found.Connection.SignInScopes)], found.Account.ConnectedAt,
                publicUrl.At(ConnectPath(found.Connection, []))))]));
    }

    // What is asked for is what the address says, as far as the connection has it, and what the account has already: nobody loses a scope by connecting more.
    private static async Task<IResult> Connect(string connection, string? scope, HttpContext context, TokenVault vault, ConnectionTable connections, CancellationToken cancellationToken)
    {
        if (connections.Find(connection) is not { } found)
            return new RazorComponentResult<ProblemPage>(new { Title = "There is no such connection", Text = "Choose one on your account page." }) { StatusCode = StatusCodes.Status404NotFound };
        var known = found.Translate(found.AllScopes);
        var asked = scope?.Split(' ').Where(known.Contains) ?? known;
        var granted = (await vault.ListAsync(context.User.PersonId(), cancellationToken)).Where(account => account.Connection == connection && account.State != ConnectionState.Disconnected).SelectMany(account => account.GrantedScopes);
        return SignInExtensions.SignIn(found, asked.Union(granted).Except(found.SignInScopes), "/account", context.User.PersonId());
    }

    private sealed record AccountList([property: JsonPropertyName("connected_accounts")] IReadOnlyList<AccountAnswer> Accounts);

    private sealed record AccountAnswer(
        [property: JsonPropertyName("id")] Guid Id,
        [property: JsonPropertyName("connection")] string Connection,
        [property: JsonPropertyName("display_name")] string DisplayName,
        [property: JsonPropertyName("account_name")] string AccountName,
        [property: JsonPropertyName("state"), JsonConverter(typeof(StateConverter))] ConnectionState State,
        [property: JsonPropertyName("scopes")] IReadOnlyList<string> Scopes,
        [property: JsonPropertyName("upstream_scopes")] IReadOnlyList<string> UpstreamScopes,
        [property: JsonPropertyName("connected_at")] DateTimeOffset ConnectedAt,
        [property: JsonPropertyName("connect_uri")] string ConnectUri);

    private sealed class StateConverter() : JsonStringEnumConverter<ConnectionState>(System.Text.Json.JsonNamingPolicy.SnakeCaseLower);
}
