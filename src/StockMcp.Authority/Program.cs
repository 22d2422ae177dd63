using StockMcp.Authority.Account;
using StockMcp.Authority.ApprovalNotices;
using StockMcp.Authority.ApprovalPages;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Authorization;
using StockMcp.Authority.AuthorizationDetails;
using StockMcp.Authority.Backchannel;
using StockMcp.Authority.ClientMetadataDocuments;
using StockMcp.Authority.ConnectedAccounts;
using StockMcp.Authority.Connections;
using StockMcp.Authority.Consent;
using StockMcp.Authority.Database;
using StockMcp.Authority.Email;
using StockMcp.Authority.Limits;
using StockMcp.Authority.Mandates;
using StockMcp.Authority.Receipts;
using StockMcp.Authority.Registration;
using StockMcp.Authority.Revocations;
using StockMcp.Authority.SignIn;
using StockMcp.Authority.StartPage;
using StockMcp.Authority.TokenExchange;
using StockMcp.Authority.Tokens;
using StockMcp.Authority.TradingLimits;
using StockMcp.Authority.Vault;
using StockMcp.Authority.WebPush;
using StockMcp.AuthorizationServer;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Hosting;

namespace StockMcp.Authority;

/// <summary>The authorization server for agents, from its settings to its routes.</summary>
public static class Program
{
    /// <summary>Runs it until it is told to stop, or one of its commands: <c>audit</c>, <c>keys</c>, <c>vault</c>, <c>health</c>.</summary>
    public static Task<int> Main(string[] args) => args switch
    {
        [AuditCommand.Name, ..] => AuditCommand.RunAsync(args),
        [VaultCommand.Name, ..] => VaultCommand.RunAsync(args),
        [HealthCommand.Name, ..] => HealthCommand.RunAsync("StockMcp.Authority", "authority.json", args),
        _ when KeyCommand.Is(args) => KeyCommand.RunAsync(arguments => Build(arguments), args),
        _ => ServiceHost.RunAsync(arguments => Build(arguments), args),
    };

    /// <summary>Builds it.</summary>
    /// <param name="args">The command line's arguments.</param>
    /// <param name="configure">Runs first: what a host or a test sets in its place.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = SettingsFile.CreateBuilder("StockMcp.Authority", "authority.json", args);
        configure?.Invoke(builder);
        builder.AddServiceDefaults();
        builder.AddAgentAuthorization();  // Authorization/      OpenIddict: flows, resources, scopes
        builder.AddAudit();               // Audit/              who did what, chained
        builder.AddConnections();         // Connections/        where people sign in; what scopes mean there
        builder.AddLimits();              // Limits/             how much one address may ask for
        builder.AddSignIn();              // SignIn/             federated sign-in, sessions
        builder.AddRevocations();         // Revocations/        tells the Servers which tokens are void
        builder.AddVault();               // Vault/              upstream tokens, encrypted
        builder.AddConsent();             // Consent/            what a person allows an agent
        builder.AddTokenEndpoint();       // Tokens/             codes and refresh tokens
        builder.AddClientRegistration();  // Registration/       RFC 7591
        builder.AddClientMetadataDocuments();  // ClientMetadataDocuments/  clients that are the URL of a document
        builder.AddTokenExchange();       // TokenExchange/      RFC 8693
        builder.AddConnectedAccounts();   // ConnectedAccounts/  which accounts a person connected
        builder.AddAuthorizationDetails();// AuthorizationDetails/  RFC 9396: what can be asked for, and how people read it
        builder.AddApprovals();           // Approvals/          a person's yes to exact terms, used once
        builder.AddMandates();            // Mandates/           bounds within which an agent orders without a tap
        builder.AddReceipts();            // Receipts/           a signed receipt for each placed order
        builder.AddBackchannel();         // Backchannel/        OpenID CIBA: how it is asked for
        builder.AddApprovalPages();       // ApprovalPages/      where the person decides
        builder.AddApprovalNotices();     // ApprovalNotices/    tells them while no page is open
        builder.AddWebPush();             // WebPush/            by a notification in their browsers
        builder.AddEmail();               // Email/              by mail
        builder.AddAccount();             // Account/            the page of connections, agents, sessions and data

        var app = builder.Build();
        app.UseLastResort();
        app.UseTrustedProxies();
        app.UseSecurityHeaders();
        app.UseLimits();
        app.UseAuthorizationServer<AuthorityDbContext>(refuses: exception => exception is AuditUnavailableException);
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
        app.MapBackchannel();
        app.MapApprovals();
        app.MapApprovalPages();
        app.MapWebPush();
        app.MapTradingLimits();
        app.MapMandates();
        app.MapReceipts();
        app.MapAccount();
        return app;
    }
}
