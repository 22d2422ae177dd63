using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using StockMcp.Hosting;

namespace StockMcp.AuthorizationServer.Database;

/// <summary>
/// Lets one copy at a time bring the database up to date and make its first keys. It is let go when the process ends, however it ends: EF Core's own lock on SQLite
/// is a row that a killed process leaves behind, and every later start would wait for it.
/// </summary>
internal static class StartUpLock
{
    private const long Key = 0x53746F636B4D6370; // any number that nobody else locks
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    /// <exception cref="StartupException">The database cannot be reached or opened.</exception>
    public static IDisposable? Take(DbContext database)
    {
        try
        {
            return database.Database.IsNpgsql() ? TakeInPostgreSql(database) : TakeBesideFile(database);
        }
        catch (Exception exception) when (DatabaseOutage.Is(exception) || exception is NpgsqlException or SqliteException)
        {
            throw new StartupException($"The database cannot be used: {exception.GetBaseException().Message.ReplaceLineEndings(" ").TrimEnd('.')}. Check its connection string, and that it runs.", exception);
        }
    }

    private static NpgsqlConnection TakeInPostgreSql(DbContext database)
    {
        var creator = database.GetService<IRelationalDatabaseCreator>();
        try
        {
            if (!creator.Exists()) creator.Create();
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            // another copy made it at the same moment
        }
        // A connection of its own, outside the pool: closing it lets go.
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database.Database.GetConnectionString()) { Pooling = false }.ConnectionString);
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"SELECT pg_advisory_lock({Key})";
            command.CommandTimeout = 0;
            command.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static FileStream? TakeBesideFile(DbContext database)
    {
        if (new SqliteConnectionStringBuilder(database.Database.GetConnectionString()) is not { Mode: not SqliteOpenMode.Memory, DataSource: { Length: > 0 } file } || file == ":memory:") return null;
        FileStream? alone = null;
        while (alone is null)
        {
            try
            {
                alone = new FileStream(file + ".starting", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException exception) when (exception is not (DirectoryNotFoundException or PathTooLongException))
            {
                Task.Delay(s_pause, TimeProvider.System).GetAwaiter().GetResult();
            }
        }
        try
        {
            PrivateFile.Keep(file);
            // EF Core does this to a file that it makes itself: who reads then waits for nobody who writes.
            if (new FileInfo(file).Length == 0) database.Database.ExecuteSqlRaw("PRAGMA journal_mode = 'wal'");
        }
        catch
        {
            alone.Dispose();
            throw;
        }
        // What EF Core's lock holds now was left behind by a process that was killed.
        database.Database.ExecuteSqlRaw("DROP TABLE IF EXISTS \"__EFMigrationsLock\"");
        return alone;
    }
}
