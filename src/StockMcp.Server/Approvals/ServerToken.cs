using Duende.IdentityModel.Client;
using Microsoft.Extensions.Options;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.ResourceServer.UpstreamTokens;
using StockMcp.Tools.Errors;

namespace StockMcp.Server.Approvals;

/// <summary>This server's own token for the API of approvals (client credentials), remembered in this process until shortly before it ends.</summary>
internal sealed partial class ServerToken(IHttpClientFactory http, AuthorityMetadata authority, IOptions<AuthorityOptions> options, AuthorityCredentials credentials, TimeProvider time, ILogger<ServerToken> logger) : IDisposable
{
    private const string Scope = "approvals";
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(30);
    private readonly SemaphoreSlim gate = new(1, 1);
    private Remembered? current;

    /// <exception cref="TradingException">The authorization server is away, or does not give one.</exception>
    public async Task<string> GetAsync(CancellationToken cancellationToken)
    {
        if (current is { } good && time.GetUtcNow() < good.Until) return good.Value;
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (current is { } other && time.GetUtcNow() < other.Until) return other.Value;
            current = await RequestAsync(cancellationToken);
            return current.Value;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>It was refused: the next one is new.</summary>
    public void Forget(string refused)
    {
        if (current is { } known && known.Value == refused) current = null;
    }

    public void Dispose() => gate.Dispose();

    private async Task<Remembered> RequestAsync(CancellationToken cancellationToken)
    {
        using var request = credentials.AddTo(new ClientCredentialsTokenRequest { Address = await authority.GetTokenEndpointAsync(cancellationToken), Scope = Scope });
        request.Resource.Add(ApprovalsClient.ApiOf(options.Value));
        using var client = http.CreateClient(BackchannelClient.HttpClientName);
        using var patience = BackchannelClient.Within(BackchannelClient.Patience, cancellationToken);
        var response = await BackchannelClient.InTimeAsync(client.RequestClientCredentialsTokenAsync(request, patience.Token), cancellationToken);
        if (response.ErrorType == ResponseErrorType.Exception || (int)response.HttpStatusCode >= 500) throw TradingException.Unavailable("the authorization server", response.Exception);
        if (response.IsError || response.AccessToken is not { Length: > 0 } token || response.ExpiresIn <= 0)
        {
            LogRefused(Tools.Schemas.ForeignText.Clean(response.Error, 60));
            throw new TradingException(ErrorCode.AuthorizationRefused, "The authorization server does not let this server ask for approvals. Its operator gives this server's client the scope approvals there, and checks Authority:ClientId and its secret.");
        }
        var lifetime = TimeSpan.FromSeconds(response.ExpiresIn);
        return new Remembered(token, time.GetUtcNow() + (lifetime > 2 * s_margin ? lifetime - s_margin : lifetime / 2));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The authorization server gives this server no token for approvals: {Error}")]
    private partial void LogRefused(string error);

    private sealed class Remembered(string value, DateTimeOffset until)
    {
        public string Value { get; } = value;

        public DateTimeOffset Until { get; } = until;

        public override string ToString() => "server's own token";
    }
}
