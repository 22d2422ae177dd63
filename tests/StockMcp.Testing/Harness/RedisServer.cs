using System.Globalization;
using System.Text.RegularExpressions;
using StackExchange.Redis;
using StockMcp.Testing.ForeignClients;

namespace StockMcp.Testing.Harness;

/// <summary>A real Redis on a free port, which keeps nothing on disk.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly ForeignProcess server;
    private readonly ConnectionMultiplexer connection;

    private RedisServer(ForeignProcess server, ConnectionMultiplexer connection, string connectionString) => (this.server, this.connection, ConnectionString) = (server, connection, connectionString);

    public string ConnectionString { get; }

    public static async Task<RedisServer> StartAsync()
    {
        var port = FreePorts.Take();
        var process = ForeignProcess.Start(Toolbox.RedisServer, ["--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        await process.ReadUntilAsync(new Regex("Ready to accept connections", RegexOptions.None, ForeignProcess.Patience));
        var connectionString = $"127.0.0.1:{port},abortConnect=false";
        return new RedisServer(process, await ConnectionMultiplexer.ConnectAsync(connectionString + ",allowAdmin=true"), connectionString);
    }

    /// <summary>How many keys it holds.</summary>
    public Task<long> CountAsync() => connection.GetServers()[0].DatabaseSizeAsync();

    /// <summary>Forgets everything.</summary>
    public Task FlushAsync() => connection.GetServers()[0].FlushAllDatabasesAsync();

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        await server.DisposeAsync();
    }
}
