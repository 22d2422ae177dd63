using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using OpenIddict.Client;
using StockMcp.Authority.Connections;
using StockMcp.AuthorizationServer.RichAuthorization;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Abstractions.OpenIddictExceptions;
using static OpenIddict.Client.OpenIddictClientModels;

namespace StockMcp.Authority.Vault;

/// <summary>What an upstream token is to be good for, once.</summary>
/// <param name="Details">The authorization details: a JSON array of one element.</param>
/// <param name="Transaction">What it is done for: the approval.</param>
internal sealed record OneUse(string Details, Guid Transaction);

/// <summary>How a refresh at the provider ended.</summary>
internal abstract record RefreshOutcome
{
    /// <summary>A new access token, and a new refresh token if the provider rotates them.</summary>
    public sealed record Refreshed(string AccessToken, DateTimeOffset ExpiresAt, string? RefreshToken) : RefreshOutcome
    {
        public override string ToString() => nameof(Refreshed);
    }

    /// <summary>The refresh token is not honoured any more (RFC 6749, section 5.2: invalid_grant).</summary>
    public sealed record Refused : RefreshOutcome;

    /// <summary>The provider does not give a token with these authorization details (RFC 9396, section 5).</summary>
    public sealed record DetailsRefused : RefreshOutcome;

    /// <summary>No sensible answer.</summary>
    public sealed record Unavailable : RefreshOutcome;
}

/// <summary>The connections' token and revocation endpoints.</summary>
internal sealed partial class UpstreamProvider(OpenIddictClientService client, IHttpClientFactory http, TimeProvider time, ILogger<UpstreamProvider> log)
{
    /// <summary>Name of the HTTP client that asks whether a token is still good.</summary>
    public const string HttpClientName = "connection-user";

    /// <summary>A provider that does not say how long its token lives is asked again after this.</summary>
    private static readonly TimeSpan UnknownLifetime = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(1);

    /// <summary>RFC 6749, section 6: a token with a part of what was granted; with authorization details, one that is good for what they say alone.</summary>
    public async Task<RefreshOutcome> RefreshAsync(Connection connection, string refreshToken, IReadOnlyList<string> scopes, OneUse? details, CancellationToken cancellationToken)
    {
        if (connection.OAuth is { TokensNeverExpire: true, UserEndpoint: { } user }) return details is null ? await LookAtAsync(connection, user, refreshToken, cancellationToken) : new RefreshOutcome.DetailsRefused();
        try
        {
            var result = await client.AuthenticateWithRefreshTokenAsync(new RefreshTokenAuthenticationRequest
            {
                AdditionalTokenRequestParameters = details is null ? null : new()
                {
                    [AuthorizationDetailsClaims.AuthorizationDetails] = details.Details,
                    [AuthorizationDetailsClaims.Transaction] = details.Transaction.ToString(),
                },
                RegistrationId = connection.Name,
                RefreshToken = refreshToken,
                Scopes = [.. scopes],
                DisableUserInfo = true,
                CancellationToken = cancellationToken,
            });
            // TX-02: a token that can do more than it was asked for is not handed on.
            if (result.TokenResponse.Scope is { } granted && granted.Split(' ').Except(scopes).Any())
            {
                LogWiderScopes(connection.Name, string.Join(' ', scopes), granted);
                return new RefreshOutcome.Unavailable();
            }
            if (details is not null && !(result.TokenResponse[AuthorizationDetailsClaims.AuthorizationDetails] is { } carried && SameDetails((JsonElement)carried, details.Details)))
            {
                LogOtherDetails(connection.Name, details.Transaction);
                return new RefreshOutcome.Unavailable();
            }
            var now = time.GetUtcNow();
            var expiresAt = result.AccessTokenExpirationDate ?? now + UnknownLifetime;
            return new RefreshOutcome.Refreshed(result.AccessToken, expiresAt < now + LongestLifetime ? expiresAt : now + LongestLifetime, result.RefreshToken);
        }
        catch (ProtocolException exception) when (details is not null && exception.Error == AuthorizationDetailsClaims.InvalidAuthorizationDetails)
        {
            LogDetailsRefused(connection.Name, details.Transaction);
            return new RefreshOutcome.DetailsRefused();
        }
        catch (ProtocolException exception) when (exception.Error == Errors.InvalidGrant)
        {
            return new RefreshOutcome.Refused();
        }
        catch (Exception exception) when (exception is ProtocolException or HttpRequestException or OperationCanceledException or InvalidOperationException)
        {
            LogUnavailable(connection.Name, exception.GetType().Name, exception.Message.ReplaceLineEndings(" "));
            return new RefreshOutcome.Unavailable();
        }
    }

    /// <summary>RFC 7009, as far as the provider has it: what is not revoked there is at least forgotten here.</summary>
    public async Task RevokeAsync(Connection connection, string token, CancellationToken cancellationToken)
    {
        if (connection.OAuth is not null) return; // it has no such endpoint: its person ends it there
        try
        {
            await client.RevokeTokenAsync(new RevocationRequest { RegistrationId = connection.Name, Token = token, CancellationToken = cancellationToken });
        }
        catch (Exception exception) when (exception is ProtocolException or HttpRequestException or OperationCanceledException or InvalidOperationException)
        {
            LogNotRevoked(connection.Name, exception.GetType().Name);
        }
    }

    // A token without an end is not refreshed: all there is to know is whether its person has ended it.
    private async Task<RefreshOutcome> LookAtAsync(Connection connection, Uri user, string token, CancellationToken cancellationToken)
    {
        try
        {
            using var asker = http.CreateClient(HttpClientName);
            using var request = new HttpRequestMessage(HttpMethod.Get, user) { Headers = { Authorization = new AuthenticationHeaderValue(TokenTypes.Bearer, token) } };
            using var response = await asker.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.IsSuccessStatusCode) return new RefreshOutcome.Refreshed(token, time.GetUtcNow() + UnknownLifetime, null);
            if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) return new RefreshOutcome.Refused();
            LogUnavailable(connection.Name, "status", response.StatusCode.ToString());
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            LogUnavailable(connection.Name, exception.GetType().Name, exception.Message.ReplaceLineEndings(" "));
        }
        return new RefreshOutcome.Unavailable();
    }

    private static bool SameDetails(JsonElement carried, string asked)
    {
        using var document = JsonDocument.Parse(asked);
        return JsonElement.DeepEquals(carried, document.RootElement);
    }

    [LoggerMessage(EventId = 4, Level = LogLevel.Error, Message = "{Connection} gave a token that does not carry the authorization details of {Transaction}: it is not used.")]
    private partial void LogOtherDetails(string connection, Guid transaction);

    [LoggerMessage(EventId = 5, Level = LogLevel.Warning, Message = "{Connection} gives no token with the authorization details of {Transaction}.")]
    private partial void LogDetailsRefused(string connection, Guid transaction);

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "{Connection} granted '{Granted}' where only '{Asked}' was asked for: its token is not used.")]
    private partial void LogWiderScopes(string connection, string asked, string granted);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "{Connection} gave no token: {Kind}: {Reason}")]
    private partial void LogUnavailable(string connection, string kind, string reason);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "A token at {Connection} was not revoked there ({Kind}); it is forgotten here.")]
    private partial void LogNotRevoked(string connection, string kind);
}
