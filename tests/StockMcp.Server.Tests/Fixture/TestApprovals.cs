using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace StockMcp.Server.Tests.Fixture;

/// <summary>An approval at the small authorization server.</summary>
internal sealed class TestApproval
{
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public required Guid Id { get; init; }

    public required string Subject { get; init; }

    public required string Agent { get; init; }

    public required string Code { get; init; }

    public required JsonElement Details { get; init; }

    public required IReadOnlyDictionary<string, string> Form { get; init; }

    public string Status { get; private set; } = "pending";

    public string AuthReqId { get; set; } = "";

    public DateTimeOffset DecidedAt { get; private set; }

    public DateTimeOffset? RedeemedAt { get; set; }

    public DateTimeOffset LeasedUntil { get; set; }

    public Dictionary<string, string> Outcome { get; set; } = [];

    public Task Changed => changed.Task;

    public void Become(string status)
    {
        Status = status;
        if (status is "approved" or "denied") DecidedAt = TimeProvider.System.GetUtcNow();
        Touch();
    }

    public void Touch() => Interlocked.Exchange(ref changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
}

/// <summary>The part of the small authorization server that asks people: backchannel authentication, held polls, and the API of what became of approvals.</summary>
internal sealed class TestApprovals(TestAuthority authority)
{
    public const string CibaGrant = "urn:openid:params:grant-type:ciba";
    private readonly Lock gate = new();
    private int refusals;

    public ConcurrentDictionary<Guid, TestApproval> All { get; } = new();

    /// <summary>Answers a backchannel request in place of the real answer.</summary>
    public Func<IFormCollection, IResult?>? Fault { get; set; }

    /// <summary>Changes what a redemption answers; null lets the connection die after it.</summary>
    public Func<TestApproval, object, object?>? OnRedeem { get; set; }

    /// <summary>How long an approval belongs to who redeemed or leased it.</summary>
    public TimeSpan LeaseFor { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>For how long an approved order may be sent.</summary>
    public TimeSpan SendWithin { get; set; } = TimeSpan.FromSeconds(120);

    /// <summary>After how long an approved order that nobody redeemed is leased to whoever asks.</summary>
    public TimeSpan UnredeemedAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Answers every report of an outcome in place of the real answer.</summary>
    public Func<IResult?>? OutcomeFault { get; set; }

    public object Limits { get; set; } = new { trading = true, largest_order = "5000.00", largest_daily_total = (string?)null, used_today = "715.00", allowed_symbols = (string[]?)null, denied_symbols = new[] { "STARK" }, currency = "USD" };

    public ConcurrentQueue<string> Outcomes { get; } = new();

    public TestApproval Only => All.Values.Single();

    /// <summary>The one request that there is, once it is there.</summary>
    public async Task<TestApproval> AskedAsync(int number = 1)
    {
        await Eventually.IsTrueAsync(() => All.Count >= number);
        return All.Values.OrderBy(approval => approval.Form["at"], StringComparer.Ordinal).Last();
    }

    /// <summary>The next request to the API is told that its token is not valid.</summary>
    public void RefuseOnce() => Interlocked.Exchange(ref refusals, 1);

    public void Map(WebApplication app)
    {
        app.MapPost("/connect/backchannel", AskAsync);
        var api = app.MapGroup("/approvals/v1").AddEndpointFilter(async (invocation, next) =>
        {
            if (Interlocked.Exchange(ref refusals, 0) == 1) return Results.Unauthorized();
            var header = invocation.HttpContext.Request.Headers.Authorization.ToString();
            var token = await new JsonWebTokenHandler().ValidateTokenAsync(header.StartsWith("Bearer ", StringComparison.Ordinal) ? header[7..] : "", new TokenValidationParameters { ValidIssuer = authority.Issuer, ValidAudience = authority.Issuer + "approvals/v1", IssuerSigningKey = authority.Key, ValidateLifetime = false });
            return token.IsValid && (string)token.Claims["scope"] == "approvals" ? await next(invocation) : Results.Unauthorized();
        });
        api.MapGet("/limits", (string sub) => Results.Json(Limits));
        api.MapPost("/leases", Lease);
        api.MapGet("/{id:guid}", FindAsync);
        api.MapPost("/{id:guid}/outcome", ReportAsync);
    }

    /// <summary>The token request of CIBA, held back until the person answered.</summary>
    public async Task<IResult> RedeemAsync(IFormCollection form, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(25));
        while (true)
        {
            var approval = All.Values.FirstOrDefault(known => known.AuthReqId == form["auth_req_id"]);
            if (approval is null) return TestAuthority.Error("invalid_grant");
            Task changed;
            lock (gate)
            {
                changed = approval.Changed;
                switch (approval.Status)
                {
                    case "denied": return TestAuthority.Error("access_denied");
                    case "expired": return TestAuthority.Error("expired_token");
                    case "approved" or "executing" or "unknown":
                        return Redeem(approval);
                    case not "pending": return TestAuthority.Error("invalid_grant");
                }
            }
            try
            {
                await changed.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return TestAuthority.Error("authorization_pending");
            }
        }
    }

    private IResult Redeem(TestApproval approval)
    {
        var now = TimeProvider.System.GetUtcNow();
        approval.AuthReqId = "void-" + Guid.CreateVersion7().ToString("N");
        approval.RedeemedAt ??= now;
        approval.LeasedUntil = now + LeaseFor;
        approval.Become("executing");
        var token = authority.Token(ServerCopy.Resource, approval.Subject, "orders:write", TestAuthority.ClientId, change: descriptor =>
        {
            descriptor.Claims["act"] = new Dictionary<string, object> { ["sub"] = approval.Agent };
            descriptor.Claims["authorization_details"] = approval.Details;
            descriptor.Claims["txn"] = approval.Id.ToString("D");
        });
        object answer = new { access_token = token, token_type = "Bearer", expires_in = (int)SendWithin.TotalSeconds, scope = "orders:write", authorization_details = approval.Details, approval_id = approval.Id };
        if (OnRedeem is null) return Results.Json(answer);
        return OnRedeem(approval, answer) is { } other ? Results.Json(other) : new Lost();
    }

    private async Task<IResult> AskAsync(HttpRequest request)
    {
        var form = await request.ReadFormAsync();
        if (Fault?.Invoke(form) is { } fault) return fault;
        if (request.Headers.Authorization != TestAuthority.Basic) return TestAuthority.Error("invalid_client", 401);
        if (form["scope"] != "orders:write" || form["resource"] != ServerCopy.Resource) return TestAuthority.Error("invalid_scope");
        var details = JsonDocument.Parse(form["authorization_details"].ToString()).RootElement;
        lock (gate)
        {
            var approval = All.Values.FirstOrDefault(known => known.Status == "pending" && known.Subject == form["login_hint"] && known.Agent == form["requested_actor"] && JsonElement.DeepEquals(known.Details, details));
            approval ??= new TestApproval
            {
                Id = new Guid(System.Security.Cryptography.RandomNumberGenerator.GetBytes(16)),
                Subject = form["login_hint"].ToString(),
                Agent = form["requested_actor"].ToString(),
                Code = form["binding_message"].ToString(),
                Details = details,
                Form = form.ToDictionary(field => field.Key, field => field.Value.ToString()).Append(new("at", All.Count.ToString("D5"))).ToDictionary(),
            };
            All[approval.Id] = approval;
            approval.AuthReqId = "req-" + Guid.CreateVersion7().ToString("N");
            approval.Touch();
            return Results.Json(new { auth_req_id = approval.AuthReqId, expires_in = 300, interval = 1, approval_id = approval.Id, approval_uri = $"{authority.Issuer}approvals/{approval.Id:D}", binding_message = approval.Code });
        }
    }

    private async Task<IResult> FindAsync(Guid id, string sub, string client_id, string? known, int? wait, CancellationToken cancellationToken)
    {
        if (!All.TryGetValue(id, out var approval) || approval.Subject != sub || approval.Agent != client_id) return Results.NotFound();
        var changed = approval.Changed;
        if (known == approval.Status && wait is { } seconds)
        {
            var ends = TimeProvider.System.GetUtcNow().AddSeconds(seconds);
            while (known == approval.Status && ends - TimeProvider.System.GetUtcNow() is { Ticks: > 0 } left)
            {
                await Task.WhenAny(changed, Task.Delay(left, TimeProvider.System, cancellationToken));
                changed = approval.Changed;
            }
        }
        return Results.Json(Json(approval));
    }

    private IResult Lease()
    {
        lock (gate)
        {
            var now = TimeProvider.System.GetUtcNow();
            var leases = new List<object>();
            foreach (var approval in All.Values.Where(approval => (approval.Status == "approved" && now > approval.DecidedAt + UnredeemedAfter && now > approval.LeasedUntil) || (approval.Status is "executing" or "unknown" && now > approval.LeasedUntil)))
            {
                approval.LeasedUntil = now + LeaseFor;
                approval.AuthReqId = "lease-" + Guid.CreateVersion7().ToString("N");
                leases.Add(new { auth_req_id = approval.AuthReqId, approval = Json(approval) });
            }
            return Results.Json(new { leases });
        }
    }

    private async Task<IResult> ReportAsync(Guid id, HttpRequest request)
    {
        var outcome = (await JsonSerializer.DeserializeAsync<Dictionary<string, string>>(request.Body))!;
        if (OutcomeFault?.Invoke() is { } fault) return fault;
        lock (gate)
        {
            if (!All.TryGetValue(id, out var approval)) return Results.NotFound();
            if (approval.Status is "placed" or "rejected" or "not_placed" && approval.Status != outcome["status"]) return Results.Conflict();
            Outcomes.Enqueue(outcome["status"]);
            approval.Outcome = outcome;
            approval.Become(outcome["status"]);
            return Results.NoContent();
        }
    }

    private object Json(TestApproval approval) => new
    {
        approval_id = approval.Id,
        status = approval.Status,
        binding_message = approval.Code,
        approval_uri = $"{authority.Issuer}approvals/{approval.Id:D}",
        requested_at = "2026-11-26T00:00:00Z",
        expires_at = TimeProvider.System.GetUtcNow().AddMinutes(5),
        client_order_id = $"stockmcp-{approval.Id:N}",
        authorization_details = approval.Details,
        client_id = approval.Agent,
        deadline = approval.RedeemedAt + SendWithin,
        order_id = approval.Outcome.GetValueOrDefault("order_id"),
        order_status = approval.Outcome.GetValueOrDefault("order_status"),
        filled_quantity = approval.Outcome.GetValueOrDefault("filled_quantity"),
        filled_price = approval.Outcome.GetValueOrDefault("filled_price"),
        reason = approval.Outcome.GetValueOrDefault("reason"),
    };

    private sealed class Lost : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Abort();
            return Task.CompletedTask;
        }
    }
}
