using System.Text.Json.Nodes;
using StockMcp.Testing.Harness;

namespace StockMcp.Bench.Seeding;

/// <summary>Asks the Authority what the Server asks it, in the Server's name.</summary>
internal sealed class ServerClient(SeparateProcesses processes) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { UseCookies = false, PooledConnectionLifetime = Timeout.InfiniteTimeSpan })
    {
        BaseAddress = processes.System.Running.Authority.Url,
        DefaultRequestHeaders =
        {
            Authorization = new("Basic", Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes($"{processes.SettingsOf("Authority")["Clients:0:ClientId"]}:{processes.SettingsOf("Authority")["Clients:0:ClientSecret"]}"))),
        },
    };

    /// <summary>Exchanges an agent's token (RFC 8693).</summary>
    public Task ExchangeAsync(string token) => PostAsync("connect/token", new()
    {
        ["grant_type"] = "urn:ietf:params:oauth:grant-type:token-exchange",
        ["subject_token"] = token,
        ["subject_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
        ["requested_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
        ["audience"] = Upstream.Connection,
        ["scope"] = "portfolio:read",
    });

    public async Task<JsonNode> PostAsync(string path, Dictionary<string, string> form)
    {
        using var content = new FormUrlEncodedContent(form);
        using var response = await http.PostAsync(new Uri(path, UriKind.Relative), content);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{path} answered {(int)response.StatusCode}: {text}");
    }

    public void Dispose() => http.Dispose();
}
