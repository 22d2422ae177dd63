using Microsoft.AspNetCore.Builder;

namespace StockMcp.Server.Tests.Fixture;

/// <summary>The real Server between a real authorization server and the real Brokerage, on free ports.</summary>
internal sealed class TestSystem : IAsyncDisposable
{
    private static readonly string s_cacheKey = Convert.ToBase64String([.. Enumerable.Range(1, 32).Select(number => (byte)number)]);
    private readonly List<ServerCopy> copies = [];
    private readonly Dictionary<string, string?> settings = [];
    private readonly TimeProvider? time;
    private readonly Action<WebApplicationBuilder>? configure;

    private TestSystem(TimeProvider? time, Action<WebApplicationBuilder>? configure) => (this.time, this.configure) = (time, configure);

    public TestAuthority Authority { get; } = new();

    public TestBrokerage? Brokerage { get; private set; }

    public TestRedis? Redis { get; private set; }

    public LogLines Log { get; } = new();

    public ServerCopy Server => copies[0];

    public ServerCopy this[int copy] => copies[copy];

    public static async Task<TestSystem> StartAsync(
        bool brokerage = true, bool redis = false, int copies = 1, TimeProvider? time = null, Action<WebApplicationBuilder>? configure = null, (string Key, string Value)[]? market = null, params (string Key, string? Value)[] settings)
    {
        var system = new TestSystem(time, configure);
        await system.Authority.StartAsync();
        if (redis) system.Redis = TestRedis.Start();
        if (brokerage)
        {
            system.Brokerage = await TestBrokerage.StartAsync(market ?? []);
            system.Authority.UpstreamToken = system.Brokerage.Token;
            system.Authority.OneOrderToken = system.Brokerage.OneOrderToken;
        }
        system.settings["Authority:Issuer"] = system.Authority.Issuer;
        system.settings["Authority:ClientId"] = TestAuthority.ClientId;
        system.settings["Authority:ClientSecret"] = TestAuthority.ClientSecret;
        system.settings["TradingApi:BaseUrl"] = (system.Brokerage?.Url ?? new Uri("http://127.0.0.1:9/")).AbsoluteUri;
        system.settings["UpstreamTokens:CacheKey"] = s_cacheKey;
        if (redis) system.settings["ConnectionStrings:Redis"] = system.Redis!.ConnectionString;
        foreach (var (key, value) in settings) system.settings[key] = value;
        for (var i = 0; i < copies; i++) await system.AddCopyAsync();
        return system;
    }

    public async Task<ServerCopy> AddCopyAsync()
    {
        var copy = await ServerCopy.StartAsync(settings, time, Log, configure);
        copies.Add(copy);
        return copy;
    }

    /// <summary>A token that is good at this server.</summary>
    public string Token(string subject = "alice", string scope = "portfolio:read orders:read", string client = "an-agent") => Authority.Token(ServerCopy.Resource, subject, scope, client, time?.GetUtcNow());

    /// <summary>The requests to the brokerage that carried a token.</summary>
    public IEnumerable<(string Path, string Authorization)> UpstreamCalls => Brokerage!.Requests.Where(request => request.Authorization.Length > 0);

    public async ValueTask DisposeAsync()
    {
        foreach (var copy in copies) await copy.DisposeAsync();
        if (Brokerage is not null) await Brokerage.DisposeAsync();
        await Authority.DisposeAsync();
        Redis?.Dispose();
    }
}
