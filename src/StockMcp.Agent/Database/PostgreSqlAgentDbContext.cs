using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace StockMcp.Agent.Database;

/// <summary>The agent's database on PostgreSQL: the same tables, with migrations of their own.</summary>
public sealed class PostgreSqlAgentDbContext(DbContextOptions<PostgreSqlAgentDbContext> options) : AgentDbContext(options);

/// <summary>Lets <c>dotnet ef</c> make migrations without starting the application.</summary>
internal sealed class PostgreSqlAgentDbContextFactory : IDesignTimeDbContextFactory<PostgreSqlAgentDbContext>
{
    public PostgreSqlAgentDbContext CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<PostgreSqlAgentDbContext>().UseNpgsql("Host=localhost").Options);
}
