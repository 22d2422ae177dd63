using Microsoft.Extensions.DependencyInjection;
using StockMcp.Brokerage.Users;

namespace StockMcp.AppHost;

/// <summary>What a person needs to know to go on, printed once everything answers.</summary>
internal static class Welcome
{
    public static string Text(DevelopmentSystem system)
    {
        var users = system.Brokerage.Services.GetRequiredService<DemoUsers>().Users;
        return $"""

            StockMcp is ready. Press Ctrl-C to stop it.

              Server     {system.Server.Url}   MCP endpoint: {system.McpUrl}
                         see every request and token: {new Uri(system.Server.Url, "flow")}
              Authority  {system.Authority.Url}   who may do what: {new Uri(system.Authority.Url, "account")}
              Brokerage  {system.Brokerage.Url}   the demo broker: prices, dashboard
              Agent      {system.Agent.Url}   a chat of our own, and tasks

              Sign in as {string.Join("  or  ", users.Select(user => $"{user.UserName} / {user.Password}"))}

              Claude Code    claude mcp add --transport http stock {system.McpUrl}
                             claude mcp login stock
              MCP Inspector  npx @modelcontextprotocol/inspector --transport http --server-url {system.McpUrl}

            """;
    }
}
