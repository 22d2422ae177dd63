using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using StockMcp.AuthorizationServer.Database;

namespace StockMcp.Authority.Database;

/// <summary>The Authority's own database: people, their sessions and consents, the vault, and what its authorization server keeps.</summary>
public sealed class AuthorityDbContext(DbContextOptions<AuthorityDbContext> options) : AuthorizationServerDbContext(options);

/// <summary>Lets <c>dotnet ef</c> make migrations without starting the application.</summary>
internal sealed class AuthorityDbContextFactory : IDesignTimeDbContextFactory<AuthorityDbContext>
{
    public AuthorityDbContext CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<AuthorityDbContext>().UseSqlite("Data Source=:memory:").Options);
}
