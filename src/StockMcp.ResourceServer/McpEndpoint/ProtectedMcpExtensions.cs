using System.Reflection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using StockMcp.Hosting;
using StockMcp.ResourceServer.ArgumentChecks;
using StockMcp.ResourceServer.Observability;
using StockMcp.ResourceServer.OriginChecks;
using StockMcp.ResourceServer.ProtectedResource;
using StockMcp.ResourceServer.ScopeChallenge;
using StockMcp.ResourceServer.StrictJson;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.ResourceServer.UpstreamTokens;

namespace StockMcp.ResourceServer.McpEndpoint;

/// <summary>
/// An MCP server as an OAuth 2.1 protected resource, for tools of your own: metadata (RFC 9728), access tokens (RFC 9068), scopes per tool with a true 403, arguments held to the published
/// schema, and upstream tokens by exchange (RFC 8693).
/// </summary>
public static class ProtectedMcpExtensions
{
    /// <summary>Adds all of it. Add the tools to what it returns; a tool names its scopes with <see cref="Tools.Scopes.RequiresScopeAttribute"/>.</summary>
    /// <param name="builder">The application. Its settings name <c>PublicUrl</c> and <c>Authority:Issuer</c>.</param>
    /// <param name="resource">What it says of itself.</param>
    public static IMcpServerBuilder AddProtectedMcp(this WebApplicationBuilder builder, ProtectedResourceOptions resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        builder.AddServiceDefaults();
        builder.AddObservability();
        builder.AddOriginChecks();
        builder.AddProtectedResource(resource);
        builder.AddTokenValidation();
        builder.AddUpstreamTokens();
        return builder.Services.AddMcpTransport(resource.Name);
    }

    /// <summary>Puts the checks before the endpoint, and serves it with its metadata.</summary>
    public static void UseProtectedMcp(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseLastResort();
        app.UseTrustedProxies();
        app.UsePublicUrl();
        app.UseSecurityHeaders();
        app.UseOriginChecks();
        app.UseAuthentication();
        app.UseWhen(IsMcp, mcp =>
        {
            mcp.UseTokenValidation();
            mcp.UseStrictJson();
            mcp.UseScopeChallenge();
        });
        app.UseAuthorization();
        app.MapServiceDefaults(Assembly.GetEntryAssembly()!);
        app.MapProtectedResourceMetadata();
        app.MapMcpTransport();
    }

    /// <summary>MCP over Streamable HTTP, without sessions: revision 2026-07-28, and 2025-11-25 and older on the same endpoint; every call observed, checked, and every failure an answer.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">What people call the server.</param>
    /// <param name="more">A filter of calls of one's own: it runs before arguments are checked, and what it throws becomes an answer.</param>
    public static IMcpServerBuilder AddMcpTransport(this IServiceCollection services, string name, McpRequestFilter<CallToolRequestParams, CallToolResult>? more = null)
    {
        services.AddArgumentChecks();
        services.TryAddSingleton<ToolScopes>();
        return services
            .AddMcpServer(server => server.ServerInfo = new()
            {
                Name = name.ToLowerInvariant(),
                Title = name,
                Version = Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0",
            })
            .WithHttpTransport(transport => transport.SessionMode = HttpServerSessionMode.Stateless)
            .WithRequestFilters(filters =>
            {
                filters.AddCallToolFilter(ToolCallFilters.Observe);
                filters.AddCallToolFilter(ToolCallFilters.Refuse);
                if (more is not null) filters.AddCallToolFilter(more);
                filters.AddCallToolFilter(ArgumentCheckExtensions.CheckArguments);
                filters.AddListToolsFilter(ToolList.InStableOrder);
            });
    }

    /// <summary>Serves it.</summary>
    public static void MapMcpTransport(this IEndpointRouteBuilder routes) => routes.MapMcp(McpResource.Path).RequireAuthorization();

    /// <summary>Whether a request is for the endpoint. Routes are found in any case, so paths are compared in any case.</summary>
    internal static bool IsMcp(HttpContext context) => context.Request.Path.StartsWithSegments(McpResource.Path, StringComparison.OrdinalIgnoreCase);
}
