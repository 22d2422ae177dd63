using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using StockMcp.AuthorizationServer.Database;

namespace StockMcp.Agent.Database;

/// <summary>What the agent keeps: sessions, the tokens that people gave it, chats and tasks.</summary>
public class AgentDbContext : DbContext, IDataProtectionKeyContext
{
    /// <summary>For SQLite.</summary>
    public AgentDbContext(DbContextOptions<AgentDbContext> options) : base(options) { }

    /// <summary>For another kind of database.</summary>
    protected AgentDbContext(DbContextOptions options) : base(options) { }

    /// <summary>The keys of cookies, forms and stored tokens, each encrypted by the master secret.</summary>
    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(AgentDbContext).Assembly);
    }

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) => configurationBuilder.UseUtcTicks();
}

/// <summary>Lets <c>dotnet ef</c> make migrations without starting the application.</summary>
internal sealed class AgentDbContextFactory : IDesignTimeDbContextFactory<AgentDbContext>
{
    public AgentDbContext CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<AgentDbContext>().UseSqlite("Data Source=:memory:").Options);
}
