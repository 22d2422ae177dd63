using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Polly;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.Tools.Connections;
using StockMcp.Tools.Errors;
using StockMcp.Tools.Schemas;

namespace StockMcp.Server.ConnectedAccounts;

/// <summary>Asks the Authority's API, with a token exchanged for it: the caller's own is good for this server only.</summary>
internal sealed class AuthorityAccounts(IHttpClientFactory http, IUpstreamTokens tokens, IOptions<AuthorityOptions> authority) : IConnectedAccounts
{
    public const string HttpClientName = "connected-accounts";

    private static readonly IReadOnlyList<string> s_scopes = ["connected_accounts:read"];
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
        MaxDepth = 8,
    };

    public async Task<IReadOnlyList<ConnectedAccount>> ListAsync(CancellationToken cancellationToken)
    {
        var api = authority.Value.AccountsApi ?? new Uri(authority.Value.BaseUrl, "me/v1").AbsoluteUri;
        if (api.Length == 0) throw new TradingException(ErrorCode.UpstreamRefused, "The authorization server in use does not list connected accounts.");
        try
        {
            var token = await tokens.GetAsync(api, s_scopes, cancellationToken);
            using var client = http.CreateClient(HttpClientName);
            using var request = new HttpRequestMessage(HttpMethod.Get, api + "/connected-accounts");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Value);
            using var response = await client.SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.Unauthorized) await tokens.ForgetAsync(api, s_scopes, token, cancellationToken);
            if (response.StatusCode >= HttpStatusCode.InternalServerError) throw TradingException.Unavailable("the authorization server");
            if (response.StatusCode != HttpStatusCode.OK) throw new TradingException(ErrorCode.UpstreamRefused, "The authorization server does not show the connected accounts.");
            var answer = await JsonSerializer.DeserializeAsync<Answer>(await response.Content.ReadAsStreamAsync(cancellationToken), s_json, cancellationToken);
            return [.. answer!.ConnectedAccounts.Select(Read)];
        }
        catch (JsonException exception)
        {
            throw new TradingException(ErrorCode.UpstreamAnswerInvalid, "The authorization server's list of accounts cannot be read.", exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or ExecutionRejectedException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw TradingException.Unavailable("the authorization server", exception);
        }
    }

    private static ConnectedAccount Read(Account account) => new()
    {
        Connection = ForeignText.Clean(account.Connection, 40),
        Brokerage = account.DisplayName is null ? null : ForeignText.Clean(account.DisplayName),
        AccountName = account.AccountName is null ? null : ForeignText.Clean(account.AccountName),
        State = account.State switch { "connected" => ConnectionState.Connected, "reconnect_needed" => ConnectionState.ReconnectNeeded, _ => ConnectionState.Disconnected },
        Scopes = [.. account.Scopes.Select(scope => ForeignText.Clean(scope, 60))],
        ConnectUri = account.ConnectUri is { Scheme: "https" } or { Scheme: "http", IsLoopback: true } ? account.ConnectUri.AbsoluteUri : null,
    };

    private sealed record Answer(IReadOnlyList<Account> ConnectedAccounts);

    private sealed record Account(string Connection, string State, IReadOnlyList<string> Scopes)
    {
        public string? DisplayName { get; init; }

        public string? AccountName { get; init; }

        public Uri? ConnectUri { get; init; }
    }
}
