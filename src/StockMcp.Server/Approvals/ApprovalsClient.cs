using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Duende.IdentityModel.Client;
using Microsoft.Extensions.Options;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.Tools.Connections;
using StockMcp.Tools.Errors;
using StockMcp.Tools.OrderApprovals;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.Scopes;

namespace StockMcp.Server.Approvals;

/// <summary>Approvals at the Authority: backchannel authentication with parameters of its own, and its API of what became of approvals.</summary>
internal sealed partial class ApprovalsClient(
    IHttpClientFactory http, BackchannelClient backchannel, IOptions<AuthorityOptions> options, ServerToken ownToken, TimeProvider time, ILogger<ApprovalsClient> logger) : IApprovals
{
    public static string ApiOf(AuthorityOptions options) => options.ApprovalsApi ?? new Uri(options.BaseUrl, "approvals/v1").AbsoluteUri;

    public bool IsThere => ApiOf(options.Value).Length > 0;

    public async Task<AskedApproval> AskAsync(Caller caller, StockOrderDetails order, OrderContext context, string? requestId, CancellationToken cancellationToken)
    {
        if (!IsThere) throw new TradingException(ErrorCode.UpstreamRefused, "The authorization server in use has no approvals, so that no order can be placed.");
        var callId = requestId ?? context.CallId ?? Guid.CreateVersion7().ToString("N");
        for (var attempt = 1; ; attempt++)
        {
            var code = BindingMessages.New();
            var parameters = new Parameters { { "requested_actor", caller.ClientId }, { "request_context", context.ToJson().ToJsonString() } };
            if (requestId is not null) parameters.Add("request_id", requestId);
            // Within a mandate nobody would notice that the same order came twice.
            parameters.Add("call_id", callId);
            var response = await backchannel.AskAsync(StockScopes.OrdersWrite, caller.Subject, code, order, parameters, cancellationToken);
            var isAway = BackchannelClient.IsAway(response);
            // A lost answer may be asked for again: the same request while it is pending is the same approval.
            if (isAway && attempt == 1) continue;
            if (isAway) throw TradingException.Unavailable("the authorization server", response.Exception);
            if (response.HttpStatusCode != HttpStatusCode.OK) throw backchannel.Refusal(response, requestId is not null);
            if (response.Json is not { ValueKind: JsonValueKind.Object } || response.AuthenticationRequestId is not { Length: > 0 and <= 1024 } id || !Guid.TryParseExact(response.TryGet("approval_id"), "D", out var approvalId) || response.ExpiresIn is not (> 0 and <= 3600 and var lifetime))
                throw ApprovalJson.Invalid("it is incomplete");
            return new AskedApproval
            {
                ApprovalId = approvalId,
                AuthReqId = id,
                // Of a request that was folded into one before, the person sees that one's code.
                BindingMessage = response.TryGet("binding_message") is { Length: > 0 } first ? ForeignText.Clean(first, 40) : code,
                ApprovalUri = ApprovalJson.Page(response.TryGet("approval_uri")),
                ExpiresAt = time.GetUtcNow().AddSeconds(lifetime),
                MandateId = Guid.TryParseExact(response.TryGet("mandate_id"), "D", out var mandateId) ? mandateId : null,
                Interval = BackchannelClient.IntervalOf(response),
            };
        }
    }

    // The answer is held back while the person thinks.
    public Task<PollAnswer> PollAsync(Guid approvalId, string authReqId, CancellationToken cancellationToken) => backchannel.PollAsync(authReqId, cancellationToken);

    public async Task<ApprovalJson?> FindAsync(Guid approvalId, Caller caller, string? known, TimeSpan wait, CancellationToken cancellationToken)
    {
        var hold = wait < BackchannelClient.LongestHold ? wait : BackchannelClient.LongestHold;
        var query = $"{approvalId:D}?sub={Uri.EscapeDataString(caller.Subject)}&client_id={Uri.EscapeDataString(caller.ClientId)}"
            + (known is null ? "" : $"&known={known}&wait={Math.Max(1, (int)Math.Ceiling(hold.TotalSeconds)).ToString(CultureInfo.InvariantCulture)}");
        using var response = await SendAsync(HttpMethod.Get, query, null, BackchannelClient.Patience + (known is null ? TimeSpan.Zero : hold), cancellationToken);
        return response.StatusCode switch
        {
            HttpStatusCode.OK => await ReadAsync<ApprovalJson>(response, cancellationToken),
            HttpStatusCode.NotFound => null,
            _ => throw Refused(response),
        };
    }

    public async Task<OrderReceipt?> ReceiptAsync(Guid approvalId, Caller caller, CancellationToken cancellationToken)
    {
        if (!IsThere) throw new TradingException(ErrorCode.UpstreamRefused, "The authorization server in use has no approvals, and no receipts.");
        using var response = await SendAsync(HttpMethod.Get, $"{approvalId:D}/receipt?sub={Uri.EscapeDataString(caller.Subject)}&client_id={Uri.EscapeDataString(caller.ClientId)}", null, BackchannelClient.Patience, cancellationToken);
        return response.StatusCode switch
        {
            HttpStatusCode.OK => (await ReadAsync<ReceiptJson>(response, cancellationToken)).Read(),
            HttpStatusCode.NotFound => null,
            _ => throw Refused(response),
        };
    }

    public async Task<IReadOnlyList<LeasedApproval>> LeaseAsync(CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Post, "leases", new JsonObject(), BackchannelClient.Patience, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK) throw Refused(response);
        return [.. (await ReadAsync<LeasesJson>(response, cancellationToken)).Leases.Select(lease => new LeasedApproval(lease.AuthReqId, lease.Approval))];
    }

    public async Task<bool> ReportAsync(Guid approvalId, OrderOutcome outcome, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Post, $"{approvalId:D}/outcome", outcome, BackchannelClient.Patience, cancellationToken);
        return response.StatusCode switch
        {
            HttpStatusCode.NoContent or HttpStatusCode.OK => true,
            HttpStatusCode.Conflict => false,
            _ => throw Refused(response),
        };
    }

    public async Task<TradingLimits> LimitsAsync(Caller caller, CancellationToken cancellationToken)
    {
        if (!IsThere) throw new TradingException(ErrorCode.UpstreamRefused, "The authorization server in use has no approvals, and no limits of orders.");
        using var response = await SendAsync(HttpMethod.Get, $"limits?sub={Uri.EscapeDataString(caller.Subject)}&client_id={Uri.EscapeDataString(caller.ClientId)}", null, BackchannelClient.Patience, cancellationToken);
        return response.StatusCode == HttpStatusCode.OK ? (await ReadAsync<LimitsJson>(response, cancellationToken)).Read() : throw Refused(response);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body, TimeSpan within, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var token = await ownToken.GetAsync(cancellationToken);
            using var client = http.CreateClient(BackchannelClient.HttpClientName);
            using var request = new HttpRequestMessage(method, $"{ApiOf(options.Value)}/{path}");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            if (body is not null) request.Content = JsonContent.Create(body, body.GetType(), options: ApprovalsJson.Options);
            try
            {
                using var patience = BackchannelClient.Within(within, cancellationToken);
                var response = await client.SendAsync(request, patience.Token);
                if (response.StatusCode != HttpStatusCode.Unauthorized) return response;
                ownToken.Forget(token);
                if (attempt == 2) return response;
                response.Dispose();
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                throw TradingException.Unavailable("the authorization server", exception);
            }
        }
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, CancellationToken cancellationToken) where T : class
    {
        try
        {
            return await response.Content.ReadFromJsonAsync<T>(ApprovalsJson.Options, cancellationToken) ?? throw ApprovalJson.Invalid("it is empty");
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            throw ApprovalJson.Invalid("it is not what was asked for", exception);
        }
    }

    private TradingException Refused(HttpResponseMessage response)
    {
        LogStatus((int)response.StatusCode);
        return response.StatusCode is >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout
            ? TradingException.Unavailable("the authorization server")
            : new TradingException(ErrorCode.AuthorizationRefused, "The authorization server does not let this server read approvals. Its operator gives this server's client the scope approvals there.");
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The authorization server's API of approvals answered {Status}")]
    private partial void LogStatus(int status);
}
