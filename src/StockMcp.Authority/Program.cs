using StockMcp.Authority.Account;
using StockMcp.Authority.Authorization;
using StockMcp.Authority.ConnectedAccounts;
using StockMcp.Authority.Connections;
using StockMcp.Authority.Consent;
using StockMcp.Authority.Database;
using StockMcp.Authority.Registration;
using StockMcp.Authority.Revocations;
using StockMcp.Authority.SignIn;
using StockMcp.Authority.StartPage;
using StockMcp.Authority.TokenExchange;
using StockMcp.Authority.Tokens;
using StockMcp.Authority.Vault;
using StockMcp.AuthorizationServer;
using StockMcp.Hosting;

namespace StockMcp.Authority;

/// <summary>The authorization server for agents, from its settings to its routes.</summary>
public static class Program
{
    /// <summary>Runs it until it is told to stop, or a command of the vault.</summary>
    public static Task<int> Main(string[] args) => args is [VaultCommand.Name, ..] ? VaultCommand.RunAsync(args) : ServiceHost.RunAsync(arguments => Build(arguments), args);

    /// <summary>Builds it.</summary>
    /// <param name="args">The command line's arguments.</param>
    /// <param name="configure">Runs first: what a host or a test sets in its place.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = SettingsFile.CreateBuilder("StockMcp.Authority", "authority.json", args);
        configure?.Invoke(builder);
        builder.AddServiceDefaults();
        builder.AddAgentAuthorization();  // Authorization/      OpenIddict: flows, resources, scopes
        builder.AddConnections();         // Connections/        where people sign in; what scopes mean there
        builder.AddSignIn();              // SignIn/             federated sign-in, sessions
        builder.AddRevocations();         // Revocations/        tells the Servers which tokens are void
        builder.AddVault();               // Vault/              upstream tokens, encrypted
        builder.AddConsent();             // Consent/            what a person allows an agent
        builder.AddClientRegistration();  // Registration/       RFC 7591
        builder.AddTokenExchange();       // TokenExchange/      RFC 8693
        builder.AddConnectedAccounts();   // ConnectedAccounts/  which accounts a person connected
        builder.AddAccount();             // Account/            the page of connections, agents, sessions and data

        var app = builder.Build();
        app.UseSecurityHeaders();
        app.UseAuthorizationServer<AuthorityDbContext>();
        app.UseSignInErrors();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseAntiforgery();
        app.MapServiceDefaults(typeof(Program).Assembly);
        app.MapStartPage();
        app.MapSignIn();
        app.MapConsent();
        app.MapTokenEndpoint();
        app.MapClientRegistration();
        app.MapConnectedAccounts();
        app.MapAccount();
        return app;
    }
}
