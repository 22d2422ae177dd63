using System.Net;
using System.Text.Json;
using Duende.IdentityModel;
using Duende.IdentityModel.Client;
using Microsoft.Extensions.Options;
using Polly;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.Tools.Connections;
using StockMcp.Tools.Errors;
using StockMcp.Tools.Schemas;

namespace StockMcp.ResourceServer.UpstreamTokens;

/// <summary>Exchanges the caller's token at the authorization server, and reads the answer strictly (UP-01).</summary>
internal sealed partial class TokenExchange(
    IHttpClientFactory http, IExchangeDialect dialect, AuthorityMetadata authority, IOptions<AuthorityOptions> client, IOptions<UpstreamTokenOptions> options, AuthoritySecret secret, TimeProvider time, ILogger<TokenExchange> logger, AuthorityKey? key = null)
{
    /// <summary>Name of its HTTP client.</summary>
    public const string HttpClientName = "token-exchange";

    private const string InteractionRequired = "interaction_required";
    private const string TemporarilyUnavailable = "temporarily_unavailable";
    private const int LongestToken = 16 * 1024;
    private const int LongestUri = 2048;
    private const int LongestLifetime = 24 * 60 * 60;

    /// <summary>A token to be remembered.</summary>
    /// <exception cref="TradingException">There is none to be had; the message says what to do.</exception>
    public async Task<UpstreamAccessToken> ExchangeAsync(SubjectToken subject, string audience, string scope, CancellationToken cancellationToken)
    {
        var response = await RequestAsync(subject, audience, scope, cancellationToken);
        // RC-03: what is good for one order must not be found by another call.
        return DetailsOf(response) is null ? Read(response) : throw Invalid("it is good for one order only");
    }

    /// <summary>A token that is used once and never remembered: the authorization details that it carries, if it carries any, came with it.</summary>
    /// <exception cref="TradingException">There is none to be had; the message says what to do.</exception>
    public async Task<(UpstreamAccessToken Token, JsonElement? AuthorizationDetails)> ExchangeOnceAsync(SubjectToken subject, string audience, string scope, CancellationToken cancellationToken)
    {
        var response = await RequestAsync(subject, audience, scope, cancellationToken);
        return (Read(response), DetailsOf(response));
    }

    private static JsonElement? DetailsOf(TokenResponse response) => response.Json is { } json && json.TryGetProperty("authorization_details", out var details) && details.ValueKind != JsonValueKind.Null ? details : null;

    private async Task<TokenResponse> RequestAsync(SubjectToken subject, string audience, string scope, CancellationToken cancellationToken)
    {
        var endpoint = await authority.GetTokenEndpointAsync(cancellationToken);
        using var messenger = http.CreateClient(HttpClientName);
        TokenResponse response;
        try
        {
            response = await dialect.RequestAsync(messenger, new ExchangeRequest
            {
                TokenEndpoint = endpoint,
                ClientId = client.Value.ClientId,
                ClientSecret = key is null ? secret.Value : null,
                ClientAssertion = key?.Sign(),
                SubjectToken = subject.Value,
                Audience = audience,
                Scope = Upstream(scope),
            }, cancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or ExecutionRejectedException)
        {
            throw Away(exception);
        }
        if (response is { ErrorType: ResponseErrorType.Exception, Exception: { } cause })
        {
            if (cause is OperationCanceledException) cancellationToken.ThrowIfCancellationRequested();
            throw cause is HttpRequestException or ExecutionRejectedException or OperationCanceledException ? Away(cause) : Invalid("it is not JSON", cause);
        }
        if ((response.HttpStatusCode is >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout) && ErrorOf(response) != TemporarilyUnavailable) throw Away(null);
        if (response.Json is not { ValueKind: JsonValueKind.Object }) throw Invalid("it is no JSON object");
        return response.IsError ? throw Refusal(response) : response;
    }

    private string Upstream(string scope) => options.Value.Scopes.Count == 0 ? scope
        : string.Join(' ', scope.Split(' ').SelectMany(name => options.Value.Scopes.FirstOrDefault(line => line.Scope == name)?.Upstream ?? [name]).Distinct());

    private UpstreamAccessToken Read(TokenResponse response)
    {
        if (!string.Equals(response.TokenType, OidcConstants.AuthenticationSchemes.AuthorizationHeaderBearer, StringComparison.OrdinalIgnoreCase)) throw Invalid("it is no bearer token");
        if (response.AccessToken is not { Length: > 0 and <= LongestToken } token || !token.All(character => character is > ' ' and <= '~')) throw Invalid("it has no usable token");
        if (response.ExpiresIn is <= 0 or > LongestLifetime) throw Invalid("its lifetime makes no sense");
        return new UpstreamAccessToken(token, time.GetUtcNow().AddSeconds(response.ExpiresIn));
    }

    private TradingException Refusal(TokenResponse response)
    {
        var error = ErrorOf(response);
        LogRefused(ForeignText.Clean(error, 60), (int)response.HttpStatusCode);
        return error switch
        {
            // Entra: the person, or an administrator, has not consented to the API behind this server.
            _ when response.TryGet("suberror") == "consent_required" => new TradingException(ErrorCode.ConnectionRequired, "Somebody has to consent to this server acting for them at the brokerage's API: the person, or their administrator.") { ConnectUri = ConnectUri(response) },
            // Auth0: the person has no account of this connection in the vault, or what is there does not work any more.
            _ when error?.StartsWith("federated_connection_", StringComparison.Ordinal) is true => new TradingException(ErrorCode.ConnectionRequired, "The account at the brokerage has to be connected, or connected again. The person opens the page; then call again.") { ConnectUri = ConnectUri(response) },
            InteractionRequired => new TradingException(ErrorCode.ConnectionRequired, "The account at the brokerage has to be connected, or connected again with more rights. The person opens the page; then call again.") { ConnectUri = ConnectUri(response) },
            OidcConstants.TokenErrors.InvalidGrant or "invalid_token" => new TradingException(ErrorCode.AuthorizationEnded, "The authorization server does not accept this agent's access token any more. Get a new one, with its refresh token or by letting the person sign in again."),
            OidcConstants.TokenErrors.InvalidScope or OidcConstants.TokenErrors.InvalidTarget or OidcConstants.TokenErrors.InvalidRequest or OidcConstants.TokenErrors.AccessDenied => new TradingException(ErrorCode.AuthorizationRefused, "The authorization server does not give this agent access to that account. The person signs the agent in again; should that not help, the settings of the two servers do not fit."),
            OidcConstants.TokenErrors.InvalidClient or OidcConstants.TokenErrors.UnauthorizedClient => new TradingException(ErrorCode.AuthorizationRefused, "The authorization server does not know this server. Its operator checks the settings Authority:ClientId, and Authority:ClientSecret or Authority:ClientKeyFile."),
            TemporarilyUnavailable => TradingException.Unavailable("the brokerage's sign-in"),
            _ when response.HttpStatusCode is >= System.Net.HttpStatusCode.InternalServerError or System.Net.HttpStatusCode.TooManyRequests or System.Net.HttpStatusCode.RequestTimeout => Away(null),
            _ => Invalid("its refusal is not known"),
        };
    }

    // A status other than 400 hides the body's own word for it behind the reason phrase.
    private static string? ErrorOf(TokenResponse response) => response.Json is { ValueKind: JsonValueKind.Object } ? response.TryGet(OidcConstants.TokenResponse.Error) : null;

    private string? ConnectUri(TokenResponse response) => response.TryGet("connect_uri") is null ? options.Value.ConnectPage?.AbsoluteUri
        : response.TryGet("connect_uri") is { Length: <= LongestUri } text && Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Scheme: "https" } or { Scheme: "http", IsLoopback: true } ? url.AbsoluteUri : null;

    private TradingException Away(Exception? cause)
    {
        LogAway(cause?.GetType().Name ?? "it failed");
        return TradingException.Unavailable("the authorization server", cause);
    }

    private static TradingException Invalid(string why, Exception? cause = null)
        => new(ErrorCode.UpstreamAnswerInvalid, $"The authorization server's answer cannot be used: {why}. Nothing of it is kept.", cause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The token exchange was refused: {Error} ({Status})")]
    private partial void LogRefused(string error, int status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The token endpoint does not answer: {Reason}")]
    private partial void LogAway(string reason);
}
