using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace StockMcp.Testing.Harness;

/// <summary>Two Servers and two Authorities on one PostgreSQL and one redis-server, with one Brokerage. A front at each public URL sends every request to the next copy.</summary>
internal sealed class ManyCopies : IAsyncDisposable
{
    private readonly List<WebApplication> further = [];
    // The applications start beside each other.
    private readonly ConcurrentDictionary<string, (IReadOnlyDictionary<string, string?> Settings, Action<WebApplicationBuilder> Configure)> known = [];
    private RoundRobin? serverFront;
    private RoundRobin? authorityFront;

    private ManyCopies(RedisServer redis) => Redis = redis;

    public RedisServer Redis { get; }

    public StockMcpSystem System { get; private set; } = null!;

    /// <summary>How many requests each copy of the Server got.</summary>
    public IReadOnlyDictionary<Uri, int> ServerRequests => serverFront!.Counts;

    /// <summary>How many requests each copy of the Authority got.</summary>
    public IReadOnlyDictionary<Uri, int> AuthorityRequests => authorityFront!.Counts;

    /// <summary>The further copies' services: of the Server, then of the Authority.</summary>
    public IReadOnlyList<IServiceProvider> Further => [.. further.Select(application => application.Services)];

    /// <summary>From now on Redis forgets everything before each request, also before those that a Server sends to an Authority.</summary>
    public void LetRedisForgetAlways() => serverFront!.Before = authorityFront!.Before = Redis.FlushAsync;

    public static async Task<ManyCopies> StartAsync(ShiftedClock? clock = null, IReadOnlyDictionary<string, string?>? serverSettings = null)
    {
        var copies = new ManyCopies(await RedisServer.StartAsync());
        try
        {
            await copies.StartSystemAsync(clock, serverSettings ?? new Dictionary<string, string?>());
            return copies;
        }
        catch
        {
            await copies.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (serverFront is not null) await serverFront.DisposeAsync();
        if (authorityFront is not null) await authorityFront.DisposeAsync();
        foreach (var application in further)
        {
            await application.StopAsync();
            await application.DisposeAsync();
        }
        if (System is not null) await System.DisposeAsync();
        await Redis.DisposeAsync();
    }

    private async Task StartSystemAsync(ShiftedClock? clock, IReadOnlyDictionary<string, string?> serverSettings)
    {
        Uri[] servers = [Loopback(), Loopback()];
        Uri[] authorities = [Loopback(), Loopback()];
        System = await StockMcpSystem.StartAsync(
            options => options with
            {
                Redis = Redis.ConnectionString,
                ServerSettings = new Dictionary<string, string?>(options.ServerSettings.Concat(serverSettings)) { ["Urls"] = Origin(servers[0]) },
                AuthoritySettings = new Dictionary<string, string?>(options.AuthoritySettings) { ["Urls"] = Origin(authorities[0]) },
                Configure = (application, builder) => known.TryAdd(application, (builder.Configuration.AsEnumerable().Where(setting => setting.Value is not null).ToDictionary(), again => System.Configure(application, again))),
            }, clock, DatabaseKind.PostgreSql);
        await StartFurtherAsync("Server", StockMcp.Server.Program.Build, servers[1]);
        await StartFurtherAsync("Authority", StockMcp.Authority.Program.Build, authorities[1]);
        serverFront = await RoundRobin.StartAsync(System.Running.Server.Url, servers);
        authorityFront = await RoundRobin.StartAsync(System.Running.Authority.Url, authorities);
    }

    private async Task StartFurtherAsync(string name, Func<string[], Action<WebApplicationBuilder>?, WebApplication> build, Uri url)
    {
        var (settings, configure) = known[name];
        var application = build(["--environment", Environments.Development], builder =>
        {
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(settings) { ["Urls"] = Origin(url) });
            configure(builder);
        });
        further.Add(application);
        await application.StartAsync();
    }

    private static Uri Loopback() => new($"http://localhost:{FreePorts.Take()}/");

    private static string Origin(Uri url) => url.GetLeftPart(UriPartial.Authority);
}
