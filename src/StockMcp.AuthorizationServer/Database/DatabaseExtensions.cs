using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StockMcp.Hosting;

namespace StockMcp.AuthorizationServer.Database;

/// <summary>Where an authorization server keeps what must outlive a restart.</summary>
public static class DatabaseExtensions
{
    /// <summary>Adds the database: SQLite in the data folder, unless <c>ConnectionStrings:{name}</c> says otherwise.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">The database file's name without its ending, and the connection string's.</param>
    public static void AddDatabase<TContext>(this WebApplicationBuilder builder, string name) where TContext : AuthorizationServerDbContext
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddDbContext<TContext>(options => options.UseSqlite(ConnectionString(builder.Configuration, name)));
        builder.Services.AddHealthChecks().AddCheck<DatabaseHealthCheck<TContext>>("database", tags: [ServiceDefaults.Ready]);
    }

    // Who waits longer than this for a lock gets 503 and tries again.
    private static string ConnectionString(IConfiguration configuration, string name)
        => configuration.GetConnectionString(name) is { Length: > 0 } set ? set : $"Data Source={Path.Combine(DataDirectory.From(configuration), name + ".db")};Default Timeout=5";
}
