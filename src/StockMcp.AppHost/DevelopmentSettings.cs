using StockMcp.Brokerage.Users;

namespace StockMcp.AppHost;

/// <summary>What each application is told so that the three find and trust each other. All else is as in their settings files.</summary>
internal sealed class DevelopmentSettings(string data, DevelopmentSecrets secrets, Uri server, Uri authority, Uri brokerage, string redis)
{
    private const string AuthorityAtBrokerage = "stockmcp-authority";
    private const string ServerAtAuthority = "stockmcp-server";

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

    public IReadOnlyDictionary<string, string?> Authority(IReadOnlyDictionary<string, string?> more) => Merge(more, new()
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
    });

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

    private static string Origin(Uri url) => url.GetLeftPart(UriPartial.Authority);

    private static Dictionary<string, string?> Merge(IReadOnlyDictionary<string, string?> more, Dictionary<string, string?> ours)
    {
        foreach (var (key, value) in more) ours[key] = value;
        return ours;
    }
}
