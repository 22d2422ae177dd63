using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Database;
using StockMcp.AuthorizationServer.Database;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Testing.Harness;

namespace StockMcp.Authority.Tests.Audit;

/// <summary>The audit log on a database of its own, without the Authority around it.</summary>
internal sealed class TestLog : IAsyncDisposable
{
    private static readonly TimeSpan Retention = TimeSpan.FromDays(730);
    private readonly string data;
    private readonly ServiceProvider services;

    private TestLog(string data, ServiceProvider services) => (this.data, this.services) = (data, services);

    public CapturedLogs Logs { get; private init; } = new();

    public static async Task<TestLog> StartAsync(TimeProvider? clock = null)
    {
        var folder = Directory.CreateTempSubdirectory("stockmcp-").FullName;
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection([new("DataDirectory", folder), new("ConnectionStrings:authority", await TestDatabase.NewAsync("log"))]);
        var logs = new CapturedLogs();
        builder.Logging.ClearProviders().AddProvider(logs.For("Authority"));
        builder.Services.AddSingleton(clock ?? TimeProvider.System);
        builder.Services.AddSingleton(MasterSecret.From(builder.Configuration));
        builder.Services.AddAuditParts().AddSingleton<AuditLog>().AddSingleton<AuditCheckpoints>();
        builder.AddDatabase<AuthorityDbContext, PostgreSqlAuthorityDbContext>("authority");
        var log = new TestLog(folder, builder.Services.BuildServiceProvider()) { Logs = logs };
        await log.UseAsync(database => database.Database.MigrateAsync());
        return log;
    }

    /// <summary>A copy of the writer: what two copies of the Authority share is the database alone.</summary>
    public AuditLog Copy() => ActivatorUtilities.CreateInstance<AuditLog>(services);

    public AuditCheckpoints Checkpoints => services.GetRequiredService<AuditCheckpoints>();

    public async Task WriteAsync(int entries)
    {
        using var log = Copy();
        for (var number = 1; number <= entries; number++) await log.AppendAsync(new AuditRecord(AuditEvents.Exchange) { Person = Guid.CreateVersion7(), Client = $"agent-{number}", Scopes = "portfolio:read" });
    }

    public async Task<AuditVerdict> VerifyAsync(params SignedCheckpoint[] outside)
    {
        await using var scope = services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<AuditVerifier>().VerifyAsync(outside, Retention, CancellationToken.None);
    }

    public async Task<IReadOnlyList<AuditEntry>> EntriesAsync()
    {
        await using var scope = services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<AuditEntry>().AsNoTracking().OrderBy(entry => entry.Seq).ToListAsync();
    }

    /// <summary>The newest checkpoint, as it stands in the application's log.</summary>
    public SignedCheckpoint LoggedCheckpoint()
        => SignedCheckpoint.Parse(Logs.Lines.Last(line => line.Text.StartsWith("Audit checkpoint ", StringComparison.Ordinal)).Text.Split(' ')[2]);

    /// <summary>What somebody does who has the database, and not the master secret.</summary>
    public async Task TamperAsync(params string[] statements)
    {
        foreach (var sql in statements) await UseAsync(database => database.Database.ExecuteSqlRawAsync(sql));
    }

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(data, recursive: true);
    }

    private async Task UseAsync(Func<AuthorityDbContext, Task> use)
    {
        await using var scope = services.CreateAsyncScope();
        await use(scope.ServiceProvider.GetRequiredService<AuthorityDbContext>());
    }
}
