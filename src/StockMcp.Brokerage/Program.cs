using StockMcp.AuthorizationServer;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Brokerage.Authorization;
using StockMcp.Brokerage.ConnectedApps;
using StockMcp.Brokerage.Dashboard;
using StockMcp.Brokerage.Database;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.MarketDataApi;
using StockMcp.Brokerage.OrderTicket;
using StockMcp.Brokerage.Prices;
using StockMcp.Brokerage.SignIn;
using StockMcp.Brokerage.Site;
using StockMcp.Brokerage.Trading;
using StockMcp.Brokerage.TradingApi;
using StockMcp.Brokerage.Users;
using StockMcp.Hosting;

namespace StockMcp.Brokerage;

/// <summary>The demo broker: its own customers, OpenID provider, market, trading API and pages.</summary>
public static class Program
{
    /// <summary>Runs it until it is told to stop, or one of its commands: <c>keys</c>, <c>health</c>.</summary>
    public static Task<int> Main(string[] args) => args switch
    {
        [HealthCommand.Name, ..] => HealthCommand.RunAsync("StockMcp.Brokerage", "brokerage.json", args),
        _ when KeyCommand.Is(args) => KeyCommand.RunAsync(arguments => Build(arguments), args),
        _ => ServiceHost.RunAsync(arguments => Build(arguments), args),
    };

    /// <summary>Builds it.</summary>
    /// <param name="args">The command line's arguments.</param>
    /// <param name="configure">Runs first: what a host or a test sets in its place.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = SettingsFile.CreateBuilder("StockMcp.Brokerage", "brokerage.json", args);
        configure?.Invoke(builder);
        builder.AddServiceDefaults();
        builder.AddUsers();           // Users/          who may sign in
        builder.AddSignIn();          // SignIn/         the session of the Brokerage's own pages
        builder.AddMarket();          // Market/         made-up shares and their prices
        builder.AddTrading();         // Trading/        accounts, orders, fills
        builder.AddTradingApi();      // TradingApi/     the part of Alpaca's API that is served; with MarketDataApi/
        builder.AddOpenIdProvider();  // Authorization/  OpenID Connect for other applications
        builder.AddConnectedApps();   // ConnectedApps/  which of them have access, and its end

        var app = builder.Build();
        app.UseLastResort();
        app.UseTrustedProxies();
        app.UseSecurityHeaders();
        app.UseAuthorizationServer<BrokerageDbContext>();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseAntiforgery();
        app.MapServiceDefaults(typeof(Program).Assembly);
        app.MapOpenIdProvider();
        app.MapTradingApi();
        app.MapMarketDataApi();
        app.MapSite();           // Site/         the start page, and what all pages share
        app.MapPrices();         // Prices/       for everybody
        app.MapSignIn();
        app.MapDashboard();      // Dashboard/    balance, positions, orders
        app.MapOrderTicket();    // OrderTicket/  review, place, cancel
        app.MapConnectedApps();
        return app;
    }
}
