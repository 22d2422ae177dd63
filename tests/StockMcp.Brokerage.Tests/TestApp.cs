using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;

namespace StockMcp.Brokerage.Tests;

/// <summary>An application that people connect to their account: a confidential client with the code flow.</summary>
internal sealed class TestApp(TestBrokerage brokerage) : IDisposable
{
    public const string ClientId = "portfolio-app";
    public const string Secret = "portfolio-app-secret";
    public const string Callback = "https://app.example.com/callback";
    public const string Everything = "openid profile offline_access account:read orders:read trading";

    private readonly HttpClient http = brokerage.Client();

    public string Verifier { get; } = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>A Brokerage with its demo users, whose passwords cost little to check, and this application. A setting of null takes one of those away.</summary>
    public static Task<TestBrokerage> StartBrokerageAsync(string? data = null, params (string Key, string? Value)[] settings) => TestBrokerage.StartAsync(data, configure: builder =>
    {
        builder.Environment.EnvironmentName = "Development";
        builder.Services.PostConfigure<PasswordHasherOptions>(options => options.IterationCount = 1);
    }, settings: [.. Settings().Concat(settings).GroupBy(setting => setting.Key).Select(setting => setting.Last()).Where(setting => setting.Value is not null).Select(setting => (setting.Key, setting.Value!))]);

    private static IEnumerable<(string Key, string? Value)> Settings() =>
    [
        ("DemoUsers", "true"), ("Clients:0:ClientId", ClientId), ("Clients:0:ClientSecret", Secret), ("Clients:0:DisplayName", "Portfolio <b>App</b>"), ("Clients:0:RedirectUris:0", Callback),
        ("Clients:0:AuthorizationDetailsTypes:0", "stock_order"),
        ("Clients:0:AuthorizationDetailsTypes:1", "stock_trading_mandate"),
        .. $"{Everything} email".Split(' ').Select((scope, index) => ($"Clients:0:Scopes:{index}", scope)),
    ];

    public string AuthorizationUrl(string scope = Everything, params (string Name, string? Value)[] changes)
    {
        var parameters = new Dictionary<string, string?>
        {
            ["client_id"] = ClientId,
            ["redirect_uri"] = Callback,
            ["response_type"] = "code",
            ["scope"] = scope,
            ["state"] = "state",
            ["code_challenge"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier))),
            ["code_challenge_method"] = "S256",
        };
        foreach (var (name, value) in changes) parameters[name] = value;
        return QueryHelpers.AddQueryString("/connect/authorize", parameters.Where(parameter => parameter.Value is not null));
    }

    /// <summary>Sends a person through sign-in and consent, whichever of them is asked for.</summary>
    public async Task<string> GetCodeAsync(Browser browser, string scope = Everything, string userName = "alice", string password = "white-rabbit-7")
    {
        await browser.GetAsync(AuthorizationUrl(scope));
        if (browser.Path.StartsWith("/sign-in", StringComparison.Ordinal)) await browser.SubmitAsync("/sign-in", ("userName", userName), ("password", password));
        if (browser.Left is null) await browser.SubmitAsync("/connect/authorize", ("decision", "allow"));
        var answer = QueryHelpers.ParseQuery(browser.Left!.Query);
        answer["state"].ToString().Should().Be("state");
        answer["iss"].ToString().Should().Be("http://localhost:7003/");
        return answer["code"].ToString();
    }

    public async Task<JsonElement> GetTokensAsync(Browser browser, string scope = Everything) => await RedeemAsync(await GetCodeAsync(browser, scope));

    public Task<JsonElement> RedeemAsync(string code, HttpStatusCode expected = HttpStatusCode.OK, string? verifier = null) => TokenAsync(expected,
        ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", Callback), ("code_verifier", verifier ?? Verifier));

    public Task<JsonElement> RefreshAsync(string refreshToken, string? scope = null, HttpStatusCode expected = HttpStatusCode.OK) => TokenAsync(expected,
        [("grant_type", "refresh_token"), ("refresh_token", refreshToken), .. scope is null ? Array.Empty<(string, string)>() : [("scope", scope)]]);

    /// <summary>A refresh for a token that is good for one order.</summary>
    public Task<JsonElement> RefreshForOrderAsync(string refreshToken, string authorizationDetails, string transaction, HttpStatusCode expected = HttpStatusCode.OK, string scope = "orders:read trading") => TokenAsync(expected,
        ("grant_type", "refresh_token"), ("refresh_token", refreshToken), ("scope", scope), ("authorization_details", authorizationDetails), ("txn", transaction));

    public Task<JsonElement> TokenAsync(HttpStatusCode expected, params (string Name, string Value)[] parameters) => PostAsync("/connect/token", expected, parameters);

    public async Task<JsonElement> PostAsync(string path, HttpStatusCode expected, params (string Name, string Value)[] parameters)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value))) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{ClientId}:{Secret}")));
        using var response = await http.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();
        response.StatusCode.Should().Be(expected, body);
        response.Headers.CacheControl!.NoStore.Should().BeTrue();
        return JsonDocument.Parse(body).RootElement.Clone();
    }

    /// <summary>The status of a call of the trading API.</summary>
    public async Task<HttpStatusCode> CallAsync(string accessToken, string path = "/v2/account")
    {
        using var client = brokerage.Client(accessToken);
        using var response = await client.GetAsync(path);
        return response.StatusCode;
    }

    public void Dispose() => http.Dispose();
}

internal static class TokenAnswers
{
    public static string Text(this JsonElement answer, string name) => answer.GetProperty(name).GetString()!;

    public static string AccessToken(this JsonElement answer) => answer.Text("access_token");

    public static string RefreshToken(this JsonElement answer) => answer.Text("refresh_token");

    public static JsonElement Claims(this JsonElement answer, string token = "access_token") => JsonDocument.Parse(Base64Url.DecodeFromChars(answer.Text(token).Split('.')[1])).RootElement;
}
