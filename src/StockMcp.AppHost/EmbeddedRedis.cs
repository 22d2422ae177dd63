using System.Net;
using Garnet;
using Garnet.server;
using Garnet.server.Auth.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace StockMcp.AppHost;

/// <summary>Garnet, in this process, on a loopback port, with a password: the Redis of a machine that has none. It keeps nothing on disk.</summary>
public sealed class EmbeddedRedis : IDisposable
{
    private readonly string password;
    private GarnetServer? server;

    internal EmbeddedRedis(int port, string password)
    {
        Port = port;
        this.password = password;
        Start();
    }

    /// <summary>Its port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>How to connect to it.</summary>
    public string ConnectionString => $"{IPAddress.Loopback}:{Port},password={password},abortConnect=false";

    /// <summary>Starts it, empty, if it does not run.</summary>
    public void Start()
    {
        if (server is not null) return;
        server = new GarnetServer(new GarnetServerOptions
        {
            EndPoints = [new IPEndPoint(IPAddress.Loopback, Port)],
            AuthSettings = new PasswordAuthenticationSettings(password),
            LogMemorySize = "64m",
            PageSize = "1m",
            IndexMemorySize = "4m",
            EnableLua = true,
            LuaOptions = new LuaOptions(),
            QuietMode = true,
        }, NullLoggerFactory.Instance);
        server.Start();
    }

    /// <summary>Stops it, if it runs; what it held is gone.</summary>
    public void Stop()
    {
        server?.Dispose(); // a second Dispose of the same server throws
        server = null;
    }

    /// <inheritdoc/>
    public void Dispose() => Stop();
}
