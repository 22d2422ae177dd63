using System.Net;
using System.Net.Sockets;
using Garnet;
using Garnet.server;
using Microsoft.Extensions.Logging.Abstractions;

namespace StockMcp.Server.Tests.Fixture;

/// <summary>A Redis in this process, which can be stopped and started again: empty, on the same port.</summary>
internal sealed class TestRedis : IDisposable
{
    private GarnetServer? server;

    public int Port { get; } = FreePort();

    public string ConnectionString => $"127.0.0.1:{Port}";

    public static TestRedis Start()
    {
        var redis = new TestRedis();
        redis.Run();
        return redis;
    }

    public void Run()
    {
        server = new GarnetServer(new GarnetServerOptions { EndPoints = [new IPEndPoint(IPAddress.Loopback, Port)], LogMemorySize = "16m", PageSize = "1m", IndexMemorySize = "1m", QuietMode = true }, NullLoggerFactory.Instance);
        server.Start();
    }

    public void Stop()
    {
        server?.Dispose();
        server = null;
    }

    public void Dispose() => Stop();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
