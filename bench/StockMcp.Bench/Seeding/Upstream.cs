using StockMcp.AppHost;
using StockMcp.Bench.ToolCalls;

namespace StockMcp.Bench.Seeding;

/// <summary>A second connection beside the Brokerage: a provider that answers each refresh at once, with rotation, out of the driver's process. What is measured is the Authority, and not what stands behind it.</summary>
internal static class Upstream
{
    public const string Connection = "constant";

    /// <summary>A system with it: agents' tokens are exchanged for its tokens, and the Server asks it for accounts.</summary>
    public static DevelopmentSystemOptions At(Issuer issuer, DevelopmentSystemOptions options) => options with
    {
        AuthoritySettings = new Dictionary<string, string?>(options.AuthoritySettings)
        {
            [$"Connections:{Connection}:DisplayName"] = "Constant",
            [$"Connections:{Connection}:Issuer"] = issuer.Url,
            [$"Connections:{Connection}:ClientId"] = "stockmcp-authority",
            [$"Connections:{Connection}:ClientSecret"] = "bench",
            [$"Connections:{Connection}:Scopes:0:Scope"] = "portfolio:read",
            [$"Connections:{Connection}:Scopes:0:Upstream:0"] = "account:read",
            ["Clients:0:Audiences:2"] = Connection,
            ["Registration:MostClients"] = "10000000",
        },
        ServerSettings = new Dictionary<string, string?>(Limitless.Server) { ["TradingApi:Connection"] = Connection, ["TradingApi:BaseUrl"] = issuer.Url },
    };
}
