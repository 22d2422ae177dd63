using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OpenIddict.Abstractions;
using StockMcp.Authority.Database;
using StockMcp.Authority.SignIn;

namespace StockMcp.Authority.Tokens;

/// <summary>An agent's sign-in that was ended because its refresh token was used twice: somebody may have stolen it, so its person is told.</summary>
public sealed class EndedSignIn
{
    /// <summary>The authorization that ended: there is one notice of each.</summary>
    public required string AuthorizationId { get; init; }

    /// <summary>Who is told.</summary>
    public required Guid PersonId { get; init; }

    /// <summary>What the agent called itself then.</summary>
    public required string AgentName { get; init; }

    /// <summary>When it ended.</summary>
    public required DateTimeOffset EndedAt { get; init; }
}

internal sealed class EndedSignInConfiguration : IEntityTypeConfiguration<EndedSignIn>
{
    public void Configure(EntityTypeBuilder<EndedSignIn> builder)
    {
        builder.HasKey(ended => ended.AuthorizationId);
        builder.HasOne<Person>().WithMany().HasForeignKey(ended => ended.PersonId).OnDelete(DeleteBehavior.Cascade);
    }
}

/// <summary>The notices of the page <c>/account</c>.</summary>
internal sealed class EndedSignIns(AuthorityDbContext database, IOpenIddictApplicationManager clients, TimeProvider time)
{
    public async Task AddAsync(string authorizationId, Guid personId, string clientId, CancellationToken cancellationToken)
    {
        var client = await clients.FindByClientIdAsync(clientId, cancellationToken);
        var notice = new EndedSignIn
        {
            AuthorizationId = authorizationId,
            PersonId = personId,
            AgentName = (client is null ? null : await clients.GetDisplayNameAsync(client, cancellationToken)) ?? clientId,
            EndedAt = time.GetUtcNow(),
        };
        if (await database.Set<EndedSignIn>().AnyAsync(known => known.AuthorizationId == authorizationId, cancellationToken)) return;
        database.Add(notice);
        try
        {
            await database.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException) when (database.Set<EndedSignIn>().AsNoTracking().Any(known => known.AuthorizationId == authorizationId))
        {
            database.Entry(notice).State = EntityState.Detached; // another request, or another copy, told first
        }
    }

    /// <summary>What a person has not yet said they read, newest first.</summary>
    public Task<List<EndedSignIn>> ListAsync(Guid personId, CancellationToken cancellationToken)
        => database.Set<EndedSignIn>().AsNoTracking().Where(ended => ended.PersonId == personId).OrderByDescending(ended => ended.EndedAt).Take(20).ToListAsync(cancellationToken);

    /// <summary>The person has read them.</summary>
    public Task DismissAsync(Guid personId, CancellationToken cancellationToken)
        => database.Set<EndedSignIn>().Where(ended => ended.PersonId == personId).ExecuteDeleteAsync(cancellationToken);
}
