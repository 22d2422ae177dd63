using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Duende.IdentityModel;
using Duende.IdentityModel.Client;
using Microsoft.Extensions.Options;
using StockMcp.ResourceServer.ProtectedResource;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.ResourceServer.UpstreamTokens;
using StockMcp.Tools.Connections;
using StockMcp.Tools.Errors;
using StockMcp.Tools.OrderApprovals;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.Scopes;

namespace StockMcp.Server.Approvals;

/// <summary>Asks the Authority: backchannel authentication and its token request (OpenID CIBA Core, poll mode) with authorization details (RFC 9396), and the API of what became of approvals.</summary>
internal sealed partial class ApprovalsClient(
    IHttpClientFactory http, AuthorityMetadata authority, IOptions<AuthorityOptions> options, AuthorityCredentials credentials, ServerToken ownToken, McpResource resource, TimeProvider time, ILogger<ApprovalsClient> logger)
{
    public const string HttpClientName = "approvals";

    /// <summary>The longest that one answer may be held back.</summary>
    public static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(25);

    /// <summary>How long an answer that is not held back may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private const int RequestedExpiry = 300;
    private const int LongestToken = 16 * 1024;

    public static string ApiOf(AuthorityOptions options) => options.ApprovalsApi ?? new Uri(options.BaseUrl, "approvals/v1").AbsoluteUri;

    /// <summary>Whether there are approvals at all.</summary>
    public bool IsThere => ApiOf(options.Value).Length > 0;

    /// <summary>CIBA Core, section 7: asks the caller's person about one order.</summary>
    /// <exception cref="TradingException">They were not asked.</exception>
    public async Task<AskedApproval> AskAsync(Caller caller, StockOrderDetails order, OrderContext context, string? requestId, CancellationToken cancellationToken)
    {
        if (!IsThere) throw new TradingException(ErrorCode.UpstreamRefused, "The authorization server in use has no approvals, so that no order can be placed.");
        var endpoint = await authority.GetBackchannelEndpointAsync(cancellationToken);
        var callId = requestId ?? context.CallId ?? Guid.CreateVersion7().ToString("N");
        for (var attempt = 1; ; attempt++)
        {
            var code = BindingMessages.New();
            using var request = credentials.AddTo(new BackchannelAuthenticationRequest { Address = endpoint, Scope = StockScopes.OrdersWrite, LoginHint = caller.Subject, BindingMessage = code, RequestedExpiry = RequestedExpiry });
            request.Resource.Add(resource.Uri);
            request.Parameters.Add("requested_actor", caller.ClientId);
            request.Parameters.Add("authorization_details", new JsonArray(order.ToJson()).ToJsonString());
            request.Parameters.Add("request_context", context.ToJson().ToJsonString());
            if (requestId is not null) request.Parameters.Add("request_id", requestId);
            // Within a mandate nobody would notice that the same order came twice.
            request.Parameters.Add("call_id", callId);
            using var client = http.CreateClient(HttpClientName);
            using var patience = Within(Patience, cancellationToken);
            var response = await InTimeAsync(client.RequestBackchannelAuthenticationAsync(request, patience.Token), cancellationToken);
            var isAway = response.ErrorType == ResponseErrorType.Exception && response.Exception is not JsonException || (int)response.HttpStatusCode >= 500;
            // A lost answer may be asked for again: the same request while it is pending is the same approval.
            if (isAway && attempt == 1) continue;
            if (isAway) throw TradingException.Unavailable("the authorization server", response.Exception);
            if (response.HttpStatusCode != HttpStatusCode.OK) throw Refusal(response, requestId is not null);
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
                Interval = TimeSpan.FromSeconds(Math.Clamp(response.Interval is > 0 and var seconds ? seconds : 5, 1, 60)),
            };
        }
    }

    /// <summary>CIBA Core, section 10.1: the token, once the person said yes. The answer is held back while they think.</summary>
    public async Task<PollAnswer> PollAsync(string authReqId, CancellationToken cancellationToken)
    {
        TokenResponse response;
        try
        {
            using var request = credentials.AddTo(new BackchannelAuthenticationTokenRequest { Address = await authority.GetTokenEndpointAsync(cancellationToken), AuthenticationRequestId = authReqId });
            using var client = http.CreateClient(HttpClientName);
            using var patience = Within(LongestHold + Patience, cancellationToken);
            response = await InTimeAsync(client.RequestBackchannelAuthenticationTokenAsync(request, patience.Token), cancellationToken);
        }
        catch (TradingException)
        {
            return new PollAnswer(PollOutcome.Unavailable);
        }
        // A token that came is used, also while this copy is told to stop: nobody else could redeem it before its lease ends.
        if (response.ErrorType == ResponseErrorType.Exception || response.Json is not { ValueKind: JsonValueKind.Object } json) return new PollAnswer(PollOutcome.Unavailable);
        if (response.IsError)
        {
            var error = response.TryGet(OidcConstants.TokenResponse.Error);
            return new PollAnswer(error switch
            {
                OidcConstants.TokenErrors.AuthorizationPending => PollOutcome.Pending,
                OidcConstants.TokenErrors.SlowDown => PollOutcome.SlowDown,
                OidcConstants.TokenErrors.AccessDenied or OidcConstants.TokenErrors.ExpiredToken or OidcConstants.TokenErrors.InvalidGrant => PollOutcome.Ended,
                _ => PollOutcome.Unavailable,
            });
        }
        if (response.AccessToken is not { Length: > 0 and <= LongestToken } token || response.ExpiresIn is <= 0 or > 600)
        {
            LogUseless();
            return new PollAnswer(PollOutcome.Unavailable);
        }
        return new PollAnswer(PollOutcome.Approved)
        {
            Token = new SubjectToken(token),
            TokenEnds = time.GetUtcNow().AddSeconds(response.ExpiresIn),
            ApprovalId = Guid.TryParseExact(response.TryGet("approval_id"), "D", out var approvalId) ? approvalId : null,
            Order = json.TryGetProperty("authorization_details", out var details) ? StockOrderDetails.ReadSingle(details) : null,
        };
    }

    /// <summary>An approval of this person with this agent; with a status that is known already, as soon as it is another one.</summary>
    /// <returns><see langword="null"/> if there is none.</returns>
    /// <exception cref="TradingException">It cannot be read now.</exception>
    public async Task<ApprovalJson?> FindAsync(Guid approvalId, Caller caller, string? known, TimeSpan wait, CancellationToken cancellationToken)
    {
        var hold = wait < LongestHold ? wait : LongestHold;
        var query = $"{approvalId:D}?sub={Uri.EscapeDataString(caller.Subject)}&client_id={Uri.EscapeDataString(caller.ClientId)}"
            + (known is null ? "" : $"&known={known}&wait={Math.Max(1, (int)Math.Ceiling(hold.TotalSeconds)).ToString(CultureInfo.InvariantCulture)}");
        using var response = await SendAsync(HttpMethod.Get, query, null, Patience + (known is null ? TimeSpan.Zero : hold), cancellationToken);
        return response.StatusCode switch
        {
            HttpStatusCode.OK => await ReadAsync<ApprovalJson>(response, cancellationToken),
            HttpStatusCode.NotFound => null,
            _ => throw Refused(response),
        };
    }

    /// <summary>The receipt of an order of this person with this agent.</summary>
    /// <returns><see langword="null"/> if there is none.</returns>
    /// <exception cref="TradingException">It cannot be read now.</exception>
    public async Task<OrderReceipt?> ReceiptAsync(Guid approvalId, Caller caller, CancellationToken cancellationToken)
    {
        if (!IsThere) throw new TradingException(ErrorCode.UpstreamRefused, "The authorization server in use has no approvals, and no receipts.");
        using var response = await SendAsync(HttpMethod.Get, $"{approvalId:D}/receipt?sub={Uri.EscapeDataString(caller.Subject)}&client_id={Uri.EscapeDataString(caller.ClientId)}", null, Patience, cancellationToken);
        return response.StatusCode switch
        {
            HttpStatusCode.OK => (await ReadAsync<ReceiptJson>(response, cancellationToken)).Read(),
            HttpStatusCode.NotFound => null,
            _ => throw Refused(response),
        };
    }

    /// <summary>Approved orders that nobody finishes, for this copy to finish.</summary>
    /// <exception cref="TradingException">They cannot be had now.</exception>
    public async Task<IReadOnlyList<LeasedApproval>> LeaseAsync(CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Post, "leases", new JsonObject(), Patience, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK) throw Refused(response);
        return [.. (await ReadAsync<LeasesJson>(response, cancellationToken)).Leases.Select(lease => new LeasedApproval(lease.AuthReqId, lease.Approval))];
    }

    /// <summary>Says what became of an order.</summary>
    /// <returns>False if another end is stored already.</returns>
    /// <exception cref="TradingException">It could not be said.</exception>
    public async Task<bool> ReportAsync(Guid approvalId, OrderOutcome outcome, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Post, $"{approvalId:D}/outcome", outcome, Patience, cancellationToken);
        return response.StatusCode switch
        {
            HttpStatusCode.NoContent or HttpStatusCode.OK => true,
            HttpStatusCode.Conflict => false,
            _ => throw Refused(response),
        };
    }

    /// <summary>What a person allows their agents to spend.</summary>
    /// <exception cref="TradingException">It cannot be read now.</exception>
    public async Task<TradingLimits> LimitsAsync(Caller caller, CancellationToken cancellationToken)
    {
        if (!IsThere) throw new TradingException(ErrorCode.UpstreamRefused, "The authorization server in use has no approvals, and no limits of orders.");
        using var response = await SendAsync(HttpMethod.Get, $"limits?sub={Uri.EscapeDataString(caller.Subject)}&client_id={Uri.EscapeDataString(caller.ClientId)}", null, Patience, cancellationToken);
        return response.StatusCode == HttpStatusCode.OK ? (await ReadAsync<LimitsJson>(response, cancellationToken)).Read() : throw Refused(response);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body, TimeSpan within, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var token = await ownToken.GetAsync(cancellationToken);
            using var client = http.CreateClient(HttpClientName);
            using var request = new HttpRequestMessage(method, $"{ApiOf(options.Value)}/{path}");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            if (body is not null) request.Content = JsonContent.Create(body, body.GetType(), options: ApprovalsJson.Options);
            try
            {
                using var patience = Within(within, cancellationToken);
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

    private TradingException Refusal(BackchannelAuthenticationResponse response, bool hasRequestId)
    {
        var error = response.Json is { ValueKind: JsonValueKind.Object } ? response.TryGet(OidcConstants.TokenResponse.Error) : null;
        LogNotAsked(ForeignText.Clean(error, 60), (int)response.HttpStatusCode);
        if (response.HttpStatusCode == HttpStatusCode.TooManyRequests || error == OidcConstants.TokenErrors.SlowDown)
            return new TradingException(ErrorCode.TooManyRequests, "This person was asked too often, or has too many requests waiting. Let them answer those first, and ask again later. Nothing was ordered.");
        return error switch
        {
            OidcConstants.TokenErrors.AccessDenied => new TradingException(ErrorCode.LimitReached, Limit(response)) { Limit = response.TryGet("limit") is { Length: > 0 } limit ? ForeignText.Clean(limit, 40) : null },
            "unknown_user_id" => new TradingException(ErrorCode.AuthorizationRefused, $"The person has not allowed this agent to ask for orders. They sign it in again and tick {StockScopes.OrdersWrite}."),
            OidcConstants.TokenErrors.InvalidRequest when hasRequestId => new TradingException(ErrorCode.InvalidArgument, "request_id is of another order than this one. Give the order that it was used for, or another request_id.") { Argument = "request_id" },
            "invalid_authorization_details" => new TradingException(ErrorCode.UpstreamRefused, "The authorization server cannot ask for this order: its terms are not such as it knows. Nothing was ordered."),
            OidcConstants.TokenErrors.InvalidClient or OidcConstants.TokenErrors.UnauthorizedClient or OidcConstants.TokenErrors.InvalidScope or OidcConstants.TokenErrors.InvalidTarget
                => new TradingException(ErrorCode.AuthorizationRefused, "The authorization server does not let this server ask for approvals. Its operator checks this server's client there. Nothing was ordered."),
            _ => new TradingException(ErrorCode.UpstreamAnswerInvalid, "The authorization server did not ask the person, and did not say why in words that are known here. Nothing was ordered."),
        };
    }

    private static string Limit(BackchannelAuthenticationResponse response)
        => (response.TryGet(OidcConstants.TokenResponse.ErrorDescription) is { Length: > 0 } words ? ForeignText.Clean(words, 200).TrimEnd('.') : "A limit that the person set does not allow this order") + ". Nothing was ordered, and the person was not asked. get_trading_limits tells the limits; the person changes them on their own page.";

    /// <summary>An answer that did not come in time is one that did not come; only whoever asks can give up otherwise.</summary>
    internal static async Task<T> InTimeAsync<T>(Task<T> answer, CancellationToken cancellationToken) where T : ProtocolResponse, new()
    {
        try
        {
            var response = await answer;
            if (response.ErrorType == ResponseErrorType.Exception) cancellationToken.ThrowIfCancellationRequested();
            return response;
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return ProtocolResponse.FromException<T>(exception);
        }
    }

    internal static CancellationTokenSource Within(TimeSpan time, CancellationToken cancellationToken)
    {
        var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(time);
        return patience;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The authorization server did not ask for an approval: {Error} ({Status})")]
    private partial void LogNotAsked(string error, int status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The authorization server's API of approvals answered {Status}")]
    private partial void LogStatus(int status);

    [LoggerMessage(Level = LogLevel.Error, Message = "The authorization server answered a poll with a token that cannot be used")]
    private partial void LogUseless();
}
