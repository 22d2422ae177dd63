using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using StockMcp.AuthorizationServer.Database;

namespace StockMcp.Brokerage.Database;

/// <summary>The Brokerage's own database: its users, their accounts and orders, and what its authorization server keeps.</summary>
public sealed class BrokerageDbContext(DbContextOptions<BrokerageDbContext> options) : AuthorizationServerDbContext(options);

/// <summary>Lets <c>dotnet ef</c> make migrations without starting the application.</summary>
internal sealed class BrokerageDbContextFactory : IDesignTimeDbContextFactory<BrokerageDbContext>
{
    public BrokerageDbContext CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<BrokerageDbContext>().UseSqlite("Data Source=:memory:").Options);
}
