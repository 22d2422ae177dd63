using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;

namespace StockMcp.EndToEnd.Tests.Container;

/// <summary>
/// What <c>docker compose --file compose.yaml --file compose.demo.yaml up</c> starts, without a container engine: the images' programs, Caddy with the same Caddyfile,
/// PostgreSQL and Redis as their services set them up, and the secrets that deploy/make-secrets.sh makes. Only addresses differ: here all are on loopback. Server and
/// Authority have two copies each.
/// </summary>
internal sealed class ContainerSystem : IAsyncDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("stockmcp-containers-").FullName;
    private readonly List<ForeignProcess> processes = [];
    private readonly ConcurrentDictionary<(string Part, string Address), ForeignProcess> copies = [];
    private readonly Dictionary<string, int> ports = new() { ["Server"] = FreePorts.Take(), ["Authority"] = FreePorts.Take(), ["Brokerage"] = FreePorts.Take() };
    private readonly Images images;
    private PostgreSql? postgres;

    private ContainerSystem(Images images)
    {
        this.images = images;
        Origin = new Uri($"https://localhost:{FreePorts.Take()}/");
        Brokerage = new Uri($"https://localhost:{FreePorts.Take()}/");
    }

    /// <summary>The one origin of Server and Authority.</summary>
    public Uri Origin { get; }

    /// <summary>The demo broker's origin.</summary>
    public Uri Brokerage { get; }

    /// <summary>Where the copies of Server and Authority are.</summary>
    public IReadOnlyList<string> Addresses { get; } = ["127.0.0.1", "127.0.0.2"];

    /// <summary>Caddy's own certificate authority, for names that no public one vouches for.</summary>
    public X509Certificate2 Root { get; private set; } = null!;

    public static async Task<ContainerSystem> StartAsync(Images images)
    {
        var system = new ContainerSystem(images);
        try
        {
            await system.StartAsync();
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a command of a part's image beside its running copy, as <c>docker compose exec</c> does.</summary>
    /// <returns>Its exit code, and what it printed.</returns>
    public async Task<(int Code, string Output)> RunAsync(string part, params string[] arguments)
    {
        await using var process = await ContainerProcess.StartAsync(images, part, DataOf(part), await EnvironmentAsync(part, "127.0.0.1"), arguments);
        return (await process.WaitForExitAsync(), process.Output);
    }

    /// <summary>The folder that is a part's <c>/data</c>.</summary>
    public string DataOf(string part) => Path.Combine(home, "data", part);

    /// <summary>kill -9.</summary>
    public async Task KillAsync(string part, string address)
    {
        copies.TryRemove((part, address), out var process);
        await process!.DisposeAsync();
    }

    /// <summary>Stops a copy as an update does, and starts it again.</summary>
    public async Task RestartAsync(string part, string address)
    {
        copies.TryRemove((part, address), out var process);
        process!.Terminate();
        (await process.WaitForExitAsync()).Should().Be(0, process.Output);
        await process.DisposeAsync();
        await StartAsync(part, address);
    }

    /// <summary>Starts a copy, and waits until it serves.</summary>
    public async Task StartAsync(string part, string address)
    {
        var process = copies[(part, address)] = await ContainerProcess.StartAsync(images, part, DataOf(part), await EnvironmentAsync(part, address));
        await process.ReadUntilAsync(new Regex("Application started", RegexOptions.None, ForeignProcess.Patience));
    }

    /// <summary>Waits until Caddy has asked every copy again, as it does once a second.</summary>
    public Task PassedOverNoMoreAsync() => Task.Delay(TimeSpan.FromSeconds(2));

    public async ValueTask DisposeAsync()
    {
        foreach (var copy in copies.Values) await copy.DisposeAsync();
        foreach (var process in Enumerable.Reverse(processes)) await process.DisposeAsync();
        if (postgres is not null) await postgres.DisposeAsync();
        Root?.Dispose();
        Directory.Delete(home, recursive: true);
    }

    private string Secrets => Path.Combine(home, "secrets");

    private Dictionary<string, string> Variables => ContainerFiles.ReadVariables("deploy/demo.env", new Dictionary<string, string>
    {
        ["STOCKMCP_HOST"] = Origin.Authority,
        ["STOCKMCP_BROKERAGE_HOST"] = Brokerage.Authority,
    });

    private async Task StartAsync()
    {
        await RunToEndAsync("/bin/sh", [Path.Combine(Toolbox.Repository, "deploy", "make-secrets.sh"), Secrets]);
        // The programs' user may look into the folders here, as it sees its mounts in a container.
        await RunToEndAsync("/bin/chmod", ["755", home, Secrets]);
        var redisPort = FreePorts.Take();
        postgres = await PostgreSql.StartAsync();
        Rewrite("redis_connection", "redis:6379", $"127.0.0.1:{redisPort}");
        Rewrite("authority_database", "Host=postgres", $"Host=127.0.0.1;Port={postgres.Port}");

        var files = await ContainerFiles.ReadAsync();
        var compose = files.Compose("compose.yaml")["services"]!;
        await using (var init = ForeignProcess.Start("/bin/sh", [Path.Combine(Toolbox.Repository, "deploy", "postgres-init.sh")], home, new Dictionary<string, string>
        {
            ["POSTGRES_USER"] = "stockmcp",
            ["PGHOST"] = "127.0.0.1",
            ["PGPORT"] = $"{postgres.Port}",
            ["STOCKMCP_SECRETS"] = Secrets,
        })) await init.SucceedAsync();
        var redis = compose["redis"]!["command"]!.AsArray().Select(word => word!.GetValue<string>()).ToList();
        redis[0].Should().Be("redis-server");
        await StartAsync(ForeignProcess.Start(Toolbox.RedisServer, [.. redis.Skip(1).Select(Here), "--port", $"{redisPort}", "--bind", "127.0.0.1"], home), "Ready to accept connections");

        var environment = files.Environment("caddy", Variables);
        environment["STOCKMCP_SERVERS"] = string.Join(' ', Addresses.Select(address => $"{address}:{ports["Server"]}"));
        environment["STOCKMCP_AUTHORITIES"] = string.Join(' ', Addresses.Select(address => $"{address}:{ports["Authority"]}"));
        environment["STOCKMCP_BROKERAGE"] = "127.0.0.1";
        environment["STOCKMCP_BROKERAGE_PORT"] = $"{ports["Brokerage"]}";
        environment["STOCKMCP_HTTP_PORT"] = $"{FreePorts.Take()}";
        environment["XDG_DATA_HOME"] = environment["XDG_CONFIG_HOME"] = Path.Combine(home, "caddy");
        await StartAsync(ForeignProcess.Start(Toolbox.Caddy, ["run", "--config", Path.Combine(Toolbox.Repository, "deploy", "Caddyfile"), "--adapter", "caddyfile"], home, environment), "serving initial configuration");
        var root = Path.Combine(home, "caddy", "caddy", "pki", "authorities", "local", "root.crt");
        File.Exists(root).Should().BeTrue("Caddy makes its authority before it serves");
        File.Copy(root, Path.Combine(home, "root.crt"));
        await RunToEndAsync("/bin/chmod", ["644", Path.Combine(home, "root.crt")]);
        Root = X509CertificateLoader.LoadCertificateFromFile(root);

        // All at once, as compose does: copies that make the same tables take turns.
        await Task.WhenAll(Addresses.SelectMany(address => new[] { StartAsync("Server", address), StartAsync("Authority", address) }).Append(StartAsync("Brokerage", "127.0.0.1")));
    }

    private async Task<Dictionary<string, string>> EnvironmentAsync(string part, string address)
    {
        var files = await ContainerFiles.ReadAsync();
        var environment = files.Environment(part.ToLowerInvariant(), Variables).ToDictionary(setting => setting.Key, setting => Here(setting.Value));
        environment["ASPNETCORE_URLS"] = $"http://{address}:{ports[part]}";
        environment["TrustedProxies"] = "127.0.0.1";
        environment["SSL_CERT_FILE"] = Path.Combine(home, "root.crt");
        return environment;
    }

    private string Here(string text) => text.Replace("/run/secrets", Secrets, StringComparison.Ordinal);

    private void Rewrite(string secret, string from, string to)
    {
        var file = Path.Combine(Secrets, secret);
        var text = File.ReadAllText(file);
        text.Should().Contain(from);
        File.Delete(file);
        File.WriteAllText(file, text.Replace(from, to, StringComparison.Ordinal));
    }

    private async Task StartAsync(ForeignProcess process, string says)
    {
        processes.Add(process);
        await process.ReadUntilAsync(new Regex(says, RegexOptions.None, ForeignProcess.Patience));
    }

    private static async Task RunToEndAsync(string program, string[] arguments)
    {
        await using var command = ForeignProcess.Start(program, arguments);
        await command.SucceedAsync();
    }
}
