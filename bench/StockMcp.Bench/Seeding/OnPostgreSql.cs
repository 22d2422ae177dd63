using StockMcp.AppHost;
using StockMcp.Testing.Harness;

namespace StockMcp.Bench.Seeding;

/// <summary>Puts the Authority's data into a PostgreSQL that survives a power failure; the Brokerage's stays in SQLite.</summary>
internal static class OnPostgreSql
{
    public static DevelopmentSystemOptions On(this DevelopmentSystemOptions options, PostgreSql server)
        => options with { AuthoritySettings = new Dictionary<string, string?>(options.AuthoritySettings) { ["ConnectionStrings:authority"] = server.NewDatabase("authority") } };
}
