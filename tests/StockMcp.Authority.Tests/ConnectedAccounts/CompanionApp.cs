using System.Net.Http.Json;
using Microsoft.AspNetCore.WebUtilities;
using StockMcp.AppHost;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.ConnectedAccounts;

/// <summary>An app that the operator registered for the API of connected accounts.</summary>
internal sealed class CompanionApp(StockMcpSystem system, string clientId = "companion")
{
    public const string AllScopes = "connected_accounts:read connected_accounts:create connected_accounts:delete";
    public static readonly Uri RedirectUri = new("https://companion.example.com/callback");
    public static readonly Uri Connected = new("https://companion.example.com/connected?from=stockmcp");

    private string? token;

    /// <summary>The settings of an Authority that knows two of them; the first client of the list is the Server.</summary>
    public static DevelopmentSystemOptions Register(DevelopmentSystemOptions options) => options with { AuthoritySettings = Settings(options.AuthorityPort) };

    public static Dictionary<string, string?> Settings(int authorityPort)
    {
        var settings = new Dictionary<string, string?>();
        foreach (var (index, id) in new[] { "companion", "other-companion" }.Index(1))
        {
            settings[$"Clients:{index}:ClientId"] = id;
            settings[$"Clients:{index}:DisplayName"] = "Companion";
            settings[$"Clients:{index}:RedirectUris:0"] = RedirectUri.AbsoluteUri;
            settings[$"Clients:{index}:RedirectUris:1"] = Connected.AbsoluteUri;
            settings[$"Clients:{index}:Resources:0"] = $"http://localhost:{authorityPort}/me/v1";
            foreach (var (number, scope) in AllScopes.Split(' ').Index()) settings[$"Clients:{index}:Scopes:{number}"] = scope;
        }
        return settings;
    }

    public async Task<CompanionApp> SignInAsync(Person person, string scopes = AllScopes)
    {
        var flow = new CodeFlow(TestAgent.Issuer(system), clientId, RedirectUri, scopes, new Uri(TestAgent.Issuer(system), "me/v1").AbsoluteUri);
        token = (await flow.RedeemAsync(await person.AuthorizeAsync(flow.AuthorizationUrl))).AccessToken;
        return this;
    }

    public async Task<JsonAnswer> ListAsync() => await TestAgent.ReadAsync(await SendAsync(HttpMethod.Get, "", null));

    public Task<HttpResponseMessage> ConnectRawAsync(object body) => SendAsync(HttpMethod.Post, "/connect", body);

    public async Task<JsonAnswer> ConnectAsync(string connection = "brokerage", string state = "their-state", string[]? scopes = null)
        => await TestAgent.ReadAsync(await ConnectRawAsync(new { connection, redirect_uri = Connected.AbsoluteUri, state, scopes }));

    /// <summary>Where the person's browser goes.</summary>
    public static Uri ConnectUri(JsonAnswer begun) => new(QueryHelpers.AddQueryString(begun["connect_uri"]!, "ticket", begun.Body.GetProperty("connect_params").GetProperty("ticket").GetString()!));

    public async Task<JsonAnswer> CompleteAsync(JsonAnswer begun, string? code, string? redirectUri = null)
        => await TestAgent.ReadAsync(await SendAsync(HttpMethod.Post, "/complete", new { auth_session = begun["auth_session"], connect_code = code, redirect_uri = redirectUri ?? Connected.AbsoluteUri }));

    public Task<HttpResponseMessage> DeleteAsync(string account) => SendAsync(HttpMethod.Delete, "/" + account, null);

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body)
    {
        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(system) };
        using var request = new HttpRequestMessage(method, "me/v1/connected-accounts" + path) { Headers = { Authorization = new("Bearer", token) } };
        if (body is not null) request.Content = JsonContent.Create(body);
        return await http.SendAsync(request);
    }
}

internal static class Indexed
{
    public static IEnumerable<(int Index, T Item)> Index<T>(this IEnumerable<T> items, int first) => items.Select((item, index) => (first + index, item));
}
