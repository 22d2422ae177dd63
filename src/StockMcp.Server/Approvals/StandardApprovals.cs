using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Duende.IdentityModel;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using StockMcp.ResourceServer.Sealing;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.ResourceServer.UpstreamTokens;
using StockMcp.Server.Orders;
using StockMcp.Tools.Connections;
using StockMcp.Tools.Errors;
using StockMcp.Tools.OrderApprovals;
using StockMcp.Tools.Scopes;

namespace StockMcp.Server.Approvals;

/// <summary>
/// Approvals at an authorization server that is not the Authority: OpenID CIBA Core in poll mode with authorization details (RFC 9396), and nothing beyond. It gives the token once and hears
/// nothing of the order, so the copy that asked keeps the request for a day, and shows it to the other copies through Redis, sealed. If that copy dies, nobody finishes the order: it is lost, never doubled.
/// </summary>
internal sealed class StandardApprovals : IApprovals, IDisposable
{
    /// <summary>Of the person's yes, for the exchange after it.</summary>
    private const string Scopes = OidcConstants.StandardScopes.OpenId + " " + StockScopes.OrdersWrite;
    private const int Most = 10_000;
    private const int LongestRequest = 3600;
    private const int LongestIdToken = 16 * 1024;
    private static readonly TimeSpan s_kept = TimeSpan.FromDays(1);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_lock = TimeSpan.FromSeconds(15);

    /// <summary>How long after their time a copy that is alive may still hear of an answer, and of an order.</summary>
    private static readonly TimeSpan s_answerGrace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_orderGrace = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_skew = TimeSpan.FromSeconds(30);
    private readonly JsonWebTokenHandler tokens = new() { MapInboundClaims = false };
    private readonly BackchannelClient backchannel;
    private readonly AuthorityMetadata authority;
    private readonly AuthorityOptions options;
    private readonly IExchangeDialect dialect;
    private readonly SharedTokens shared;
    private readonly TimeProvider time;
    private readonly byte[] nameKey;
    private readonly BoundSeal seal;
    private readonly SemaphoreSlim asking = new(1, 1);
    private readonly ConcurrentDictionary<Guid, Kept> own = new();

    /// <param name="backchannel">Asks the person.</param>
    /// <param name="authority">The authorization server's keys.</param>
    /// <param name="options">The authorization server.</param>
    /// <param name="dialect">What it wants to be told.</param>
    /// <param name="shared">Redis.</param>
    /// <param name="time">The clock.</param>
    /// <param name="key">The key that all copies have.</param>
    public StandardApprovals(BackchannelClient backchannel, AuthorityMetadata authority, IOptions<AuthorityOptions> options, IExchangeDialect dialect, SharedTokens shared, TimeProvider time, byte[] key)
    {
        (this.backchannel, this.authority, this.options, this.dialect, this.shared, this.time) = (backchannel, authority, options.Value, dialect, shared, time);
        nameKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: "stockmcp/server/approval-names/v1"u8.ToArray());
        seal = new BoundSeal(key, "stockmcp/server/approvals/v1"u8);
    }

    public bool IsThere => true;

    public async Task<AskedApproval> AskAsync(Caller caller, StockOrderDetails order, OrderContext context, string? requestId, CancellationToken cancellationToken)
    {
        var sameAs = requestId is null ? NameOf(caller, "order", new JsonArray(order.ToJson()).ToJsonString()) : NameOf(caller, "request", requestId);
        await asking.WaitAsync(cancellationToken);
        string? lease = null;
        try
        {
            lease = await LockAsync(sameAs, cancellationToken);
            if (await AskedBeforeAsync(caller, sameAs) is { } before && (requestId is not null || before.Status == "pending"))
            {
                if (StockOrderDetails.ReadSingle(before.AuthorizationDetails) is not { } known || known.DifferencesFrom(order).Count > 0)
                    throw TradingException.InvalidArgument("request_id", "request_id is of another order than this one. Give the order that it was used for, or another request_id.");
                return Asked(before, null, TimeSpan.Zero);
            }
            MakeRoom();
            return await AskAsync(caller, order, requestId, sameAs, cancellationToken);
        }
        finally
        {
            if (lease is { Length: > 0 }) await shared.UnlockAsync(sameAs, lease);
            asking.Release();
        }
    }

    public async Task<PollAnswer> PollAsync(Guid approvalId, string authReqId, CancellationToken cancellationToken)
    {
        var answer = await backchannel.PollAsync(authReqId, cancellationToken);
        if (!own.TryGetValue(approvalId, out var kept)) return answer;
        switch (answer.Outcome)
        {
            // CIBA Core, section 10.1.1. A hint could be taken for somebody else's.
            case PollOutcome.Approved when !await IsOfAsync(kept.Subject, answer.IdToken, cancellationToken):
                await KeepAsync(kept, kept.Approval with { Status = OrderOutcome.NotPlaced, Reason = "approved_by_another" });
                return new PollAnswer(PollOutcome.Ended);
            case PollOutcome.Approved when answer.Order is null || StockOrderDetails.ReadSingle(kept.Approval.AuthorizationDetails) is not { } asked || asked.DifferencesFrom(answer.Order).Count > 0:
                await KeepAsync(kept, kept.Approval with { Status = OrderOutcome.NotPlaced, Reason = "approval_differs" });
                break;
            case PollOutcome.Approved:
                await KeepAsync(kept, kept.Approval with { Status = "executing", Deadline = answer.TokenEnds });
                break;
            case PollOutcome.Ended when answer.Error == OidcConstants.TokenErrors.AccessDenied:
                await KeepAsync(kept, kept.Approval with { Status = "denied" });
                break;
            case PollOutcome.Ended when answer.Error == OidcConstants.TokenErrors.ExpiredToken:
                await KeepAsync(kept, kept.Approval with { Status = "expired" });
                break;
            case PollOutcome.Ended:
                await KeepAsync(kept, kept.Approval with { Status = OrderOutcome.NotPlaced, Reason = "approval_lost" });
                break;
        }
        return new PollAnswer(answer.Outcome) { Token = answer.Token, TokenEnds = answer.TokenEnds, Order = answer.Order, ApprovalId = approvalId, Error = answer.Error };
    }

    public async Task<ApprovalJson?> FindAsync(Guid approvalId, Caller caller, string? known, TimeSpan wait, CancellationToken cancellationToken)
    {
        var name = NameOf(caller, approvalId);
        for (var started = time.GetTimestamp(); ; await Task.Delay(s_look, time, cancellationToken))
        {
            var approval = await ReadAsync(name, approvalId);
            if (approval is null || approval.Status != known || time.GetElapsedTime(started) >= wait) return approval;
        }
    }

    public Task<OrderReceipt?> ReceiptAsync(Guid approvalId, Caller caller, CancellationToken cancellationToken)
        => throw new TradingException(ErrorCode.UpstreamRefused, "The authorization server in use gives no receipts. get_order_approval tells what became of the order.");

    public Task<IReadOnlyList<LeasedApproval>> LeaseAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<LeasedApproval>>([]);

    public async Task<bool> ReportAsync(Guid approvalId, OrderOutcome outcome, CancellationToken cancellationToken)
    {
        if (!own.TryGetValue(approvalId, out var kept)) return false;
        await KeepAsync(kept, kept.Approval with
        {
            Status = outcome.Status,
            OrderId = outcome.OrderId,
            OrderStatus = outcome.OrderStatus,
            FilledQuantity = outcome.FilledQuantity,
            FilledPrice = outcome.FilledPrice,
            Reason = outcome.Status == OrderOutcome.Unknown ? "not_followed" : outcome.Reason,
        });
        return true;
    }

    public Task<TradingLimits> LimitsAsync(Caller caller, CancellationToken cancellationToken)
        => throw new TradingException(ErrorCode.UpstreamRefused, "The authorization server in use has no limits of orders: the person is asked about each one.");

    public void Dispose()
    {
        asking.Dispose();
        seal.Dispose();
        CryptographicOperations.ZeroMemory(nameKey);
    }

    private async Task<AskedApproval> AskAsync(Caller caller, StockOrderDetails order, string? requestId, string sameAs, CancellationToken cancellationToken)
    {
        // With an id of the agent's own, all copies make the same of it, and the brokerage takes the order once whatever else fails.
        var id = requestId is null ? Guid.CreateVersion7() : new Guid(HMACSHA256.HashData(nameKey, BoundSeal.Join(sameAs, "id")).AsSpan(0, 16));
        var code = BindingMessages.New();
        // Not asked again if the answer is lost: that would be two requests in front of the person.
        var response = await backchannel.AskAsync(Scopes, dialect.LoginHint(options.Issuer, caller.Subject), code, order, null, cancellationToken);
        if (BackchannelClient.IsAway(response)) throw TradingException.Unavailable("the authorization server", response.Exception);
        if (response.Json is { ValueKind: JsonValueKind.Object } && response.TryGet(OidcConstants.TokenResponse.Error) == OidcConstants.TokenErrors.AccessDenied)
            throw new TradingException(ErrorCode.AuthorizationRefused, "The authorization server does not ask this person about this order. Nothing was ordered.");
        if (response.IsError || response.Json is not { ValueKind: JsonValueKind.Object }) throw backchannel.Refusal(response, hasRequestId: false);
        if (response.AuthenticationRequestId is not { Length: > 0 and <= 1024 } authReqId || response.ExpiresIn is not (> 0 and <= LongestRequest and var lifetime)) throw ApprovalJson.Invalid("it is incomplete");
        var approval = new ApprovalJson(id, "pending", code, options.ApprovalsPage!.AbsoluteUri, time.GetUtcNow().AddSeconds(lifetime), OrderWork.ClientOrderId(id), JsonSerializer.SerializeToElement(new JsonArray(order.ToJson())));
        await KeepAsync(new Kept(NameOf(caller, id), sameAs, caller.Subject, approval), approval);
        if (shared.IsConfigured) await shared.StoreNoteAsync(sameAs, Sealed(sameAs, id), s_kept);
        return Asked(approval, authReqId, BackchannelClient.IntervalOf(response));
    }

    private static AskedApproval Asked(ApprovalJson approval, string? authReqId, TimeSpan interval) => new()
    {
        ApprovalId = approval.ApprovalId,
        AuthReqId = authReqId,
        BindingMessage = approval.BindingMessage,
        ApprovalUri = approval.ApprovalUri,
        ExpiresAt = approval.ExpiresAt,
        Interval = interval,
    };

    private async Task<bool> IsOfAsync(string subject, string? idToken, CancellationToken cancellationToken)
    {
        if (idToken is not { Length: > 0 and <= LongestIdToken } || !tokens.CanReadToken(idToken)) return false;
        await authority.PrepareAsync(tokens.ReadJsonWebToken(idToken).Kid, cancellationToken);
        var result = await tokens.ValidateTokenAsync(idToken, new TokenValidationParameters
        {
            ValidAlgorithms = TokenForm.Algorithms,
            ValidIssuer = options.Issuer,
            ValidAudience = options.ClientId,
            IssuerSigningKeyResolver = (_, _, keyId, _) => authority.KeysFor(keyId),
            LifetimeValidator = (_, expires, _, _) => expires is { } end && time.GetUtcNow().UtcDateTime < end + s_skew,
        });
        return result.IsValid && result.Claims.TryGetValue(JwtClaimTypes.Subject, out var found) && found is string sub && sub == subject;
    }

    private async Task<ApprovalJson?> AskedBeforeAsync(Caller caller, string sameAs)
    {
        if (own.Values.Where(kept => kept.SameAs == sameAs).MaxBy(kept => kept.Approval.ExpiresAt) is { } here) return AsOfNow(here.Approval);
        return shared.IsConfigured && Opened<Guid?>(sameAs, await shared.FindNoteAsync(sameAs)) is { } id ? await ReadAsync(NameOf(caller, id), id) : null;
    }

    private async Task<ApprovalJson?> ReadAsync(string name, Guid id)
    {
        // The copy that asked is the only one that writes.
        if (own.TryGetValue(id, out var kept)) return kept.Name == name ? AsOfNow(kept.Approval) : null;
        return shared.IsConfigured && Opened<ApprovalJson>(name, await shared.FindNoteAsync(name)) is { } approval ? AsOfNow(approval) : null;
    }

    private async Task KeepAsync(Kept kept, ApprovalJson approval)
    {
        own[approval.ApprovalId] = kept with { Approval = approval };
        if (shared.IsConfigured) await shared.StoreNoteAsync(kept.Name, Sealed(kept.Name, approval), s_kept);
    }

    /// <summary>What a copy that died left behind does not stand as it was for ever.</summary>
    private ApprovalJson AsOfNow(ApprovalJson approval) => approval.Status switch
    {
        "pending" when time.GetUtcNow() > approval.ExpiresAt + s_answerGrace => approval with { Status = "expired" },
        "executing" when time.GetUtcNow() > approval.Deadline + s_orderGrace => approval with { Status = OrderOutcome.Unknown, Reason = "not_followed" },
        _ => approval,
    };

    private void MakeRoom()
    {
        foreach (var (id, kept) in own)
        {
            if (time.GetUtcNow() > kept.Approval.ExpiresAt + s_kept) own.TryRemove(id, out _);
        }
        if (own.Count >= Most) throw new TradingException(ErrorCode.TooManyRequests, "This server keeps as many requests for orders as it can. Ask again later. Nothing was ordered.");
    }

    // It spares the person a second question. Without Redis, or after some seconds, it is gone without.
    private async Task<string?> LockAsync(string name, CancellationToken cancellationToken)
    {
        if (!shared.IsConfigured) return null;
        for (var started = time.GetTimestamp(); ; await Task.Delay(s_look, time, cancellationToken))
        {
            if (await shared.LockAsync(name, s_lock) is not "" and var lease) return lease;
            if (time.GetElapsedTime(started) > s_lock) return null;
        }
    }

    private string NameOf(Caller caller, Guid approvalId) => NameOf(caller, "approval", approvalId.ToString("D"));

    private string NameOf(Caller caller, string kind, string what)
        => "stockmcp:approval:" + Base64Url.EncodeToString(HMACSHA256.HashData(nameKey, BoundSeal.Join(caller.Issuer, caller.Subject, caller.ClientId, kind, what)));

    private string Sealed<T>(string name, T content) => Base64Url.EncodeToString(seal.Seal(JsonSerializer.SerializeToUtf8Bytes(content, ApprovalsJson.Options), BoundSeal.Join(name)));

    private T? Opened<T>(string name, string? note)
        => note is not null && Base64Url.IsValid(note) && seal.Open(Base64Url.DecodeFromChars(note), BoundSeal.Join(name)) is { } content ? JsonSerializer.Deserialize<T>(content, ApprovalsJson.Options) : default;

    /// <summary>A request of this copy's.</summary>
    /// <param name="Name">Under which it is shared: it can be found by its person with its agent alone.</param>
    /// <param name="SameAs">What is the same request.</param>
    /// <param name="Subject">Whose yes it takes.</param>
    /// <param name="Approval">How it stands.</param>
    private sealed record Kept(string Name, string SameAs, string Subject, ApprovalJson Approval);
}
