using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;
using StockMcp.Authority.Audit;
using StockMcp.Authority.AuthorizationDetails;
using StockMcp.Authority.Database;

namespace StockMcp.Authority.Mandates;

/// <summary>Mandates: granted, looked through for one that covers an order, and counted down. What is taken off a budget is one conditional update, so that no two orders take the same cent, over all copies.</summary>
internal sealed class MandateStore(AuthorityDbContext database, AuthorizationDetailsTypes types, TimeProvider time)
{
    /// <summary>How many good ones a person may have.</summary>
    public const int Most = 20;

    private DbSet<Mandate> Mandates => database.Set<Mandate>();

    /// <summary>The type's settings; <see langword="null"/> where the operator took it away: then nothing new is granted.</summary>
    public AuthorizationDetailsType? Type => types.All.FirstOrDefault(type => type.Name == MandateTerms.Type);

    /// <summary>Checks bounds that somebody wrote for an agent: the schema, and what it cannot say.</summary>
    /// <returns>What is wrong, in words; <see langword="null"/> if nothing is.</returns>
    public string? FindMistake(JsonElement element, string agentId)
    {
        if (Type is not { } type) return $"There is no type {MandateTerms.Type} here.";
        if (type.FindMistake(element) is { } mistake) return mistake;
        var terms = MandateTerms.Read(element);
        return terms.Agent != agentId ? "agent must be the client that asks." : terms.FindMistake(time.GetUtcNow());
    }

    /// <summary>Reads what an agent asks for: authorization details of one mandate, for itself.</summary>
    /// <param name="details">The parameter.</param>
    /// <param name="clientId">The client that asks. It need not name itself.</param>
    /// <param name="mistake">What is wrong, in words.</param>
    public MandateTerms? Read(string details, string clientId, out string? mistake)
    {
        mistake = $"authorization_details must be a JSON array of one object of the type {MandateTerms.Type}: single orders are asked for when they are wanted.";
        JsonElement element;
        try
        {
            using var document = JsonDocument.Parse(details, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            if (document.RootElement is not { ValueKind: JsonValueKind.Array } array || array.GetArrayLength() != 1 || array[0].ValueKind != JsonValueKind.Object
                || !array[0].TryGetProperty("type", out var type) || type.ValueKind != JsonValueKind.String || type.GetString() != MandateTerms.Type) return null;
            var json = JsonObject.Create(array[0])!;
            if (!json.ContainsKey("agent")) json["agent"] = clientId;
            element = JsonSerializer.SerializeToElement(json);
        }
        catch (JsonException)
        {
            return null;
        }
        mistake = FindMistake(element, clientId);
        return mistake is null ? MandateTerms.Read(element) : null;
    }

    /// <summary>Bounds as people read them.</summary>
    public Terms Render(MandateTerms terms) => Type!.Render(JsonSerializer.SerializeToElement(terms.ToJson()));

    /// <summary>Grants one. The bounds were checked.</summary>
    /// <returns><see langword="null"/> if the person has as many as one may have.</returns>
    public async Task<Mandate?> GrantAsync(Guid personId, MandateTerms terms, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (await Mandates.CountAsync(mandate => mandate.PersonId == personId && mandate.EndedAt == null && mandate.ExpiresAt > now, cancellationToken) >= Most) return null;
        var id = new Guid(RandomNumberGenerator.GetBytes(16));
        var details = terms.ToJson();
        details[MandateTerms.IdMember] = id.ToString();
        var mandate = new Mandate
        {
            Id = id,
            PersonId = personId,
            AgentId = terms.Agent,
            Details = details.ToJsonString(),
            GrantedAt = now,
            ExpiresAt = terms.ExpiresAt,
            BudgetCents = Mandate.Cents(terms.Budget),
            DailyCents = Mandate.Cents(terms.DailyBudget),
        };
        database.Add(mandate);
        database.Audit(new AuditRecord(AuditEvents.MandateGranted) { Person = personId, Client = terms.Agent, Mandate = id, Details = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.UTF8.GetBytes(mandate.Details))) });
        await database.SaveChangesAsync(cancellationToken);
        return mandate;
    }

    /// <summary>A person's, newest first.</summary>
    public Task<List<Mandate>> ListAsync(Guid personId, CancellationToken cancellationToken)
        => Mandates.AsNoTracking().Where(mandate => mandate.PersonId == personId).OrderByDescending(mandate => mandate.GrantedAt).ToListAsync(cancellationToken);

    /// <summary>Those with which an agent can order for a person, oldest first.</summary>
    public Task<List<Mandate>> ListGoodAsync(Guid personId, string agentId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return Mandates.AsNoTracking().Where(mandate => mandate.PersonId == personId && mandate.AgentId == agentId && mandate.EndedAt == null && mandate.ExpiresAt > now).OrderBy(mandate => mandate.GrantedAt).ToListAsync(cancellationToken);
    }

    /// <summary>One of a person's.</summary>
    public Task<Mandate?> FindAsync(Guid personId, Guid id, CancellationToken cancellationToken)
        => Mandates.AsNoTracking().FirstOrDefaultAsync(mandate => mandate.Id == id && mandate.PersonId == personId, cancellationToken);

    /// <summary>Whether orders can still be placed with it.</summary>
    public Task<bool> IsGoodAsync(Guid id, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return Mandates.AnyAsync(mandate => mandate.Id == id && mandate.EndedAt == null && mandate.ExpiresAt > now, cancellationToken);
    }

    /// <summary>Finds one that covers an order, and takes what the order counts as off its budgets. Call it in the transaction that stores the order.</summary>
    public async Task<Mandate?> UseAsync(Guid personId, string agentId, ApprovableDetails order, CancellationToken cancellationToken)
    {
        if (Type is null || order.Type.Name != MandateTerms.OrderType || order.Terms.Total is not { } total) return null;
        foreach (var mandate in await ListGoodAsync(personId, agentId, cancellationToken))
        {
            if (mandate.Terms.Outside(order.Element) is null && await TakeAsync(mandate.Id, Mandate.Cents(total), cancellationToken)) return mandate;
        }
        return null;
    }

    /// <summary>Gives back what an order was counted as that came to nothing. The caller sees to it that it is once.</summary>
    public Task GiveBackAsync(Guid id, decimal total, DateTimeOffset takenAt, CancellationToken cancellationToken)
    {
        var (cents, day) = (Mandate.Cents(total), Mandate.DayOf(takenAt));
        return Mandates.Where(mandate => mandate.Id == id).ExecuteUpdateAsync(set => set
            .SetProperty(mandate => mandate.UsedCents, mandate => mandate.UsedCents - cents)
            .SetProperty(mandate => mandate.UsedOnDayCents, mandate => mandate.Day == day ? mandate.UsedOnDayCents - cents : mandate.UsedOnDayCents), cancellationToken);
    }

    /// <summary>Ends one. What was taken with it and is on its way goes on; the caller voids what was not used yet.</summary>
    /// <returns>False if there is none of this person that could be ended.</returns>
    public async Task<bool> EndAsync(Guid personId, Guid id, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (await Mandates.FirstOrDefaultAsync(mandate => mandate.Id == id && mandate.PersonId == personId && mandate.EndedAt == null && mandate.ExpiresAt > now, cancellationToken) is not { } mandate) return false;
        mandate.EndedAt = now;
        database.Audit(new AuditRecord(AuditEvents.MandateRevoked) { Person = personId, Client = mandate.AgentId, Mandate = id });
        await database.SaveChangesAsync(cancellationToken);
        return true;
    }

    /// <summary>Deletes those that ended before a time.</summary>
    public Task ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken)
        => Mandates.Where(mandate => mandate.ExpiresAt < before || mandate.EndedAt < before).ExecuteDeleteAsync(cancellationToken);

    private async Task<bool> TakeAsync(Guid id, long cents, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        // Copies' clocks differ: around midnight a day never comes back.
        var today = Mandate.DayOf(now);
        return await Mandates
            .Where(mandate => mandate.Id == id && mandate.EndedAt == null && mandate.ExpiresAt > now
                && mandate.UsedCents + cents <= mandate.BudgetCents && (mandate.Day >= today ? mandate.UsedOnDayCents : 0) + cents <= mandate.DailyCents)
            .ExecuteUpdateAsync(set => set
                .SetProperty(mandate => mandate.UsedCents, mandate => mandate.UsedCents + cents)
                .SetProperty(mandate => mandate.UsedOnDayCents, mandate => (mandate.Day >= today ? mandate.UsedOnDayCents : 0) + cents)
                .SetProperty(mandate => mandate.Day, mandate => mandate.Day > today ? mandate.Day : today), cancellationToken) == 1;
    }
}
