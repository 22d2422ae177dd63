using StockMcp.Testing.People;

namespace StockMcp.Testing.Harness;

/// <summary>An app that its operator registered at the Brokerage: what StockMcp replaces, and how Alpaca's own client gets its token.</summary>
internal static class BrokerageApp
{
    public const string ClientId = "portfolio-viewer";
    public const string Name = "Portfolio Viewer";
    public const string Scopes = "openid offline_access account:read orders:read";
    public static readonly Uri RedirectUri = new("https://viewer.example.com/callback");

    // The first client of the list is the Authority.
    public static IReadOnlyDictionary<string, string?> Settings { get; } = new Dictionary<string, string?>
    {
        ["Clients:1:ClientId"] = ClientId,
        ["Clients:1:DisplayName"] = Name,
        ["Clients:1:RedirectUris:0"] = RedirectUri.AbsoluteUri,
        ["Clients:1:Scopes:0"] = "openid",
        ["Clients:1:Scopes:1"] = "profile",
        ["Clients:1:Scopes:2"] = "offline_access",
        ["Clients:1:Scopes:3"] = "account:read",
        ["Clients:1:Scopes:4"] = "orders:read",
    };

    /// <summary>Signs the person in at the Brokerage and lets them connect this app.</summary>
    public static async Task<TokenSet> ConnectAsync(StockMcpSystem system, Person person, string scopes = Scopes)
    {
        var flow = new CodeFlow(system.Running.Brokerage.Url, ClientId, RedirectUri, scopes);
        return await flow.RedeemAsync(await person.AuthorizeAsync(flow.AuthorizationUrl));
    }

    /// <summary>The trading API's answer about the account.</summary>
    public static async Task<string> ReadAccountAsync(StockMcpSystem system, string accessToken)
    {
        using var http = new HttpClient { BaseAddress = system.Running.Brokerage.Url, DefaultRequestHeaders = { Authorization = new("Bearer", accessToken) } };
        return await http.GetStringAsync("v2/account");
    }
}
