using StockMcp.Brokerage.Users;

namespace StockMcp.AppHost;

/// <summary>What each application is told so that they find and trust each other. All else is as in their settings files.</summary>
internal sealed class DevelopmentSettings(string data, DevelopmentSecrets secrets, Uri server, Uri authority, Uri brokerage, Uri agent, string redis)
{
    private const string AuthorityAtBrokerage = "stockmcp-authority";
    private const string ServerAtAuthority = "stockmcp-server";
    private const string AgentAtAuthority = "stockmcp-agent";

    public IReadOnlyDictionary<string, string?> Server(IReadOnlyDictionary<string, string?> more) => Merge(more, new()
    {
        ["PublicUrl"] = Origin(server),
        ["Urls"] = Origin(server),
        ["DataDirectory"] = Path.Combine(data, "server"),
        ["AllowedOrigins"] = "http://localhost:6274;http://127.0.0.1:6274", // MCP Inspector in a browser
        ["ConnectionStrings:Redis"] = redis,
        ["Authority:Issuer"] = authority.AbsoluteUri,
        ["Authority:ClientId"] = ServerAtAuthority,
        ["Authority:ClientSecret"] = secrets.ServerAtAuthority,
        ["TradingApi:BaseUrl"] = brokerage.AbsoluteUri,
        ["TradingApi:Connection"] = "brokerage",
        ["UpstreamTokens:CacheKey"] = secrets.ServerCacheKey,
        ["StartPage:SignInHint"] = $"In this demo, sign in as {string.Join(" or ", DemoUsers.All.Select(user => $"{user.UserName} / {user.Password}"))}.",
    });

    public IReadOnlyDictionary<string, string?> Authority(IReadOnlyDictionary<string, string?> more, bool agentIsResource) => Merge(agentIsResource ? Merge(more, AgentAsResource()) : more, new()
    {
        ["PublicUrl"] = Origin(authority),
        ["Urls"] = Origin(authority),
        ["DataDirectory"] = Path.Combine(data, "authority"),
        // A development machine need not reach the internet, and a client that believes that it does would fail there.
        ["ClientMetadataDocuments:Enabled"] = "false",
        ["ConnectionStrings:Redis"] = redis,
        ["Connections:brokerage:Issuer"] = brokerage.AbsoluteUri,
        ["Connections:brokerage:ClientId"] = AuthorityAtBrokerage,
        ["Connections:brokerage:ClientSecret"] = secrets.AuthorityAtBrokerage,
        ["Registration:PerAddressAndHour"] = "10000", // every client on this computer comes from the same address
        ["Resources:0:Uri"] = new Uri(server, "mcp").AbsoluteUri,
        ["Clients:0:ClientId"] = ServerAtAuthority,
        ["Clients:0:ClientSecret"] = secrets.ServerAtAuthority,
        ["Clients:0:Audiences:1"] = new Uri(authority, "me/v1").AbsoluteUri,
        ["Clients:0:Resources:0"] = new Uri(server, "mcp").AbsoluteUri,
        ["Clients:0:Resources:1"] = new Uri(authority, "approvals/v1").AbsoluteUri,
        ["Clients:agent:ClientId"] = AgentAtAuthority,
        ["Clients:agent:ClientSecret"] = secrets.AgentAtAuthority,
        ["Clients:agent:DisplayName"] = "StockMcp Agent",
        ["Clients:agent:RedirectUris:0"] = new Uri(agent, "callback").AbsoluteUri,
        ["Clients:agent:Resources:0"] = new Uri(server, "mcp").AbsoluteUri,
        ["Clients:agent:Scopes:0"] = "portfolio:read",
        ["Clients:agent:Scopes:1"] = "orders:read",
        ["Clients:agent:Scopes:2"] = "orders:write",
    });

    // With the tools in its own process the Agent is a resource of the Authority, too, and asks for approvals as the Server does.
    private Dictionary<string, string?> AgentAsResource() => new()
    {
        ["Clients:agent:GrantTypes:0"] = "authorization_code",
        ["Clients:agent:GrantTypes:1"] = "refresh_token",
        ["Clients:agent:GrantTypes:2"] = "urn:ietf:params:oauth:grant-type:token-exchange",
        ["Clients:agent:GrantTypes:3"] = "urn:openid:params:grant-type:ciba",
        ["Clients:agent:GrantTypes:4"] = "client_credentials",
        ["Clients:agent:Resources:0"] = new Uri(agent, "mcp").AbsoluteUri,
        ["Clients:agent:Resources:1"] = new Uri(authority, "approvals/v1").AbsoluteUri,
        ["Clients:agent:Audiences:0"] = "brokerage",
        ["Clients:agent:Audiences:1"] = new Uri(authority, "me/v1").AbsoluteUri,
        ["Clients:agent:Scopes:3"] = "connected_accounts:read",
        ["Clients:agent:Scopes:4"] = "approvals",
        ["Resources:agent:Uri"] = new Uri(agent, "mcp").AbsoluteUri,
        ["Resources:agent:DisplayName"] = "StockMcp Agent",
        ["Resources:agent:ClientId"] = AgentAtAuthority,
        ["Resources:agent:Scopes:0:Name"] = "portfolio:read",
        ["Resources:agent:Scopes:0:Words"] = "See your balance, your positions and how they did",
        ["Resources:agent:Scopes:0:Default"] = "true",
        ["Resources:agent:Scopes:1:Name"] = "orders:read",
        ["Resources:agent:Scopes:1:Words"] = "See your orders, and work out what an order would cost",
        ["Resources:agent:Scopes:1:Default"] = "true",
        ["Resources:agent:Scopes:2:Name"] = "orders:write",
        ["Resources:agent:Scopes:2:Words"] = "Ask you to approve orders, and cancel orders. Nothing is placed without your yes",
    };

    public IReadOnlyDictionary<string, string?> Brokerage(IReadOnlyDictionary<string, string?> more) => Merge(more, new()
    {
        ["PublicUrl"] = Origin(brokerage),
        ["Urls"] = Origin(brokerage),
        ["DataDirectory"] = Path.Combine(data, "brokerage"),
        ["DemoUsers"] = "true",
        ["Clients:0:ClientId"] = AuthorityAtBrokerage,
        ["Clients:0:ClientSecret"] = secrets.AuthorityAtBrokerage,
        ["Clients:0:DisplayName"] = "StockMcp",
        ["Clients:0:RedirectUris:0"] = new Uri(authority, "callback/brokerage").AbsoluteUri,
        ["Clients:0:Scopes:0"] = "openid",
        ["Clients:0:Scopes:1"] = "profile",
        ["Clients:0:Scopes:2"] = "offline_access",
        ["Clients:0:Scopes:3"] = "account:read",
        ["Clients:0:Scopes:4"] = "orders:read",
        ["Clients:0:Scopes:5"] = "trading",
        ["Clients:0:Scopes:6"] = "email",
        ["Clients:0:AuthorizationDetailsTypes:0"] = "stock_order",
        ["Clients:0:AuthorizationDetailsTypes:1"] = "stock_trading_mandate",
    });

    public IReadOnlyDictionary<string, string?> Agent(IReadOnlyDictionary<string, string?> more) => Merge(more, new()
    {
        ["PublicUrl"] = Origin(agent),
        ["Urls"] = Origin(agent),
        ["DataDirectory"] = Path.Combine(data, "agent"),
        ["Authority:Issuer"] = authority.AbsoluteUri,
        ["Authority:ClientId"] = AgentAtAuthority,
        ["Authority:ClientSecret"] = secrets.AgentAtAuthority,
        ["Agent:McpServer"] = new Uri(server, "mcp").AbsoluteUri,
        ["TradingApi:BaseUrl"] = brokerage.AbsoluteUri,
    });

    private static string Origin(Uri url) => url.GetLeftPart(UriPartial.Authority);

    private static Dictionary<string, string?> Merge(IReadOnlyDictionary<string, string?> more, Dictionary<string, string?> ours)
    {
        foreach (var (key, value) in more) ours[key] = value;
        return ours;
    }
}
