using System.Collections.Concurrent;
using OpenIddict.Client;
using StockMcp.Agent.SignIn;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Abstractions.OpenIddictExceptions;
using static OpenIddict.Client.OpenIddictClientModels;

namespace StockMcp.Agent.Grants;

/// <summary>The person has to sign this agent in again: it has no tokens of theirs, or the Authority takes them no more.</summary>
internal sealed class SignInNeededException() : Exception("You signed this agent out, or its sign-in ran out. Sign in again.");

/// <summary>The Authority gives no tokens now.</summary>
internal sealed class AuthorityAwayException(string reason) : Exception("The sign-in server cannot be reached. Try again in a moment.")
{
    public string Reason { get; } = reason;
}

/// <summary>
/// A person's access token, fresh. It is refreshed by one at a time: in this process by one task that all wait for and nobody's cancellation ends, across copies by a short lease
/// in the database. Rotated tokens are stored before the access token is used.
/// </summary>
internal sealed partial class AgentTokens(IServiceScopeFactory scopes, OpenIddictClientService client, TimeProvider time, ILogger<AgentTokens> log)
{
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_lease = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> refreshes = new();

    /// <param name="subject">The person.</param>
    /// <param name="refused">A token that was not accepted: another one is got.</param>
    /// <param name="cancellationToken">Ends the wait, not the refresh.</param>
    /// <exception cref="SignInNeededException">There is none to be had.</exception>
    /// <exception cref="AuthorityAwayException">There is none now.</exception>
    public async Task<string> GetAsync(string subject, string? refused = null, CancellationToken cancellationToken = default)
    {
        await using (var scope = scopes.CreateAsyncScope())
        {
            var grants = scope.ServiceProvider.GetRequiredService<GrantStore>();
            if (await UsableAsync(grants, subject, refused, cancellationToken) is { } token) return token;
        }
        var mine = new Lazy<Task<string>>(() => Task.Run(() => RefreshAsync(subject, refused), CancellationToken.None));
        var shared = refreshes.GetOrAdd(subject, mine);
        try
        {
            return await shared.Value.WaitAsync(cancellationToken);
        }
        finally
        {
            if (shared.Value.IsCompleted) refreshes.TryRemove(KeyValuePair.Create(subject, shared));
        }
    }

    private async Task<string?> UsableAsync(GrantStore grants, string subject, string? refused, CancellationToken cancellationToken)
    {
        var grant = await grants.FindAsync(subject, cancellationToken);
        if (grant is null || grant.EndedAt is not null || grants.Open(subject, grant.AccessToken) is not { } token) throw new SignInNeededException();
        return grant.ExpiresAt - s_margin > time.GetUtcNow() && token != refused ? token : null;
    }

    private async Task<string> RefreshAsync(string subject, string? refused)
    {
        await using var scope = scopes.CreateAsyncScope();
        var grants = scope.ServiceProvider.GetRequiredService<GrantStore>();
        while (true)
        {
            if (await UsableAsync(grants, subject, refused, CancellationToken.None) is { } token) return token;
            var grant = await grants.FindAsync(subject, CancellationToken.None) ?? throw new SignInNeededException();
            if (await grants.TakeAsync(grant, s_lease, CancellationToken.None)) return await RefreshAsync(grants, grant);
            await Task.Delay(s_pause, time, CancellationToken.None);
        }
    }

    private async Task<string> RefreshAsync(GrantStore grants, Grant grant)
    {
        var refreshToken = grants.Open(grant.Subject, grant.RefreshToken) ?? throw new SignInNeededException();
        try
        {
            var result = await client.AuthenticateWithRefreshTokenAsync(new RefreshTokenAuthenticationRequest { RegistrationId = AuthorityOptions.Section, RefreshToken = refreshToken, DisableUserInfo = true });
            var tokens = new GrantedTokens(result.AccessToken, result.RefreshToken, result.AccessTokenExpirationDate ?? time.GetUtcNow().AddMinutes(5));
            await grants.RefreshedAsync(grant, tokens, CancellationToken.None);
            return tokens.AccessToken;
        }
        catch (ProtocolException exception) when (exception.Error == Errors.InvalidGrant)
        {
            await grants.EndAsync(grant, CancellationToken.None);
            LogEnded(grant.Subject);
            throw new SignInNeededException();
        }
        catch (Exception exception) when (exception is ProtocolException or HttpRequestException or OperationCanceledException or InvalidOperationException)
        {
            await grants.LetGoAsync(grant, CancellationToken.None);
            LogAway(exception.GetType().Name, exception.Message.ReplaceLineEndings(" "));
            throw new AuthorityAwayException(exception.GetType().Name);
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "The sign-in of {Subject} is over")]
    private partial void LogEnded(string subject);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "The authorization server gave no token: {Kind}: {Reason}")]
    private partial void LogAway(string kind, string reason);
}
