using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StockMcp.Authority.Database;
using StockMcp.Hosting;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;

namespace StockMcp.Authority.Tests.Database;

public sealed class StartUpTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("stockmcp-").FullName;

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public Task Copies_that_start_at_once_on_an_empty_sqlite_file_agree_on_its_tables_keys_and_clients() => ShouldAgreeAsync(null);

    [Fact, Requires(Tool.PostgreSql)]
    public async Task Copies_that_start_at_once_on_a_postgresql_without_a_database_agree_on_its_tables_keys_and_clients()
        => await ShouldAgreeAsync(await TestDatabase.NewAsync("start", DatabaseKind.PostgreSql));

    [Fact]
    public async Task A_copy_that_was_killed_while_it_made_tables_does_not_hold_up_the_next_one()
    {
        await using (var first = await StartAsync(null)) await first.StopAsync();
        await using (var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "authority.db")}"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = """CREATE TABLE IF NOT EXISTS "__EFMigrationsLock" ("Id" INTEGER PRIMARY KEY, "Timestamp" TEXT NOT NULL); INSERT OR REPLACE INTO "__EFMigrationsLock" VALUES (1, '2026-01-01')""";
            await command.ExecuteNonQueryAsync();
        }

        await using var next = await StartAsync(null);

        await next.StopAsync();
    }

    [Fact, Trait("Requirement", "FD-02")]
    public async Task A_database_that_cannot_be_reached_is_one_line_that_says_so()
    {
        var start = () => StartAsync($"Host=127.0.0.1;Port={FreePorts.Take()};Database=authority;Username=nobody");

        var explained = ServiceHost.Explain((await start.Should().ThrowAsync<Exception>()).Which);
        explained.Should().StartWith("The database cannot be used").And.NotContain("\n");
    }

    private async Task ShouldAgreeAsync(string? connectionString)
    {
        var copies = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => StartAsync(connectionString))));
        try
        {
            var kids = new List<string>();
            foreach (var copy in copies)
            {
                await using var scope = copy.Services.CreateAsyncScope();
                var database = scope.ServiceProvider.GetRequiredService<AuthorityDbContext>();
                kids.Add(string.Join(' ', await database.SigningKeys.Select(key => key.Kid).ToListAsync()));
                (await database.Database.GetPendingMigrationsAsync()).Should().BeEmpty();
            }
            kids.Distinct().Should().ContainSingle().Which.Should().NotContain(" ", "one key signs for all");
        }
        finally
        {
            foreach (var copy in copies)
            {
                await copy.StopAsync();
                await copy.DisposeAsync();
            }
        }
    }

    private async Task<WebApplication> StartAsync(string? connectionString)
    {
        var url = $"http://localhost:{FreePorts.Take()}";
        var app = Program.Build(["--environment", "Development"], builder =>
        {
            builder.Logging.ClearProviders();
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["PublicUrl"] = url,
                ["Urls"] = url,
                ["DataDirectory"] = folder,
                ["ConnectionStrings:authority"] = connectionString,
                ["Connections:brokerage:ClientSecret"] = "secret",
                ["Clients:0:ClientSecret"] = "secret",
            });
        });
        await app.StartAsync();
        return app;
    }
}
