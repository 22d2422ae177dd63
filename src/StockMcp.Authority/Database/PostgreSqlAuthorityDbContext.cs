using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace StockMcp.Authority.Database;

/// <summary>The Authority's database on PostgreSQL: the same tables, with migrations of their own.</summary>
public sealed class PostgreSqlAuthorityDbContext(DbContextOptions<PostgreSqlAuthorityDbContext> options) : AuthorityDbContext(options);

/// <summary>Lets <c>dotnet ef</c> make migrations without starting the application.</summary>
internal sealed class PostgreSqlAuthorityDbContextFactory : IDesignTimeDbContextFactory<PostgreSqlAuthorityDbContext>
{
    public PostgreSqlAuthorityDbContext CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<PostgreSqlAuthorityDbContext>().UseNpgsql("Host=localhost").Options);
}
