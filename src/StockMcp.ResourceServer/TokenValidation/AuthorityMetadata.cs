using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using StockMcp.Tools.Errors;

namespace StockMcp.ResourceServer.TokenValidation;

/// <summary>
/// What the authorization server publishes: its keys and its token endpoint. Read anew every few minutes, and once for a key that is not known; kept for a day while the
/// authorization server is away (KM-02, FD-03).
/// </summary>
internal sealed partial class AuthorityMetadata(IHttpClientFactory http, IOptions<AuthorityOptions> options, TimeProvider time, ILogger<AuthorityMetadata> logger) : IDisposable
{
    /// <summary>Name of its HTTP client.</summary>
    public const string HttpClientName = "authority-metadata";

    private static readonly TimeSpan s_refreshAfter = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan s_staleAfter = TimeSpan.FromMinutes(4); // with half a minute at the authorization server, a revoked key ends within 5
    private static readonly TimeSpan s_uselessAfter = TimeSpan.FromHours(24);
    private static readonly TimeSpan s_betweenAttempts = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_betweenFirstAttempts = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim gate = new(1, 1);
    private volatile Snapshot? current;
    private long lastAttempt = DateTimeOffset.MinValue.UtcTicks;

    /// <summary>Makes sure that a key is known, if it can be.</summary>
    /// <returns>Whether any keys are known at all.</returns>
    public async Task<bool> PrepareAsync(string? keyId, CancellationToken cancellationToken)
    {
        var snapshot = await GetAsync(cancellationToken);
        if (snapshot is not null && keyId is not null && !snapshot.Keys.ContainsKey(keyId)) snapshot = await RefreshAsync(snapshot, s_betweenAttempts, cancellationToken);
        return snapshot is not null;
    }

    /// <summary>Whether it answers, for work that nobody waits for: while it was never met, that it does not is no news.</summary>
    public async Task<bool> AnswersAsync(CancellationToken cancellationToken) => (current ?? await RefreshAsync(null, s_betweenFirstAttempts, cancellationToken, isNews: false)) is not null;

    /// <summary>The keys that may have signed a token: the one it names, or all if it names none.</summary>
    public IEnumerable<SecurityKey> KeysFor(string? keyId)
    {
        if (current is not { } snapshot) return [];
        return keyId is null ? snapshot.Keys.Values : snapshot.Keys.TryGetValue(keyId, out var key) ? [key] : [];
    }

    /// <summary>A name of all keys together: another one when any of them came, went or changed.</summary>
    public string? KeySet => current?.KeySet;

    /// <summary>Where tokens are exchanged.</summary>
    /// <exception cref="TradingException">The authorization server is away, and was not met before.</exception>
    public async Task<string> GetTokenEndpointAsync(CancellationToken cancellationToken)
        => (await GetAsync(cancellationToken))?.TokenEndpoint ?? throw TradingException.Unavailable("the authorization server");

    /// <summary>Where people are asked for their approval (CIBA).</summary>
    /// <exception cref="TradingException">The authorization server is away, and was not met before.</exception>
    public async Task<string> GetBackchannelEndpointAsync(CancellationToken cancellationToken)
        => (await GetAsync(cancellationToken))?.BackchannelEndpoint ?? throw TradingException.Unavailable("the authorization server");

    private async ValueTask<Snapshot?> GetAsync(CancellationToken cancellationToken)
    {
        var (snapshot, now) = (current, time.GetUtcNow());
        if (snapshot is null) return await RefreshAsync(null, s_betweenFirstAttempts, cancellationToken);
        var age = now - snapshot.ReadAt;
        if (age > s_staleAfter) snapshot = await RefreshAsync(snapshot, s_betweenAttempts, cancellationToken);
        else if (age > s_refreshAfter) _ = RefreshAsync(snapshot, s_betweenAttempts, CancellationToken.None);
        return snapshot is not null && time.GetUtcNow() - snapshot.ReadAt > s_uselessAfter ? null : snapshot;
    }

    /// <summary>Reads it anew, one at a time and not too often; the last good one stays if that fails.</summary>
    private async Task<Snapshot?> RefreshAsync(Snapshot? seen, TimeSpan between, CancellationToken cancellationToken, bool isNews = true)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (!ReferenceEquals(current, seen)) return current; // somebody else just did
            // Work that nobody waits for comes at its own pace, and does not make the first caller wait.
            if (isNews && time.GetUtcNow().UtcTicks - lastAttempt < between.Ticks) return current;
            if (isNews) lastAttempt = time.GetUtcNow().UtcTicks;
            current = await ReadAsync();
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException or InvalidOperationException or ArgumentException or InvalidDataException or SecurityTokenException or Polly.ExecutionRejectedException)
        {
            if (exception is OperationCanceledException && cancellationToken.IsCancellationRequested) throw;
            if (isNews || exception is not (HttpRequestException or IOException or OperationCanceledException)) LogAway(options.Value.Issuer, exception.GetBaseException().Message, current is null ? "its keys are not known yet" : "the last ones are used");
        }
        finally
        {
            gate.Release();
        }
        return current;
    }

    private async Task<Snapshot> ReadAsync()
    {
        using var client = http.CreateClient(HttpClientName);
        var retriever = new HttpDocumentRetriever(client) { RequireHttps = options.Value.BaseUrl.Scheme == Uri.UriSchemeHttps };
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
        var document = await OpenIdConnectConfigurationRetriever.GetAsync(new Uri(options.Value.BaseUrl, ".well-known/openid-configuration").AbsoluteUri, retriever, patience.Token);
        if (document.Issuer != options.Value.Issuer) throw new InvalidDataException($"its discovery document says that the issuer is {document.Issuer}, and the setting {AuthorityOptions.Section}:Issuer says {options.Value.Issuer}");
        if (document.TokenEndpoint is not { Length: > 0 }) throw new InvalidDataException("its discovery document names no token endpoint");
        // A symmetric key in a published set would be a secret that everybody knows.
        var keys = document.SigningKeys.Where(key => key is AsymmetricSecurityKey or JsonWebKey { Kty: "EC" or "RSA" }).Where(key => key.KeyId is { Length: > 0 } && key.CanComputeJwkThumbprint());
        return new Snapshot(keys.GroupBy(key => key.KeyId).ToDictionary(group => group.Key, group => group.First()), document.TokenEndpoint, document.BackchannelAuthenticationEndpoint is { Length: > 0 } backchannel ? backchannel : new Uri(options.Value.BaseUrl, "connect/backchannel").AbsoluteUri, time.GetUtcNow());
    }

    /// <inheritdoc/>
    public void Dispose() => gate.Dispose();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The authorization server {Issuer} cannot be read ({Reason}): {Consequence}")]
    private partial void LogAway(string issuer, string reason, string consequence);

    private sealed record Snapshot(IReadOnlyDictionary<string, SecurityKey> Keys, string TokenEndpoint, string BackchannelEndpoint, DateTimeOffset ReadAt)
    {
        public string KeySet { get; } = string.Join(' ', Keys.Select(key => key.Key + "=" + Convert.ToHexString(key.Value.ComputeJwkThumbprint())).Order(StringComparer.Ordinal));
    }
}
