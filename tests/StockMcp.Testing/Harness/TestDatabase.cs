using StockMcp.Testing.ForeignClients;

namespace StockMcp.Testing.Harness;

/// <summary>Which kind of database a system of these tests uses.</summary>
internal enum DatabaseKind
{
    /// <summary>SQLite, or PostgreSQL with STOCKMCP_TEST_DATABASE=postgresql.</summary>
    AsAsked,

    /// <summary>PostgreSQL in any case. The test <see cref="RequiresAttribute">requires</see> it.</summary>
    PostgreSql,
}

/// <summary>A database for a system.</summary>
internal static class TestDatabase
{
    /// <summary>The connection string of a new database; <see langword="null"/> for SQLite in the data folder.</summary>
    public static async Task<string?> NewAsync(string name, DatabaseKind kind = DatabaseKind.AsAsked)
        => kind == DatabaseKind.PostgreSql || PostgreSql.ForAll ? (await PostgreSql.SharedAsync()).NewDatabase(name) : null;
}
