using System.Globalization;
using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.Audit;
using StockMcp.Authority.AuthorizationDetails;
using StockMcp.Authority.Database;
using StockMcp.Authority.SignIn;

namespace StockMcp.Authority.TradingLimits;

/// <summary>A bound that terms would break.</summary>
/// <param name="Code">Stable.</param>
/// <param name="Words">For the person and their agent.</param>
public sealed record BrokenLimit(string Code, string Words);

/// <summary>What a person bounded, and whether terms keep to it: asked when an agent asks, when the person approves, and when the approval is used.</summary>
internal sealed class TradingLimitStore(AuthorityDbContext database, TimeProvider time)
{
    /// <summary>A person's bounds; those without any if they set none.</summary>
    public async Task<TradingLimit> ReadAsync(Guid personId, CancellationToken cancellationToken)
        => await database.Set<TradingLimit>().AsNoTracking().FirstOrDefaultAsync(limit => limit.PersonId == personId, cancellationToken) ?? new TradingLimit { PersonId = personId };

    /// <summary>Sets them.</summary>
    public async Task SetAsync(TradingLimit wanted, CancellationToken cancellationToken)
    {
        if (await database.Set<TradingLimit>().FindAsync([wanted.PersonId], cancellationToken) is { } known) database.Entry(known).CurrentValues.SetValues(wanted);
        else database.Add(wanted);
        database.Audit(new AuditRecord(AuditEvents.LimitsChanged) { Person = wanted.PersonId });
        await database.SaveChangesAsync(cancellationToken);
    }

    /// <summary>What a day's orders come to so far: those whose approval was used, unless nothing came of it.</summary>
    public async Task<decimal> UsedTodayAsync(Guid personId, CancellationToken cancellationToken)
    {
        var today = new DateTimeOffset(time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero);
        // SQLite cannot add decimals up; a day's orders are few.
        return (await database.Set<Approval>().Where(approval => approval.PersonId == personId && approval.RequestedAt > today.AddHours(-1) && approval.DecidedAt >= today
                && (approval.State == ApprovalState.Executing || approval.State == ApprovalState.Placed || approval.State == ApprovalState.Unknown))
            .Select(approval => approval.Total).ToListAsync(cancellationToken)).Sum(total => total ?? 0);
    }

    /// <summary>The bound that the terms would break; <see langword="null"/> if they keep to all of them.</summary>
    public async Task<BrokenLimit?> FindBrokenAsync(Guid personId, Terms terms, CancellationToken cancellationToken)
    {
        var limit = await ReadAsync(personId, cancellationToken);
        if (!limit.Trading) return new("trading_off", "You switched off trading by agents on your account page.");
        if (terms.Symbol is { } symbol && (limit.Denied.Contains(symbol) || (limit.Allowed.Count > 0 && !limit.Allowed.Contains(symbol)))) return new("symbol_not_allowed", $"Your limits do not allow agents to order {symbol}.");
        if (terms.Total is not { } total) return limit.LargestOrder is null && limit.LargestDailyTotal is null ? null : new("largest_order", "You set limits, and what this would move at most cannot be told.");
        if (limit.LargestOrder is { } largest && total > largest) return new("largest_order", $"It could come to {Usd(total)}: more than the {Usd(largest)} that you allow for one order.");
        if (limit.LargestDailyTotal is not { } daily) return null;
        var used = await UsedTodayAsync(personId, cancellationToken);
        return used + total > daily ? new("largest_daily_total", $"It could come to {Usd(total)}, after {Usd(used)} today: more than the {Usd(daily)} that you allow for a day.") : null;
    }

    /// <summary>Makes others who want to use up this person's bounds wait for the transaction that the caller has begun.</summary>
    public Task LockAsync(Guid personId, CancellationToken cancellationToken)
        => database.Set<Person>().Where(person => person.Id == personId).ExecuteUpdateAsync(set => set.SetProperty(person => person.DisplayName, person => person.DisplayName), cancellationToken);

    private static string Usd(decimal amount) => amount.ToString("#,0.00", CultureInfo.InvariantCulture) + " USD";
}
