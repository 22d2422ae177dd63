using StockMcp.Authority.Approvals;
using StockMcp.Authority.ConnectedAccounts;
using StockMcp.Authority.Connections;
using StockMcp.Authority.Database;
using StockMcp.Authority.Resources;
using StockMcp.Authority.Tokens;
using StockMcp.AuthorizationServer;
using StockMcp.AuthorizationServer.ConfiguredClients;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Authorization;

/// <summary>The authorization server itself: which resources and scopes there are, and who may ask for them.</summary>
public static class AgentAuthorizationExtensions
{
    /// <summary>Adds OpenIddict with the resources of the settings, and the clients that the operator registered.</summary>
    public static void AddAgentAuthorization(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var resources = builder.AddProtectedResources();
        var approvals = PublicUrl.From(builder.Configuration, builder.Environment).At(ApprovalExtensions.Path);
        var connections = builder.Configuration.GetSection(ConnectionOptions.Section).GetChildren().Select(connection => connection.Key);
        builder.AddAuthorizationServer<AuthorityDbContext, PostgreSqlAuthorityDbContext>("authority", "/assets/authority.css", server =>
        {
            server.RegisterScopes([Scopes.OpenId, Scopes.OfflineAccess, .. resources.Scopes, .. ConnectedAccountsExtensions.Scopes, ApprovalExtensions.Scope])
                .RegisterResources([.. resources.All.Select(resource => resource.Uri), resources.Own.Uri, approvals])
                .RegisterAudiences([.. connections, resources.Own.Uri]);
            server.AllowClientCredentialsFlow();
            server.AddEventHandler(RefreshTokens.Descriptor);
            server.AddEventHandler(Revocation.Descriptor);
            server.UseIntrospection();
            server.AddEventHandler(AgentMetadata.Descriptor);
        });
        builder.AddConfiguredClients();
    }
}
