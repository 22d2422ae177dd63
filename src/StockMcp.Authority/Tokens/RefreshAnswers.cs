using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OpenIddict.Abstractions;
using StockMcp.Authority.Database;
using StockMcp.Authority.Revocations;
using StockMcp.AuthorizationServer.Hardening;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Tokens;

/// <summary>The answer to a refresh, kept for those who ask again within seconds.</summary>
public sealed class RefreshAnswer
{
    /// <summary>The used refresh token's id.</summary>
    public required string TokenId { get; init; }

    /// <summary>The answer's JSON, encrypted, and bound to the token and its client.</summary>
    public required byte[] Answer { get; init; }

    /// <summary>Until when it is given again.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

internal sealed class RefreshAnswerConfiguration : IEntityTypeConfiguration<RefreshAnswer>
{
    public void Configure(EntityTypeBuilder<RefreshAnswer> builder)
    {
        builder.HasKey(answer => answer.TokenId);
        builder.HasIndex(answer => answer.ExpiresAt);
    }
}

/// <summary>
/// Clients refresh from two addresses at once, or lose an answer on the way: for ten seconds they get the same one. It cannot be told from a theft within
/// these seconds, but the thief learns no more than the client has, and whoever uses the token after that ends both (AS-11).
/// </summary>
internal sealed class RefreshAnswers(AuthorityDbContext database, EndedSignIns ended, RevocationNotices notices, MasterSecret secret, TimeProvider time) : IRefreshAnswers
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(10);
    private const string Purpose = "refresh-answers";

    public async Task KeepAsync(string tokenId, string clientId, string answer, CancellationToken cancellationToken)
    {
        database.Add(new RefreshAnswer { TokenId = tokenId, Answer = secret.Encrypt(Purpose, Encoding.UTF8.GetBytes(answer), BoundTo(tokenId, clientId)), ExpiresAt = time.GetUtcNow() + Lifetime });
        await database.SaveChangesAsync(cancellationToken);
    }

    public async Task<string?> FindAsync(string tokenId, string clientId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (await database.Set<RefreshAnswer>().AsNoTracking().FirstOrDefaultAsync(answer => answer.TokenId == tokenId && answer.ExpiresAt > now, cancellationToken) is not { } kept) return null;
        try
        {
            return Encoding.UTF8.GetString(secret.Decrypt(Purpose, kept.Answer, BoundTo(tokenId, clientId)));
        }
        catch (CryptographicException)
        {
            return null; // somebody changed or moved it: then the token counts as reused
        }
    }

    public async Task ReportReuseAsync(ClaimsPrincipal refreshToken, CancellationToken cancellationToken)
    {
        if (refreshToken.GetAuthorizationId() is not { } authorization || !Guid.TryParse(refreshToken.GetClaim(Claims.Subject), out var person) || refreshToken.GetPresenters() is not [var client, ..]) return;
        notices.Agent(person, client); // what the Servers remember for this agent ends with it (TV-05)
        await ended.AddAsync(authorization, person, client, cancellationToken);
    }

    private static string BoundTo(string tokenId, string clientId) => $"{tokenId}|{clientId}";
}

/// <summary>Deletes the answers that are not given again any more.</summary>
internal sealed partial class RefreshAnswerSweep(IServiceScopeFactory scopes, TimeProvider time, ILogger<RefreshAnswerSweep> log) : BackgroundService
{
    private static readonly TimeSpan s_every = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_every, time);
        await timer.RepeatAsync(SweepAsync, exception => exception is System.Data.Common.DbException or DbUpdateException or TimeoutException, exception => LogFailed(exception.Message), stoppingToken);
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var now = time.GetUtcNow();
        await scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<RefreshAnswer>().Where(answer => answer.ExpiresAt <= now).ExecuteDeleteAsync(cancellationToken);
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "Expired answers were not deleted: {Reason}")]
    private partial void LogFailed(string reason);
}
