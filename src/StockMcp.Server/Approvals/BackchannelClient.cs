using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Duende.IdentityModel;
using Duende.IdentityModel.Client;
using StockMcp.ResourceServer.ProtectedResource;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.ResourceServer.UpstreamTokens;
using StockMcp.Tools.Errors;
using StockMcp.Tools.OrderApprovals;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.Scopes;

namespace StockMcp.Server.Approvals;

/// <summary>The two requests of backchannel authentication (OpenID CIBA Core, poll mode), with authorization details (RFC 9396).</summary>
internal sealed partial class BackchannelClient(IHttpClientFactory http, AuthorityMetadata authority, AuthorityCredentials credentials, McpResource resource, TimeProvider time, ILogger<BackchannelClient> logger)
{
    public const string HttpClientName = "approvals";

    /// <summary>The longest that one answer may be held back.</summary>
    public static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(25);

    /// <summary>How long an answer that is not held back may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private const int RequestedExpiry = 300;
    private const int LongestToken = 16 * 1024;

    /// <summary>Seconds that a token for one order is used, however long its authorization server makes it last.</summary>
    private const int LongestLifetime = 600;

    /// <summary>CIBA Core, section 7.1: asks a person about one order, once. Whatever the answer is, it comes as a response.</summary>
    /// <exception cref="TradingException">The authorization server was never met.</exception>
    public async Task<BackchannelAuthenticationResponse> AskAsync(string scope, string loginHint, string code, StockOrderDetails order, Parameters? further, CancellationToken cancellationToken)
    {
        using var request = credentials.AddTo(new BackchannelAuthenticationRequest
        {
            Address = await authority.GetBackchannelEndpointAsync(cancellationToken),
            Scope = scope,
            LoginHint = loginHint,
            BindingMessage = code,
            RequestedExpiry = RequestedExpiry,
        });
        request.Resource.Add(resource.Uri);
        request.Parameters.Add("authorization_details", new JsonArray(order.ToJson()).ToJsonString());
        foreach (var (name, value) in further ?? []) request.Parameters.Add(name, value);
        using var client = http.CreateClient(HttpClientName);
        using var patience = Within(Patience, cancellationToken);
        return await InTimeAsync(client.RequestBackchannelAuthenticationAsync(request, patience.Token), cancellationToken);
    }

    /// <summary>Whether no answer came that says anything.</summary>
    public static bool IsAway(BackchannelAuthenticationResponse response)
        => response.ErrorType == ResponseErrorType.Exception && response.Exception is not JsonException || (int)response.HttpStatusCode >= 500;

    /// <summary>How often may be asked whether the person answered: 5 seconds unless said otherwise (section 7.3).</summary>
    public static TimeSpan IntervalOf(BackchannelAuthenticationResponse response) => TimeSpan.FromSeconds(Math.Clamp(response.Interval is > 0 and var seconds ? seconds : 5, 1, 60));

    /// <summary>CIBA Core, section 10.1: the token, once the person said yes. The answer may be held back while they think.</summary>
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
            var outcome = error switch
            {
                OidcConstants.TokenErrors.AuthorizationPending => PollOutcome.Pending,
                OidcConstants.TokenErrors.SlowDown => PollOutcome.SlowDown,
                OidcConstants.TokenErrors.AccessDenied or OidcConstants.TokenErrors.ExpiredToken or OidcConstants.TokenErrors.InvalidGrant => PollOutcome.Ended,
                _ => PollOutcome.Unavailable,
            };
            if (outcome == PollOutcome.Unavailable) LogPollRefused(ForeignText.Clean(error, 60));
            return new PollAnswer(outcome) { Error = error };
        }
        if (response.AccessToken is not { Length: > 0 and <= LongestToken } token || response.ExpiresIn <= 0)
        {
            LogUseless();
            return new PollAnswer(PollOutcome.Unavailable);
        }
        return new PollAnswer(PollOutcome.Approved)
        {
            Token = new SubjectToken(token),
            TokenEnds = time.GetUtcNow().AddSeconds(Math.Min(response.ExpiresIn, LongestLifetime)),
            ApprovalId = Guid.TryParseExact(response.TryGet("approval_id"), "D", out var approvalId) ? approvalId : null,
            IdToken = response.IdentityToken,
            Order = json.TryGetProperty("authorization_details", out var details) ? StockOrderDetails.ReadSingle(details) : null,
        };
    }

    /// <summary>What an agent is told when its person was not asked.</summary>
    public TradingException Refusal(BackchannelAuthenticationResponse response, bool hasRequestId)
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
    public static async Task<T> InTimeAsync<T>(Task<T> answer, CancellationToken cancellationToken) where T : ProtocolResponse, new()
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

    public static CancellationTokenSource Within(TimeSpan time, CancellationToken cancellationToken)
    {
        var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(time);
        return patience;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The authorization server did not ask for an approval: {Error} ({Status})")]
    private partial void LogNotAsked(string error, int status);

    [LoggerMessage(Level = LogLevel.Error, Message = "The authorization server answered a poll with a token that cannot be used")]
    private partial void LogUseless();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The authorization server refuses to say whether a person answered: {Error}")]
    private partial void LogPollRefused(string error);
}
