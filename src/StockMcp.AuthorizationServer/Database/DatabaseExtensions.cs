using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Hosting;

namespace StockMcp.AuthorizationServer.Database;

/// <summary>Where an application keeps what must outlive a restart: SQLite for one copy, PostgreSQL for several.</summary>
public static class DatabaseExtensions
{
    /// <summary>Who waits longer than this for a lock gets 503 and tries again.</summary>
    private const int LongestWait = 5;

    /// <summary>Statements that a connection has PostgreSQL plan once instead of each time. <c>Max Auto Prepare=0</c> turns it off, for a pooler that gives each transaction another connection.</summary>
    private const int MostPrepared = 100;

    /// <summary>Adds the database that <c>ConnectionStrings:{name}</c> names: PostgreSQL if it begins with <c>Host=</c>, else SQLite; without one, SQLite in the data folder.</summary>
    /// <typeparam name="TContext">The context, with the migrations for SQLite.</typeparam>
    /// <typeparam name="TPostgreSql">The same context, with the migrations for PostgreSQL.</typeparam>
    /// <param name="builder">The application.</param>
    /// <param name="name">The connection string's name, and the SQLite file's without its ending. <c>ConnectionStrings:{name}File</c> names a file that holds it.</param>
    public static void AddDatabase<TContext, TPostgreSql>(this WebApplicationBuilder builder, string name)
        where TContext : DbContext
        where TPostgreSql : TContext
    {
        ArgumentNullException.ThrowIfNull(builder);
        var set = SecretFile.Setting(builder.Configuration, "ConnectionStrings:" + name);
        if (IsPostgreSql(set)) builder.Services.AddDbContext<TContext, TPostgreSql>(options => options.UseNpgsql(WithTimeouts(set!, name)));
        else builder.Services.AddDbContext<TContext>(options => options.UseSqlite(set is { Length: > 0 } ? set : InDataFolder(builder.Configuration, name)));
        builder.Services.AddHealthChecks().AddCheck<DatabaseHealthCheck<TContext>>("database", tags: [ServiceDefaults.Ready]);
    }

    /// <summary>Brings the database up to date, one copy at a time.</summary>
    /// <exception cref="StartupException">It cannot be opened.</exception>
    public static void MigrateDatabase<TContext>(this WebApplication app) where TContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(app);
        using var scope = app.Services.CreateScope();
        var database = scope.ServiceProvider.GetRequiredService<TContext>();
        using var alone = StartUpLock.Take(database);
        database.Database.Migrate();
    }

    /// <summary>Keeps the keys of cookies and forms in the database, each encrypted by the <see cref="MasterSecret"/>.</summary>
    public static void AddKeysInDatabase<TContext>(this WebApplicationBuilder builder) where TContext : DbContext, IDataProtectionKeyContext
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton(provider => MasterSecret.From(provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<IHostEnvironment>().IsProduction()));
        builder.Services.AddDataProtection().SetApplicationName(builder.Environment.ApplicationName).PersistKeysToDbContext<TContext>();
        builder.Services.AddSingleton<IConfigureOptions<KeyManagementOptions>, MasterSecretXmlEncryptor>();
    }

    /// <summary>SQLite cannot compare <see cref="DateTimeOffset"/>; a number of ticks sorts the same everywhere.</summary>
    public static void UseUtcTicks(this ModelConfigurationBuilder configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        configuration.Properties<DateTimeOffset>().HaveConversion<UtcTicksConverter>();
    }

    private sealed class UtcTicksConverter() : ValueConverter<DateTimeOffset, long>(time => time.UtcTicks, ticks => new DateTimeOffset(ticks, TimeSpan.Zero));

    private static bool IsPostgreSql(string? connectionString) => connectionString?.TrimStart().StartsWith("Host=", StringComparison.OrdinalIgnoreCase) is true;

    private static string InDataFolder(IConfiguration configuration, string name)
        => $"Data Source={Path.Combine(DataDirectory.From(configuration), name + ".db")};Default Timeout={LongestWait}";

    private static string WithTimeouts(string connectionString, string name)
    {
        try
        {
            var given = new NpgsqlConnectionStringBuilder(connectionString);
            if (!given.ContainsKey("Timeout")) given.Timeout = LongestWait;
            if (!given.ContainsKey("Command Timeout")) given.CommandTimeout = 2 * LongestWait;
            if (!given.ContainsKey("Max Auto Prepare")) given.MaxAutoPrepare = MostPrepared;
            return given.ConnectionString;
        }
        catch (ArgumentException exception)
        {
            throw new StartupException($"ConnectionStrings:{name} is not one of PostgreSQL: {exception.Message.ReplaceLineEndings(" ")} Write Host=…;Database=…;Username=…;Password=….", exception);
        }
    }
}
