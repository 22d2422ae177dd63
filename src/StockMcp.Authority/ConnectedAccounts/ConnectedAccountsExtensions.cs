using OpenIddict.Abstractions;
using OpenIddict.Validation.AspNetCore;
using StockMcp.Authority.Connections;
using StockMcp.Authority.Resources;
using StockMcp.Hosting;

namespace StockMcp.Authority.ConnectedAccounts;

/// <summary>The accounts that a person connected: as an API, and the addresses that connect one.</summary>
public static class ConnectedAccountsExtensions
{
    /// <summary>The API's path; under the public URL it is the audience of its tokens.</summary>
    public const string Path = "/me/v1";

    /// <summary>The scope that lists a person's accounts.</summary>
    public const string Read = "connected_accounts:read";

    /// <summary>The scope that connects one. Agents do not get it: an app does that its operator registered here and the person allowed.</summary>
    public const string Create = "connected_accounts:create";

    /// <summary>The scope that disconnects one. Given like <see cref="Create"/>.</summary>
    public const string Delete = "connected_accounts:delete";

    /// <summary>The path to which an app sends the person's browser with a ticket.</summary>
    internal const string TicketPath = "/account/connect";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> Scopes { get; } = [Read, Create, Delete];

    /// <summary>The path of the address that connects an account, or more of it.</summary>
    public static string ConnectPath(Connection connection, IReadOnlyCollection<string> upstreamScopes)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(upstreamScopes);
        return $"{TicketPath}/{connection.Name}" + (upstreamScopes.Count > 0 ? QueryString.Create("scope", string.Join(' ', upstreamScopes)) : "");
    }

    /// <summary>The API as a resource (RFC 8707) that clients of the settings may ask for.</summary>
    public static ProtectedResource Resource(PublicUrl publicUrl)
    {
        ArgumentNullException.ThrowIfNull(publicUrl);
        return new()
        {
            Uri = publicUrl.At(Path),
            DisplayName = "Your connected accounts",
            Scopes =
            [
                new() { Name = Read, Words = "See which accounts you have connected", Default = true },
                new() { Name = Create, Words = "Connect accounts, each with your own yes at the broker" },
                new() { Name = Delete, Words = "Disconnect your accounts" },
            ],
        };
    }

    /// <summary>Adds the check of the API's tokens.</summary>
    public static void AddConnectedAccounts(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var publicUrl = PublicUrl.From(builder.Configuration, builder.Environment);
        builder.Services.AddScoped<ConnectRequests>();
        builder.Services.AddOpenIddict().AddValidation(validation =>
        {
            validation.UseLocalServer();
            validation.EnableTokenEntryValidation(); // an app that was signed out connects and disconnects nothing any more
            validation.UseAspNetCore().DisableAccessTokenExtractionFromQueryString().DisableAccessTokenExtractionFromBodyForm();
            validation.AddAudiences(publicUrl.At(Path));
        });
        var authorization = builder.Services.AddAuthorizationBuilder();
        foreach (var scope in Scopes)
        {
            authorization.AddPolicy(scope, policy => policy
                .AddAuthenticationSchemes(OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme)
                .RequireAuthenticatedUser()
                .RequireAssertion(context => context.User.HasScope(scope)));
        }
    }

    /// <summary><c>/me/v1/connected-accounts</c>, and <c>/account/connect</c> for the person's browser.</summary>
    public static void MapConnectedAccounts(this IEndpointRouteBuilder routes)
    {
        var accounts = routes.MapGroup(Path + "/connected-accounts").DisableAntiforgery();
        accounts.MapGet("", ConnectedAccountsApi.ListAsync).RequireAuthorization(Read);
        accounts.MapPost("/connect", ConnectedAccountsApi.ConnectAsync).RequireAuthorization(Create);
        accounts.MapPost("/complete", ConnectedAccountsApi.CompleteAsync).RequireAuthorization(Create);
        accounts.MapDelete("/{account:guid}", ConnectedAccountsApi.DeleteAsync).RequireAuthorization(Delete);
        routes.MapGet(TicketPath, ConnectPages.RedeemAsync).RequireAuthorization();
        routes.MapGet(TicketPath + "/{connection}", ConnectPages.ConnectAsync).RequireAuthorization();
    }
}
