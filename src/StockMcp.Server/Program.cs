using StockMcp.Hosting;
using StockMcp.ResourceServer.McpEndpoint;
using StockMcp.ResourceServer.Observability;
using StockMcp.ResourceServer.OriginChecks;
using StockMcp.ResourceServer.ProtectedResource;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.ResourceServer.UpstreamTokens;
using StockMcp.Server.Approvals;
using StockMcp.Server.ConnectedAccounts;
using StockMcp.Server.Flow;
using StockMcp.Server.Limits;
using StockMcp.Server.McpEndpoint;
using StockMcp.Server.Orders;
using StockMcp.Server.StartPage;
using StockMcp.Tools.Scopes;

namespace StockMcp.Server;

/// <summary>The application, from its settings to its routes.</summary>
public static class Program
{
    /// <summary>Runs it until it is told to stop, or the command <c>health</c>.</summary>
    public static Task<int> Main(string[] args) => args is [HealthCommand.Name, ..]
        ? HealthCommand.RunAsync("StockMcp.Server", "appsettings.json", args)
        : ServiceHost.RunAsync(arguments => Build(arguments), args);

    /// <summary>Builds it.</summary>
    /// <param name="args">The command line's arguments.</param>
    /// <param name="configure">Runs first: what a host or a test sets in its place.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = SettingsFile.CreateBuilder("StockMcp.Server", "appsettings.json", args);
        configure?.Invoke(builder);
        builder.AddServiceDefaults();
        builder.AddObservability();      // Observability/      a line, a trace and metrics for each tool call
        builder.AddOriginChecks();       // OriginChecks/       which web pages may call
        builder.AddProtectedResource(new() { Name = "StockMcp", DefaultScopes = StockScopes.Default, DocumentationPath = builder.Configuration["StartPage:Path"] ?? "/" }); // ProtectedResource/  RFC 9728 metadata, and the challenges of RFC 6750
        builder.AddTokenValidation();    // TokenValidation/    RFC 9068 access tokens
        builder.AddLimits();             // Limits/             per person, and for wrong tokens per address
        builder.AddUpstreamTokens();     // UpstreamTokens/     RFC 8693 token exchange, and its cache
        builder.AddApprovals();          // Approvals/          CIBA and RFC 9396: asks the person for their yes to an order
        builder.AddOrders();             // Orders/             places what was approved, once
        builder.AddConnectedAccounts();  // ConnectedAccounts/  what the person has connected, for whoami
        builder.AddMcpEndpoint();        // McpEndpoint/        the tools over MCP; with StrictJson/, ScopeChallenge/ and ArgumentChecks/
        builder.AddFlowPages();          // Flow/               in Development: every request and token on its way, drawn
        builder.AddStartPage();          // StartPage/          how to add this server to a client

        var app = builder.Build();
        app.UseLastResort();
        app.UseTrustedProxies();
        app.UsePublicUrl();
        app.UseSecurityHeaders();
        app.UseOriginChecks();
        app.UseAuthentication();
        app.UseMcpChecks();
        app.UseAuthorization();
        app.MapServiceDefaults(typeof(Program).Assembly);
        app.MapProtectedResourceMetadata();
        app.MapMcpTransport();
        app.MapStartPage();
        app.MapFlowPages();
        return app;
    }
}
