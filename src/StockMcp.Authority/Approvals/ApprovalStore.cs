using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;
using StockMcp.Authority.Audit;
using StockMcp.Authority.AuthorizationDetails;
using StockMcp.Authority.Consent;
using StockMcp.Authority.Database;
using StockMcp.Authority.Mandates;
using StockMcp.Authority.TradingLimits;
using StockMcp.AuthorizationServer.Database;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Approvals;

/// <summary>A request as the backchannel brings it, checked.</summary>
internal sealed record ApprovalRequest(Guid PersonId, string ClientId, string AgentId, string Resource, IReadOnlyList<string> Scopes, string BindingMessage, ApprovableDetails Details, string? Context, TimeSpan Lifetime)
{
    /// <summary>The agent's own id for what it asks: with it, it is one request however often it is asked, whatever became of it.</summary>
    public string? RequestId { get; init; }

    /// <summary>Names the call: within a mandate, where nobody would notice, the same name again is the same order.</summary>
    public string? CallId { get; init; }
}

/// <summary>
/// Approvals and what comes of them. Each change is one transaction together with its line in the audit log, and changes of one person's approvals wait for each other, so
/// that there is one decision, one use, and no bound is broken by two at once.
/// </summary>
internal sealed class ApprovalStore(AuthorityDbContext database, TradingLimitStore limits, MandateStore mandates, AuthorizationDetailsTypes types, ApprovalSignals signals, TimeProvider time)
{
    /// <summary>Within this time after its use, what was approved may be sent.</summary>
    public static readonly TimeSpan MayBeSentFor = TimeSpan.FromSeconds(120);

    /// <summary>How long one copy of the client alone works on it.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    /// <summary>A yes in the last second is still used, within this time.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    /// <summary>How long an agent that was told to stop asking is not listened to.</summary>
    public static readonly TimeSpan StopsFor = TimeSpan.FromHours(1);

    /// <summary>Why an order within a mandate that is over was not placed.</summary>
    public const string MandateEnded = "mandate_ended";

    /// <summary>CIBA Core, section 7.3: how far polls lie apart.</summary>
    public const int PollInterval = 5;

    // AP-04
    private const int MostPending = 5;
    private const int MostPerPersonAndHour = 30;
    private const int MostPerAgentAndHour = 100;
    private static readonly TimeSpan s_coolDown = TimeSpan.FromMinutes(5);
    // Who asked redeems at once; another copy does only if they did not.
    private static readonly TimeSpan s_redeemerHas = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_lookedUpFor = TimeSpan.FromDays(1);

    private DbSet<Approval> Approvals => database.Set<Approval>();

    /// <summary>Asks the person.</summary>
    public async Task<AskOutcome> AskAsync(ApprovalRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await TryAskAsync(request, cancellationToken);
        }
        catch (DbUpdateException exception) when (!DatabaseOutage.Is(exception))
        {
            database.Discard(); // the same request came twice in the same moment, and the other was faster
            return await TryAskAsync(request, cancellationToken);
        }
    }

    /// <summary>A person's approvals, newest first.</summary>
    public Task<List<Approval>> ListAsync(Guid personId, int most, CancellationToken cancellationToken)
        => Approvals.AsNoTracking().Where(approval => approval.PersonId == personId).OrderByDescending(approval => approval.RequestedAt).Take(most).ToListAsync(cancellationToken);

    /// <summary>How many of a person's wait for them.</summary>
    public Task<int> CountPendingAsync(Guid personId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return Approvals.CountAsync(approval => approval.PersonId == personId && approval.State == ApprovalState.Pending && approval.ExpiresAt > now, cancellationToken);
    }

    /// <summary>An approval as it is now.</summary>
    public Task<Approval?> FindAsync(Guid id, CancellationToken cancellationToken) => Approvals.AsNoTracking().FirstOrDefaultAsync(approval => approval.Id == id, cancellationToken);

    /// <summary>The person decides: once, in time, and as long as the agent may ask for it.</summary>
    /// <param name="personId">Who decides.</param>
    /// <param name="id">About what.</param>
    /// <param name="approve">Yes or no.</param>
    /// <param name="stopAsking">With a no: that the agent is not to ask for an hour.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<DecideOutcome> DecideAsync(Guid personId, Guid id, bool approve, bool stopAsking, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var transaction = await BeginAsync(personId, cancellationToken);
        if (await OwnAsync(personId, id, cancellationToken) is not { } approval) return new DecideOutcome.NotFound();
        if (await ExpireAsync(approval, cancellationToken) || approval.State != ApprovalState.Pending)
        {
            await transaction.CommitAsync(cancellationToken);
            return new DecideOutcome.TooLate(approval);
        }
        if (approve)
        {
            if (!await MayAskAsync(approval, cancellationToken)) return new DecideOutcome.AgentGone(approval);
            if (await limits.FindBrokenAsync(personId, Terms(approval), cancellationToken) is { } broken) return new DecideOutcome.Bounded(approval, broken);
        }
        else if (stopAsking)
        {
            if (await database.Set<StoppedAgent>().FindAsync([personId, approval.AgentId], cancellationToken) is { } stopped) stopped.Until = now + StopsFor;
            else database.Add(new StoppedAgent { PersonId = personId, AgentId = approval.AgentId, Until = now + StopsFor });
        }
        await MoveAsync(approval, approve ? ApprovalState.Approved : ApprovalState.Denied, new AuditRecord(AuditEvents.ApprovalDecided, approve ? AuditDecisions.Allowed : AuditDecisions.Refused) { Reason = stopAsking && !approve ? "asking_stopped" : null }, cancellationToken);
        approval.DecidedAt = now;
        await CommitAsync(transaction, approval, cancellationToken);
        return new DecideOutcome.Done(approval);
    }

    /// <summary>The person takes a yes back that was not used yet.</summary>
    public async Task<DecideOutcome> WithdrawAsync(Guid personId, Guid id, CancellationToken cancellationToken)
    {
        await using var transaction = await BeginAsync(personId, cancellationToken);
        if (await OwnAsync(personId, id, cancellationToken) is not { } approval) return new DecideOutcome.NotFound();
        if (approval.State != ApprovalState.Approved) return new DecideOutcome.TooLate(approval);
        await MoveAsync(approval, ApprovalState.Cancelled, new AuditRecord(AuditEvents.ApprovalWithdrawn), cancellationToken);
        await CommitAsync(transaction, approval, cancellationToken);
        return new DecideOutcome.Done(approval);
    }

    /// <summary>The person ends a mandate: nothing is ordered with it any more, and what was not used yet is void.</summary>
    public async Task<bool> RevokeMandateAsync(Guid personId, Guid id, CancellationToken cancellationToken)
    {
        await using var transaction = await BeginAsync(personId, cancellationToken);
        if (!await mandates.EndAsync(personId, id, cancellationToken)) return false;
        var unused = await Approvals.Where(approval => approval.MandateId == id && approval.State == ApprovalState.Approved).ToListAsync(cancellationToken);
        foreach (var approval in unused)
        {
            await MoveAsync(approval, ApprovalState.Cancelled, new AuditRecord(AuditEvents.ApprovalWithdrawn) { Reason = MandateEnded }, cancellationToken);
            approval.Reason = MandateEnded;
        }
        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        foreach (var approval in unused) signals.Raise(approval.Id, personId);
        return true;
    }

    /// <summary>Whether a client may ask at the token endpoint now: not before its interval is over (CIBA Core, section 11: slow_down, and 5 seconds more).</summary>
    /// <param name="clientId">The client.</param>
    /// <param name="authReqId">What it got.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The approval, if there is one; whether the client asks too early.</returns>
    public async Task<(Guid? Id, bool TooEarly)> PollAsync(string clientId, string authReqId, CancellationToken cancellationToken)
    {
        var (now, hash) = (time.GetUtcNow(), Hash(authReqId));
        var mine = Approvals.Where(approval => approval.AuthReqIdHash == hash && approval.ClientId == clientId);
        if (await mine.AsNoTracking().Select(approval => new { approval.Id, approval.PollInterval }).FirstOrDefaultAsync(cancellationToken) is not { } found) return (null, false);
        if (await mine.Where(approval => approval.NextPollAt <= now).ExecuteUpdateAsync(set => set.SetProperty(approval => approval.NextPollAt, now.AddSeconds(found.PollInterval)), cancellationToken) == 1) return (found.Id, false);
        var slower = found.PollInterval + 5;
        await mine.ExecuteUpdateAsync(set => set.SetProperty(approval => approval.PollInterval, slower).SetProperty(approval => approval.NextPollAt, now.AddSeconds(slower)), cancellationToken);
        return (found.Id, true);
    }

    /// <summary>
    /// Uses the yes: the intent is stored in the same transaction (OX-01). A copy that took over somebody's lease comes here, too, and gets the same again. Bounds and the agent's
    /// consent are looked at once more.
    /// </summary>
    public async Task<RedeemOutcome> RedeemAsync(string clientId, string authReqId, CancellationToken cancellationToken)
    {
        var hash = Hash(authReqId);
        database.Discard();
        if (await Approvals.AsNoTracking().FirstOrDefaultAsync(approval => approval.AuthReqIdHash == hash && approval.ClientId == clientId, cancellationToken) is not { } before)
            return new RedeemOutcome.Refused(Errors.InvalidGrant, "There is no such auth_req_id of this client, or another one took its place.");
        // The common case while the person thinks takes no lock.
        if (before.State == ApprovalState.Pending && before.ExpiresAt > time.GetUtcNow()) return new RedeemOutcome.Pending();

        await using var transaction = await BeginAsync(before.PersonId, cancellationToken);
        var now = time.GetUtcNow();
        if (await Approvals.FirstOrDefaultAsync(approval => approval.AuthReqIdHash == hash, cancellationToken) is not { } approval || approval.Redeemed)
            return new RedeemOutcome.Refused(Errors.InvalidGrant, "This auth_req_id was used before.");
        if (await ExpireAsync(approval, cancellationToken))
        {
            await transaction.CommitAsync(cancellationToken);
            return Refusal(approval);
        }
        switch (approval.State)
        {
            case ApprovalState.Pending:
                return new RedeemOutcome.Pending();
            case ApprovalState.Approved:
                // AS-12, OX-07: what changed since the yes counts.
                var reason = !await MayAskAsync(approval, cancellationToken) ? "agent_signed_out"
                    : approval.MandateId is { } mandate && !await mandates.IsGoodAsync(mandate, cancellationToken) ? MandateEnded
                    : (await limits.FindBrokenAsync(approval.PersonId, Terms(approval), cancellationToken))?.Code;
                if (reason is not null)
                {
                    await MoveAsync(approval, ApprovalState.NotPlaced, new AuditRecord(AuditEvents.OrderNotPlaced, AuditDecisions.Refused) { Reason = reason }, cancellationToken);
                    approval.Reason = reason;
                    await CommitAsync(transaction, approval, cancellationToken);
                    return Refusal(approval);
                }
                await MoveAsync(approval, ApprovalState.Executing, new AuditRecord(AuditEvents.OrderIntent), cancellationToken);
                approval.Deadline = now + MayBeSentFor;
                break;
            case ApprovalState.Executing or ApprovalState.Unknown when approval.LeaseEndsAt > now:
                approval.ChangedAt = now;
                break;
            default:
                return Refusal(approval);
        }
        (approval.Redeemed, approval.LeaseEndsAt) = (true, now + Lease);
        await CommitAsync(transaction, approval, cancellationToken);
        return new RedeemOutcome.Granted(approval);
    }

    /// <summary>Hands out, to one caller each, what was approved and is not finished, and whose worker is gone.</summary>
    public async Task<IReadOnlyList<(Approval Approval, string AuthReqId)>> TakeLeasesAsync(string clientId, int most, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var (decidedBefore, decidedAfter) = (now - s_redeemerHas, now - s_lookedUpFor);
        var open = await Approvals.AsNoTracking()
            .Where(approval => approval.ClientId == clientId && (approval.LeaseEndsAt == null || approval.LeaseEndsAt <= now) && approval.DecidedAt > decidedAfter
                && (approval.State == ApprovalState.Executing || approval.State == ApprovalState.Unknown || (approval.State == ApprovalState.Approved && approval.DecidedAt < decidedBefore)))
            .OrderBy(approval => approval.LeaseEndsAt).Take(most).Select(approval => new { approval.Id, approval.PersonId }).ToListAsync(cancellationToken);
        var taken = new List<(Approval, string)>();
        foreach (var candidate in open)
        {
            database.Discard();
            await using var transaction = await BeginAsync(candidate.PersonId, cancellationToken);
            if (await Approvals.FirstOrDefaultAsync(approval => approval.Id == candidate.Id, cancellationToken) is not { } approval || approval.LeaseEndsAt > now) continue;
            if (await ExpireAsync(approval, cancellationToken))
            {
                await transaction.CommitAsync(cancellationToken);
                continue;
            }
            if (approval.State is not (ApprovalState.Executing or ApprovalState.Unknown or ApprovalState.Approved)) continue;
            var authReqId = NewAuthReqId();
            (approval.AuthReqIdHash, approval.Redeemed, approval.NextPollAt, approval.LeaseEndsAt, approval.Leases) = (Hash(authReqId), false, now, now + Lease, approval.Leases + 1);
            await database.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            taken.Add((approval, authReqId));
        }
        return taken;
    }

    /// <summary>Stores how it ended. False if it ended otherwise before, or was never used.</summary>
    public async Task<bool> ReportAsync(string clientId, Guid id, ReportedOutcome outcome, CancellationToken cancellationToken)
    {
        if (await Approvals.AsNoTracking().FirstOrDefaultAsync(approval => approval.Id == id && approval.ClientId == clientId, cancellationToken) is not { } before) return false;
        var now = time.GetUtcNow();
        await using var transaction = await BeginAsync(before.PersonId, cancellationToken);
        var approval = await Approvals.FirstAsync(approval => approval.Id == id, cancellationToken);
        if (approval.State is not (ApprovalState.Executing or ApprovalState.Unknown)) return approval.State == outcome.State && approval.OrderId == outcome.OrderId;
        var again = approval.State == outcome.State;
        approval.Reason = outcome.Reason;
        (approval.OrderId, approval.OrderStatus, approval.FilledQuantity, approval.FilledPrice) = (outcome.OrderId, outcome.OrderStatus, outcome.FilledQuantity, outcome.FilledPrice);
        (approval.SubmittedAt, approval.FilledAt) = (outcome.SubmittedAt, outcome.FilledAt);
        // Who looks up in vain waits longer each time.
        var pause = TimeSpan.FromSeconds(Math.Min(s_longestPause.TotalSeconds, 5 * Math.Pow(2, Math.Min(approval.Leases, 10))));
        approval.LeaseEndsAt = outcome.State == ApprovalState.Unknown ? now + pause : null;
        if (!again)
        {
            await MoveAsync(approval, outcome.State, new AuditRecord(outcome.State switch
            {
                ApprovalState.Placed => AuditEvents.OrderPlaced,
                ApprovalState.Rejected => AuditEvents.OrderRejected,
                ApprovalState.NotPlaced => AuditEvents.OrderNotPlaced,
                _ => AuditEvents.OrderUnknown,
            }, outcome.State is ApprovalState.Rejected or ApprovalState.NotPlaced ? AuditDecisions.Refused : AuditDecisions.Allowed)
            { Reason = outcome.Reason, Order = outcome.OrderId }, cancellationToken);
        }
        await CommitAsync(transaction, approval, cancellationToken);
        return true;
    }

    /// <summary>Writes down that the time of some is over, so that no clock that goes back brings them back (FD-06).</summary>
    public async Task ExpireAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var late = await Approvals.AsNoTracking().Where(approval => (approval.State == ApprovalState.Pending || approval.State == ApprovalState.Approved) && approval.ExpiresAt <= now).OrderBy(approval => approval.ExpiresAt)
            .Select(approval => new { approval.Id, approval.PersonId }).Take(200).ToListAsync(cancellationToken);
        foreach (var found in late)
        {
            database.Discard();
            await using var transaction = await BeginAsync(found.PersonId, cancellationToken);
            if (await Approvals.FirstOrDefaultAsync(approval => approval.Id == found.Id, cancellationToken) is { } approval && await ExpireAsync(approval, cancellationToken)) await transaction.CommitAsync(cancellationToken);
        }
    }

    /// <summary>Deletes what is older, and what agents were told that is over.</summary>
    public async Task ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await Approvals.Where(approval => approval.RequestedAt < before).ExecuteDeleteAsync(cancellationToken);
        await mandates.ForgetAsync(before, cancellationToken);
        await database.Set<StoppedAgent>().Where(stopped => stopped.Until <= now).ExecuteDeleteAsync(cancellationToken);
    }

    /// <summary>Whether the person allowed the agent these scopes at the resource, and did not sign it out since (CB-01).</summary>
    public async Task<bool> MayAskAsync(Guid personId, string agentId, string resource, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
        => (await database.Set<AgentConsent>().AsNoTracking().Where(consent => consent.PersonId == personId && consent.ClientId == agentId && consent.Resource == resource).ToListAsync(cancellationToken))
            .Exists(consent => scopes.All(consent.GrantedScopes.Contains));

    /// <summary>The same of what was asked already: whether the agent may still do it.</summary>
    public Task<bool> MayAskAsync(Approval approval, CancellationToken cancellationToken) => MayAskAsync(approval.PersonId, approval.AgentId, approval.Resource, approval.ScopeList, cancellationToken);

    private async Task<AskOutcome> TryAskAsync(ApprovalRequest request, CancellationToken cancellationToken)
    {
        var (now, personId) = (time.GetUtcNow(), request.PersonId);
        await using var transaction = await BeginAsync(personId, cancellationToken);
        var id = request.RequestId is null ? new Guid(RandomNumberGenerator.GetBytes(16)) : IdOf(request);
        if (request.RequestId is not null && await Approvals.FirstOrDefaultAsync(approval => approval.Id == id, cancellationToken) is { } known)
        {
            if (Digest(Canonical(types.Stored(known.Details).Element)) != Digest(Canonical(request.Details.Element))) return new AskOutcome.OtherTerms();
            if (await ExpireAsync(known, cancellationToken) || known.State != ApprovalState.Pending)
            {
                await transaction.CommitAsync(cancellationToken);
                return new AskOutcome.Asked(known, NewAuthReqId()); // which redeems nothing: it was decided, and who asked first goes on
            }
        }
        if (await database.Set<StoppedAgent>().AsNoTracking().FirstOrDefaultAsync(stopped => stopped.PersonId == personId && stopped.AgentId == request.AgentId && stopped.Until > now, cancellationToken) is not null)
            return new AskOutcome.Refused(new("asking_stopped", "The person told this agent to stop asking for an hour."));
        var key = PendingKey(request);
        var authReqId = NewAuthReqId();
        var requestKey = request.CallId is { } callId ? Digest($"{personId}\n{request.ClientId}\n{request.AgentId}\n{callId}") : null;
        if (requestKey is not null && await Approvals.FirstOrDefaultAsync(approval => approval.RequestKey == requestKey, cancellationToken) is { } again)
        {
            // The same call came twice. What nobody redeemed can be redeemed by who asks now; of the rest it is told how it stands.
            if (again is { State: ApprovalState.Approved, Redeemed: false })
            {
                (again.AuthReqIdHash, again.NextPollAt) = (Hash(authReqId), now);
                await database.SaveChangesAsync(cancellationToken);
                await transaction.CommitAsync(cancellationToken);
            }
            return new AskOutcome.Asked(again, authReqId);
        }
        if (await Approvals.FirstOrDefaultAsync(approval => approval.PendingKey == key, cancellationToken) is { } same && !await ExpireAsync(same, cancellationToken))
        {
            (same.AuthReqIdHash, same.NextPollAt) = (Hash(authReqId), now);
            await database.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new AskOutcome.Asked(same, authReqId);
        }
        if (await limits.FindBrokenAsync(personId, request.Details.Terms, cancellationToken) is { } broken)
        {
            database.Audit(new AuditRecord(AuditEvents.ApprovalRequested, AuditDecisions.Refused) { Person = personId, Client = request.AgentId, Scopes = string.Join(' ', request.Scopes), Reason = broken.Code, Details = Digest(request.Details.Json) });
            await database.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new AskOutcome.Refused(broken);
        }
        // Nobody is asked for what lies within a mandate. What its budget lacks, or its bounds leave out, the person decides.
        var mandate = await mandates.UseAsync(personId, request.AgentId, request.Details, cancellationToken);
        if (mandate is null && await FindFloodAsync(request, now, cancellationToken) is { } flood) return flood;

        var approval = new Approval
        {
            Id = id,
            AuthReqIdHash = Hash(authReqId),
            PersonId = personId,
            ClientId = request.ClientId,
            AgentId = request.AgentId,
            Resource = request.Resource,
            Scopes = string.Join(' ', request.Scopes),
            BindingMessage = request.BindingMessage,
            Details = mandate is null ? request.Details.Json : $"[{JsonSerializer.Serialize(request.Details.Element)},{mandate.Details}]",
            Context = request.Context,
            Total = request.Details.Terms.Total,
            MandateId = mandate?.Id,
            RequestKey = mandate is null ? null : requestKey,
            // Without a name for the call, the same order again is another one only once this one was redeemed.
            PendingKey = mandate is null || requestKey is null ? key : null,
            State = mandate is null ? ApprovalState.Pending : ApprovalState.Approved,
            DecidedAt = mandate is null ? null : now,
            RequestedAt = now,
            ExpiresAt = now + (mandate is null || request.Lifetime < MayBeSentFor ? request.Lifetime : MayBeSentFor),
            ChangedAt = now,
            NextPollAt = now,
            PollInterval = PollInterval,
        };
        database.Add(approval);
        database.Audit(Record(approval, new AuditRecord(mandate is null ? AuditEvents.ApprovalRequested : AuditEvents.MandateUsed)));
        await CommitAsync(transaction, approval, cancellationToken);
        return new AskOutcome.Asked(approval, authReqId);
    }

    private async Task<AskOutcome.TooMany?> FindFloodAsync(ApprovalRequest request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var anHourAgo = now.AddHours(-1);
        var recent = await Approvals.AsNoTracking().Where(approval => approval.PersonId == request.PersonId && approval.RequestedAt > anHourAgo && approval.MandateId == null).OrderByDescending(approval => approval.RequestedAt)
            .Select(approval => new { approval.State, approval.AgentId, approval.ExpiresAt, approval.DecidedAt }).ToListAsync(cancellationToken);
        if (recent.Count(approval => approval.State == ApprovalState.Pending && approval.ExpiresAt > now) >= MostPending) return new("This person has five requests to decide. Wait for their decision.", TimeSpan.FromSeconds(30));
        if (recent.Count >= MostPerPersonAndHour) return new("This person was asked thirty times in this hour.", TimeSpan.FromMinutes(10));
        // Two noes in a row: somebody is being worn down, or fooled.
        if (recent.Where(approval => approval.AgentId == request.AgentId && approval.State != ApprovalState.Pending).Take(2).ToList() is [{ State: ApprovalState.Denied } last, { State: ApprovalState.Denied }] && last.DecidedAt + s_coolDown > now)
            return new("The person said no twice in a row. Talk to them before you ask again.", last.DecidedAt!.Value + s_coolDown - now);
        return await Approvals.CountAsync(approval => approval.AgentId == request.AgentId && approval.RequestedAt > anHourAgo && approval.MandateId == null, cancellationToken) >= MostPerAgentAndHour
            ? new("This agent asked a hundred times in this hour.", TimeSpan.FromMinutes(10)) : null;
    }

    // Its line in the log included; the caller commits.
    private async Task<bool> ExpireAsync(Approval approval, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var until = approval.State switch
        {
            ApprovalState.Pending => approval.ExpiresAt,
            ApprovalState.Approved => approval.DecidedAt + Grace > approval.ExpiresAt ? approval.DecidedAt + Grace : approval.ExpiresAt,
            _ => null,
        };
        if (until is null || until > now) return false;
        await MoveAsync(approval, ApprovalState.Expired, new AuditRecord(AuditEvents.ApprovalExpired, AuditDecisions.Refused), cancellationToken);
        await database.SaveChangesAsync(cancellationToken);
        signals.Raise(approval.Id, approval.PersonId);
        return true;
    }

    private static RedeemOutcome.Refused Refusal(Approval approval) => approval.State switch
    {
        ApprovalState.Expired => new(Backchannel.BackchannelErrors.ExpiredToken, "The person did not decide in time. Ask again."),
        ApprovalState.Denied => new(Errors.AccessDenied, "The person said no."),
        ApprovalState.Cancelled => new(Errors.AccessDenied, "The person took their yes back."),
        ApprovalState.NotPlaced when approval.Deadline is null => new(Errors.AccessDenied, $"It is not allowed any more: {approval.Reason}."),
        _ => new(Errors.InvalidGrant, "This auth_req_id is over."),
    };

    private async Task<Microsoft.EntityFrameworkCore.Storage.IDbContextTransaction> BeginAsync(Guid personId, CancellationToken cancellationToken)
    {
        var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await limits.LockAsync(personId, cancellationToken);
        return transaction;
    }

    private async Task CommitAsync(Microsoft.EntityFrameworkCore.Storage.IDbContextTransaction transaction, Approval approval, CancellationToken cancellationToken)
    {
        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signals.Raise(approval.Id, approval.PersonId);
    }

    private Task<Approval?> OwnAsync(Guid personId, Guid id, CancellationToken cancellationToken) => Approvals.FirstOrDefaultAsync(approval => approval.Id == id && approval.PersonId == personId, cancellationToken);

    private async Task MoveAsync(Approval approval, ApprovalState state, AuditRecord record, CancellationToken cancellationToken)
    {
        // States go forward only, and these are ends: what a mandate lent comes back once.
        if (approval is { MandateId: { } mandate, Total: { } total, DecidedAt: { } takenAt } && state is ApprovalState.Rejected or ApprovalState.NotPlaced or ApprovalState.Expired or ApprovalState.Cancelled)
            await mandates.GiveBackAsync(mandate, total, takenAt, cancellationToken);
        (approval.State, approval.ChangedAt) = (state, time.GetUtcNow());
        if (state != ApprovalState.Pending) approval.PendingKey = null;
        database.Audit(Record(approval, record));
    }

    private static AuditRecord Record(Approval approval, AuditRecord record) => record with { Person = approval.PersonId, Client = approval.AgentId, Scopes = approval.Scopes, Approval = approval.Id, Mandate = approval.MandateId, Details = Digest(approval.Details) };

    private Terms Terms(Approval approval) => types.Stored(approval.Details).Terms;

    private static string PendingKey(ApprovalRequest request) => Digest($"{request.PersonId}\n{request.ClientId}\n{request.AgentId}\n{request.RequestId}\n{Canonical(request.Details.Element)}");

    // The same for the same person, agent and request_id, so that the table's own key keeps it single; for nobody else, since each has an id of theirs in it.
    private static Guid IdOf(ApprovalRequest request) => new(SHA256.HashData(Encoding.UTF8.GetBytes($"stockmcp/approval/v1\n{request.PersonId}\n{request.ClientId}\n{request.AgentId}\n{request.RequestId}")).AsSpan(0, 16));

    // The same members in another order are the same request.
    private static string Canonical(JsonElement element)
        => string.Join('\n', element.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal).Select(member => $"{member.Name}\t{member.Value.GetRawText()}"));

    private static string Digest(string text) => Base64UrlEncoder.Encode(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string Hash(string authReqId) => Digest(authReqId);

    private static string NewAuthReqId() => Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(32));
}
