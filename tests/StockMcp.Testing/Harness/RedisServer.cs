using System.Globalization;
using System.Text.RegularExpressions;
using StackExchange.Redis;
using StockMcp.Testing.ForeignClients;

namespace StockMcp.Testing.Harness;

/// <summary>A real Redis on a free port, which keeps nothing on disk. Its users are those of a careful operator: StockMcp's may read, write and listen, and nothing else (RC-04).</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private const string OperatorsPassword = "operator-test";
    private readonly ForeignProcess server;
    private readonly ConnectionMultiplexer connection;

    private RedisServer(ForeignProcess server, ConnectionMultiplexer connection, string connectionString) => (this.server, this.connection, ConnectionString) = (server, connection, connectionString);

    public string ConnectionString { get; }

    public static async Task<RedisServer> StartAsync()
    {
        var port = FreePorts.Take();
        var process = ForeignProcess.Start(Toolbox.RedisServer, ["--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--requirepass", OperatorsPassword, "--user", "stockmcp", "on", ">stockmcp-test", "~*", "&*", "+@read", "+@write", "+@connection", "+@pubsub", "+@transaction"]);
        await process.ReadUntilAsync(new Regex("Ready to accept connections", RegexOptions.None, ForeignProcess.Patience));
        var operators = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{port},password={OperatorsPassword},allowAdmin=true");
        return new RedisServer(process, operators, $"127.0.0.1:{port},user=stockmcp,password=stockmcp-test,abortConnect=false");
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
