using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.EntityFrameworkCore.Models;
using StockMcp.Authority.Connections;
using StockMcp.Authority.Database;
using StockMcp.Authority.SignIn;
using StockMcp.Authority.Vault;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Testing.Harness;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Bench.Seeding;

/// <summary>Thousands of people who never signed in: made by the Authority's own services, on the settings and the database of one that runs, or copied row by row by the database itself.</summary>
internal sealed class Population : IAsyncDisposable
{
    private readonly WebApplication authority;

    private Population(WebApplication authority) => this.authority = authority;

    /// <summary>Builds another Authority, which is never started.</summary>
    public static Population Of(SeparateProcesses processes) => new(StockMcp.Authority.Program.Build(["--environment", Environments.Development], builder =>
    {
        builder.Configuration.AddInMemoryCollection(processes.SettingsOf("Authority").Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.Logging.ClearProviders();
    }));

    /// <summary>
    /// People with an account at a connection: person, key and sealed refresh token by the vault, and for each an access token of an agent: what a real one says, with its row in the database, signed by
    /// the Authority's own key.
    /// </summary>
    /// <param name="count">How many.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="like">A real token.</param>
    /// <returns>Their tokens.</returns>
    public async Task<IReadOnlyList<string>> AddPeopleAsync(int count, string connection, string like)
    {
        var tokens = new ConcurrentBag<string>();
        var real = new JsonWebToken(like);
        await Parallel.ForEachAsync(Enumerable.Range(0, count).Chunk(50), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (chunk, cancellationToken) =>
        {
            await using var scope = authority.Services.CreateAsyncScope();
            var (services, database) = (scope.ServiceProvider, scope.ServiceProvider.GetRequiredService<AuthorityDbContext>());
            var id = real.GetClaim(Claims.Private.TokenId).Value;
            var row = await database.Set<OpenIddictEntityFrameworkCoreToken>().Include(token => token.Application).Include(token => token.Authorization).SingleAsync(token => token.Id == id, cancellationToken);
            await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken); // one commit for all of them
            foreach (var _ in chunk)
            {
                var now = TimeProvider.System.GetUtcNow();
                var person = new Person { Id = Guid.CreateVersion7(now), DisplayName = "Somebody", CreatedAt = now };
                database.Add(person);
                await services.GetRequiredService<TokenVault>().StoreAsync(person.Id, services.GetRequiredService<ConnectionTable>().Find(connection)!, person.Id.ToString(), "Somebody", Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(32)), ["account:read"], cancellationToken);
                var token = new OpenIddictEntityFrameworkCoreToken
                {
                    Id = Guid.CreateVersion7(now).ToString(),
                    Application = row.Application,
                    Authorization = row.Authorization,
                    CreationDate = row.CreationDate,
                    ExpirationDate = now.AddHours(1).UtcDateTime,
                    Status = row.Status,
                    Subject = person.Id.ToString(),
                    Type = row.Type,
                };
                database.Add(token);
                tokens.Add(Sign(real, token.Id, person.Id, now.AddHours(1), services.GetRequiredService<SigningKeys>().Current));
            }
            await database.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        });
        return [.. tokens];
    }

    /// <summary>Uses the database.</summary>
    public async Task<T> WithAsync<T>(Func<AuthorityDbContext, IServiceProvider, Task<T>> use)
    {
        await using var scope = authority.Services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<AuthorityDbContext>();
        database.Database.SetCommandTimeout(TimeSpan.FromMinutes(5));
        return await use(database, scope.ServiceProvider);
    }

    /// <summary>Lets the database copy a row, once for each number.</summary>
    /// <typeparam name="T">The table.</typeparam>
    /// <param name="where">Which row: SQL that picks one.</param>
    /// <param name="from">The first number.</param>
    /// <param name="to">The last one.</param>
    /// <param name="changes">The columns in which the copies differ, and what they are there: SQL in which <c>i</c> is the number.</param>
    public Task CopyAsync<T>(string where, int from, int to, params (string Column, string Expression)[] changes) where T : class => WithAsync((database, _) =>
    {
        var entity = database.Model.FindEntityType(typeof(T))!;
        var columns = entity.GetProperties().Select(property => property.GetColumnName()).ToList();
        var values = columns.Select(column => changes.FirstOrDefault(change => change.Column == column).Expression ?? $"one.\"{column}\"");
        var sql = $"""
            INSERT INTO "{entity.GetTableName()}" ({string.Join(", ", columns.Select(column => $"\"{column}\""))})
            WITH RECURSIVE numbers(i) AS (SELECT CAST({from} AS bigint) UNION ALL SELECT i + 1 FROM numbers WHERE i < {to})
            SELECT {string.Join(", ", values)} FROM (SELECT * FROM "{entity.GetTableName()}" WHERE {where} LIMIT 1) AS one, numbers
            """;
        return database.Database.ExecuteSqlRawAsync(sql.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));
    });

    /// <summary>SQL for a UUID that is made of a number.</summary>
    /// <param name="kind">Sets it apart from those of other tables.</param>
    public Task<string> IdAsync(int kind) => WithAsync((database, _) => Task.FromResult(database.Database.IsNpgsql()
        ? $"('5eed{kind:0000}-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid"
        : $"('5EED{kind:0000}-0000-4000-8000-' || printf('%012d', i))"));

    public ValueTask DisposeAsync() => authority.DisposeAsync();

    private static string Sign(JsonWebToken like, string tokenId, Guid personId, DateTimeOffset expires, SigningCredentials key)
    {
        var payload = JsonNode.Parse(Base64UrlEncoder.Decode(like.EncodedPayload))!.AsObject();
        payload[Claims.Private.TokenId] = tokenId;
        payload[Claims.Subject] = personId.ToString();
        payload[Claims.JwtId] = Guid.CreateVersion7().ToString();
        payload[Claims.ExpiresAt] = expires.ToUnixTimeSeconds();
        return new JsonWebTokenHandler().CreateToken(payload.ToJsonString(), key, new Dictionary<string, object> { [JwtHeaderParameterNames.Typ] = like.Typ });
    }
}
