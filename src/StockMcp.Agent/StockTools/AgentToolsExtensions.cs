using System.Text.Json.Nodes;
using StockMcp.Agent.Grants;
using StockMcp.ResourceServer.ArgumentChecks;
using StockMcp.ResourceServer.Observability;
using StockMcp.ResourceServer.ProtectedResource;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.ResourceServer.UpstreamTokens;
using StockMcp.Server.Approvals;
using StockMcp.Server.ConnectedAccounts;
using StockMcp.Server.Orders;
using StockMcp.Tools;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.Scopes;

namespace StockMcp.Agent.StockTools;

/// <summary>The tools, called for one person with their token.</summary>
public static class AgentToolsExtensions
{
    /// <summary>Adds them.</summary>
    public static void AddStockTools(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<AgentOptions>().BindConfiguration(AgentOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations().ValidateOnStart();
        builder.Logging.AddFilter("ModelContextProtocol", LogLevel.Error); // it logs each request several times, with arguments
        builder.Services.AddHttpClient(McpStockTools.HttpClientName).ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(5) });
        if (builder.Configuration.GetSection(AgentOptions.Section).Get<AgentOptions>() is { IsDirect: true }) AddDirect(builder);
        else builder.Services.AddSingleton<IStockTools, McpStockTools>();
        builder.Services.AddScoped<Names>();
    }

    // What makes a server of the tools, without its endpoint: the agent is the resource, and places what was approved.
    private static void AddDirect(WebApplicationBuilder builder)
    {
        builder.AddObservability();
        builder.AddProtectedResource(new() { Name = "StockMcp Agent", DefaultScopes = StockScopes.Default });
        builder.AddTokenValidation();
        builder.AddUpstreamTokens();
        builder.AddApprovals();
        builder.AddOrders();
        builder.AddConnectedAccounts();
        builder.Services.AddArgumentChecks();
        builder.Services.AddMcpServer().WithStockTools();
        builder.Services.AddSingleton<IStockTools, DirectStockTools>();
    }
}

/// <summary>What people are called at their broker. Nothing depends on it.</summary>
internal sealed class Names(IStockTools tools, GrantStore grants)
{
    public async Task LearnAsync(string subject, CancellationToken cancellationToken)
    {
        if (await tools.CallAsync(subject, "whoami", [], cancellationToken) is ToolAnswer.Done { Data: var data }
            && data["connected_accounts"] is JsonArray { Count: > 0 } accounts && (string?)accounts[0]?["account_name"] is { Length: > 0 } name)
            await grants.SetNameAsync(subject, ForeignText.Clean(name, 60), cancellationToken);
    }
}
