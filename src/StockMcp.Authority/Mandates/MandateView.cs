using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.ApprovalPages;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.AuthorizationDetails;
using StockMcp.Authority.Consent;
using StockMcp.Authority.Database;

namespace StockMcp.Authority.Mandates;

/// <summary>A mandate as pages show it.</summary>
public sealed record ShownMandate
{
    /// <summary>Its id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The bounds, in words.</summary>
    public required Terms Terms { get; init; }

    /// <summary>For whom.</summary>
    public required ShownAgent Agent { get; init; }

    /// <summary>When it was granted.</summary>
    public required DateTimeOffset GrantedAt { get; init; }

    /// <summary>Whether orders can be placed with it.</summary>
    public required bool IsGood { get; init; }

    /// <summary>How it stands, in a word or two.</summary>
    public required string State { get; init; }

    /// <summary>What all orders may come to, in USD.</summary>
    public required decimal Budget { get; init; }

    /// <summary>What is left of it.</summary>
    public required decimal Left { get; init; }

    /// <summary>What is left of today.</summary>
    public required decimal LeftToday { get; init; }

    /// <summary>How many orders were placed with it.</summary>
    public required int Orders { get; init; }
}

/// <summary>An agent that a mandate may be for.</summary>
/// <param name="ClientId">Its client_id.</param>
/// <param name="Name">What it calls itself.</param>
public sealed record MandateAgent(string ClientId, string Name);

/// <summary>Mandates as pages show them, out of the stores.</summary>
internal sealed class MandateView(AuthorityDbContext database, MandateStore mandates, AuthorizationDetailsTypes types, ApprovalView approvals, ConsentStore consents, TimeProvider time)
{
    /// <summary>A person's, newest first.</summary>
    public async Task<IReadOnlyList<ShownMandate>> ListAsync(Guid personId, CancellationToken cancellationToken)
    {
        var placed = await database.Set<Approval>().Where(approval => approval.PersonId == personId && approval.MandateId != null && approval.State == ApprovalState.Placed)
            .GroupBy(approval => approval.MandateId).Select(group => new { Id = group.Key, Count = group.Count() }).ToListAsync(cancellationToken);
        var (now, shown) = (time.GetUtcNow(), new List<ShownMandate>());
        foreach (var mandate in await mandates.ListAsync(personId, cancellationToken))
        {
            shown.Add(new ShownMandate
            {
                Id = mandate.Id,
                Terms = TermsOf(mandate),
                Agent = await approvals.AgentAsync(personId, mandate.AgentId, cancellationToken),
                GrantedAt = mandate.GrantedAt,
                IsGood = mandate.IsGood(now),
                State = mandate.EndedAt is not null ? "ended" : mandate.ExpiresAt <= now ? "over" : mandate.Left == 0 ? "used up" : "good",
                Budget = mandate.BudgetCents / 100m,
                Left = mandate.Left,
                LeftToday = mandate.LeftOn(Mandate.DayOf(now)),
                Orders = placed.Find(count => count.Id == mandate.Id)?.Count ?? 0,
            });
        }
        return shown;
    }

    /// <summary>The agents that a person allowed anything.</summary>
    public async Task<IReadOnlyList<MandateAgent>> AgentsAsync(Guid personId, CancellationToken cancellationToken)
    {
        var agents = new List<MandateAgent>();
        foreach (var clientId in (await consents.ListAsync(personId, cancellationToken)).Select(consent => consent.ClientId).Distinct()) agents.Add(new(clientId, (await approvals.AgentAsync(personId, clientId, cancellationToken)).Name));
        return agents;
    }

    private Terms TermsOf(Mandate mandate)
    {
        try
        {
            return types.Stored($"[{mandate.Details}]").Terms;
        }
        catch (InvalidOperationException)
        {
            return new Terms("A mandate of a kind that is not known here any more", []);
        }
    }
}
