using StockMcp.AuthorizationServer;
using StockMcp.AuthorizationServer.ConfiguredClients;
using StockMcp.Brokerage.AuthorizationDetails;
using StockMcp.Brokerage.Database;
using StockMcp.Hosting;

namespace StockMcp.Brokerage.Authorization;

/// <summary>The Brokerage as an OpenID provider of its own.</summary>
public static class AuthorizationExtensions
{
    /// <summary>The audience of every access token: the trading API.</summary>
    public static string TradingApi(this PublicUrl publicUrl) => publicUrl?.At("/v2") ?? throw new ArgumentNullException(nameof(publicUrl));

    /// <summary>Adds the provider, and the check of its tokens at the trading API.</summary>
    public static void AddOpenIdProvider(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var publicUrl = PublicUrl.From(builder.Configuration, builder.Environment);
        builder.AddAuthorizationServer<BrokerageDbContext, PostgreSqlBrokerageDbContext>("brokerage", "/assets/brokerage.css",
            server => server.RegisterScopes([.. BrokerageScopes.InWords.Keys]).RegisterResources(publicUrl.TradingApi()).UseOneOrderTokens(),
            openIddict => openIddict.AddValidation(validation =>
            {
                validation.UseLocalServer();
                // RS-01: a token in a URL ends up in logs.
                validation.UseAspNetCore().DisableAccessTokenExtractionFromQueryString().DisableAccessTokenExtractionFromBodyForm();
                validation.AddAudiences(publicUrl.TradingApi());
                // A disconnected app is out at once, not when its token expires.
                validation.EnableAuthorizationEntryValidation().EnableTokenEntryValidation();
            }));
        builder.AddConfiguredClients(AuthorizationDetailsExtensions.Types);
    }
}
