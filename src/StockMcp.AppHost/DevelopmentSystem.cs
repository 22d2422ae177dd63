using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using StockMcp.Hosting;
using StockMcp.Hosting.Flow;

namespace StockMcp.AppHost;

/// <summary>The whole chain in one process, on loopback: Server, Authority, Brokerage, Agent and a Redis.</summary>
public sealed class DevelopmentSystem : IAsyncDisposable
{
    private DevelopmentSystem(HostedApplication server, HostedApplication authority, HostedApplication brokerage, HostedApplication agent, EmbeddedRedis? redis)
    {
        Server = server;
        Authority = authority;
        Brokerage = brokerage;
        Agent = agent;
        Redis = redis;
    }

    /// <summary>The MCP server.</summary>
    public HostedApplication Server { get; }

    /// <summary>The agents' authorization server.</summary>
    public HostedApplication Authority { get; }

    /// <summary>The demo broker.</summary>
    public HostedApplication Brokerage { get; }

    /// <summary>The agent of our own: chat and tasks.</summary>
    public HostedApplication Agent { get; }

    /// <summary>The Redis in this process; <see langword="null"/> if another one, or none, was asked for.</summary>
    public EmbeddedRedis? Redis { get; }

    /// <summary>The URL to give to an MCP client.</summary>
    public Uri McpUrl => new(Server.Url, "mcp");

    /// <summary>Starts all of it.</summary>
    /// <exception cref="StartupException">A port is taken, the data folder cannot be written to, or a setting is wrong.</exception>
    public static async Task<DevelopmentSystem> StartAsync(DevelopmentSystemOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var data = DataDirectory.From(new ConfigurationBuilder().AddInMemoryCollection([new("DataDirectory", options.DataDirectory)]).Build());
        var ports = TakePorts(("Server", options.ServerPort), ("Authority", options.AuthorityPort), ("Brokerage", options.BrokeragePort), ("Agent", options.AgentPort), ("Redis", 0));
        var secrets = new DevelopmentSecrets(data);
        var redis = options.Redis is null ? new EmbeddedRedis(ports[4], secrets.Redis) : null;
        var settings = new DevelopmentSettings(data, secrets, Url(ports[0]), Url(ports[1]), Url(ports[2]), Url(ports[3]), redis?.ConnectionString ?? options.Redis!);

        var flow = new FlowRecorder(TimeProvider.System);
        void Configure(string application, WebApplicationBuilder builder)
        {
            builder.AddFlow(application, flow);
            options.Configure?.Invoke(application, builder);
        }

        var system = new DevelopmentSystem(
            new("Server", Url(ports[0]), StockMcp.Server.Program.Build, settings.Server(options.ServerSettings), Configure),
            new("Authority", Url(ports[1]), StockMcp.Authority.Program.Build, settings.Authority(options.AuthoritySettings, options.AgentSettings.GetValueOrDefault("Agent:Tools") == "direct"), Configure),
            new("Brokerage", Url(ports[2]), StockMcp.Brokerage.Program.Build, settings.Brokerage(options.BrokerageSettings), Configure),
            new("Agent", Url(ports[3]), StockMcp.Agent.Program.Build, settings.Agent(options.AgentSettings), Configure),
            redis);
        try
        {
            // None asks another for anything before its first request, so they need not wait for each other.
            await Task.WhenAll(system.Applications.Where(application => options.WithAgent || application != system.Agent).Select(application => Task.Run(() => application.StartAsync(cancellationToken), cancellationToken)));
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the Agent first and then the Server, so that nothing they would call is gone before them.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var application in Applications) await application.DisposeAsync();
        Redis?.Dispose();
    }

    private HostedApplication[] Applications => [Agent, Server, Authority, Brokerage];

    private static Uri Url(int port) => new($"http://localhost:{port}/");

    /// <summary>Looks whether the ports are free, and finds free ones for those given as 0.</summary>
    private static int[] TakePorts(params (string Name, int Port)[] wanted)
    {
        var listeners = new List<TcpListener>();
        try
        {
            foreach (var (name, port) in wanted)
            {
                var listener = new TcpListener(IPAddress.Loopback, port);
                listeners.Add(listener);
                try
                {
                    listener.Start();
                }
                catch (SocketException exception)
                {
                    throw new StartupException($"Port {port} for the {name} cannot be used: {exception.Message}. Stop the program that has it, or choose another port with --Ports:{name}={port + 100}.", exception);
                }
            }
            return [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        }
        finally
        {
            foreach (var listener in listeners) listener.Dispose();
        }
    }
}
