using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using StockMcp.AuthorizationServer.Database;

namespace StockMcp.Brokerage.Database;

/// <summary>The Brokerage's own database: its users, their accounts and orders, and what its authorization server keeps.</summary>
public class BrokerageDbContext : AuthorizationServerDbContext
{
    /// <summary>For SQLite.</summary>
    public BrokerageDbContext(DbContextOptions<BrokerageDbContext> options) : base(options) { }

    /// <summary>For another kind of database.</summary>
    protected BrokerageDbContext(DbContextOptions options) : base(options) { }
}

/// <summary>The Brokerage's database on PostgreSQL: the same tables, with migrations of their own.</summary>
public sealed class PostgreSqlBrokerageDbContext(DbContextOptions<PostgreSqlBrokerageDbContext> options) : BrokerageDbContext(options);

/// <summary>Lets <c>dotnet ef</c> make migrations without starting the application.</summary>
internal sealed class BrokerageDbContextFactory : IDesignTimeDbContextFactory<BrokerageDbContext>
{
    public BrokerageDbContext CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<BrokerageDbContext>().UseSqlite("Data Source=:memory:").Options);
}

/// <summary>The same for PostgreSQL.</summary>
internal sealed class PostgreSqlBrokerageDbContextFactory : IDesignTimeDbContextFactory<PostgreSqlBrokerageDbContext>
{
    public PostgreSqlBrokerageDbContext CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<PostgreSqlBrokerageDbContext>().UseNpgsql("Host=localhost").Options);
}
