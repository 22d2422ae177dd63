using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using StockMcp.Testing.ForeignClients;

namespace StockMcp.Testing.Harness;

/// <summary>
/// A real PostgreSQL in a folder of its own, on a free port, ended with the tests. With STOCKMCP_TEST_DATABASE=postgresql every system of these tests keeps its data
/// there; otherwise only those do that ask for it.
/// </summary>
internal sealed class PostgreSql : IAsyncDisposable
{
    private static readonly Lazy<Task<PostgreSql>> SharedServer = new(StartSharedAsync);
    private readonly string home;
    private readonly int port;
    private readonly bool durable;
    private ForeignProcess? process;
    private int databases;

    private PostgreSql(string home, int port, bool durable) => (this.home, this.port, this.durable) = (home, port, durable);

    /// <summary>Whether every system is to use it.</summary>
    public static bool ForAll { get; } = Environment.GetEnvironmentVariable("STOCKMCP_TEST_DATABASE") is { Length: > 0 } name
        && (name == "postgresql" ? true : throw new InvalidOperationException($"STOCKMCP_TEST_DATABASE is '{name}'. Set it to postgresql, or leave it out for SQLite."));

    /// <summary>One server for all tests of this process that do not stop it.</summary>
    public static Task<PostgreSql> SharedAsync() => SharedServer.Value;

    /// <summary>A server of its own, for a test that stops it.</summary>
    /// <param name="durable">Whether it keeps what it committed through a power failure, as Debian sets it up. Tests need not pay for that.</param>
    public static async Task<PostgreSql> StartAsync(bool durable = false)
    {
        var folder = Directory.CreateTempSubdirectory("stockmcp-postgresql-").FullName;
        // PostgreSQL refuses to run as root.
        if (Environment.IsPrivilegedProcess) await RunAsync("/bin/chown", ["postgres", folder]);
        var server = new PostgreSql(folder, FreePorts.Take(), durable);
        var (initdb, arguments) = server.Command("initdb", ["-D", server.Data, "-U", "stockmcp", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        await RunAsync(initdb, arguments);
        await server.RunAsync();
        return server;
    }

    /// <summary>The id of its first process, the parent of all others.</summary>
    public int ProcessId => process?.Id ?? throw new InvalidOperationException("It is stopped.");

    /// <summary>Its port on loopback.</summary>
    public int Port => port;

    /// <summary>The connection string of a database that is not there yet: who opens it first makes it.</summary>
    public string NewDatabase(string name) => ConnectionString(string.Create(CultureInfo.InvariantCulture, $"{name}_{Environment.ProcessId}_{Interlocked.Increment(ref databases)}"));

    /// <summary>Starts it again on the same data and port.</summary>
    public async Task RunAsync()
    {
        var (postgres, arguments) = Command("postgres",
        [
            "-D", Data, "-p", port.ToString(CultureInfo.InvariantCulture), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=400",
            .. durable ? [] : (string[])["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "autovacuum=off", "-c", "shared_buffers=64MB"],
        ]);
        process = ForeignProcess.Start(postgres, arguments, home);
        await process.ReadUntilAsync(new Regex("database system is ready to accept connections", RegexOptions.None, ForeignProcess.Patience));
    }

    /// <summary>Stops it at once, as a crash would.</summary>
    public async Task StopAsync()
    {
        if (process is not { } running) return;
        process = null;
        await running.DisposeAsync();
        NpgsqlConnection.ClearAllPools();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(home, recursive: true);
    }

    private string Data => Path.Combine(home, "data");

    private string ConnectionString(string database) => $"Host=127.0.0.1;Port={port};Username=stockmcp;Database={database};Maximum Pool Size=40;Connection Idle Lifetime=10;Connection Pruning Interval=5";

    private static async Task<PostgreSql> StartSharedAsync()
    {
        var server = await StartAsync();
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            server.process?.Kill();
            // Hundreds of databases are a hundred thousand files. The tests are over, and need not wait until those are gone.
            Process.Start("/bin/rm", ["-rf", server.home]).Dispose();
        };
        return server;
    }

    private (string Program, string[] Arguments) Command(string program, string[] arguments)
    {
        var path = Path.Combine(Toolbox.PostgreSql, program);
        return Environment.IsPrivilegedProcess ? ("/usr/bin/setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", path, .. arguments]) : (path, arguments);
    }

    private static async Task RunAsync(string program, string[] arguments)
    {
        await using var command = ForeignProcess.Start(program, arguments);
        await command.SucceedAsync();
    }
}
