using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace StockMcp.Server.Tests.Fixture;

/// <summary>One copy of the real Server on a free port.</summary>
internal sealed class ServerCopy : IAsyncDisposable
{
    public const string PublicUrl = "http://localhost:7001";
    public const string Resource = PublicUrl + "/mcp";
    private readonly WebApplication app;
    private readonly string data = Directory.CreateTempSubdirectory("stockmcp-server-").FullName;

    private bool isDead;

    private ServerCopy(Dictionary<string, string?> settings, TimeProvider? time, LogLines log, Action<WebApplicationBuilder>? configure)
    {
        app = Program.Build(["--environment", "Development"], builder =>
        {
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["PublicUrl"] = PublicUrl, ["Urls"] = "http://127.0.0.1:0", ["DataDirectory"] = data });
            builder.Configuration.AddInMemoryCollection(settings);
            if (time is not null) builder.Services.AddSingleton(time);
            builder.Logging.ClearProviders();
            builder.Logging.AddProvider(log);
            configure?.Invoke(builder);
        });
    }

    public HttpClient Http { get; private set; } = null!;

    public Uri Url { get; private set; } = null!;

    public IServiceProvider Services => app.Services;

    public static async Task<ServerCopy> StartAsync(Dictionary<string, string?> settings, TimeProvider? time, LogLines log, Action<WebApplicationBuilder>? configure = null)
    {
        var copy = new ServerCopy(settings, time, log, configure);
        await copy.app.StartAsync();
        copy.Url = new Uri(copy.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        copy.Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = copy.Url };
        return copy;
    }

    /// <summary>Sends a body to the MCP endpoint as it is.</summary>
    public Task<HttpResponseMessage> PostAsync(string? token, string body, params (string Name, string Value)[] headers) => PostToAsync("/mcp", token, body, headers);

    /// <summary>Sends a body to a path as it is.</summary>
    public Task<HttpResponseMessage> PostToAsync(string path, string? token, string body, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        if (token is not null) request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return Http.SendAsync(request);
    }

    /// <summary>Calls a tool in revision 2025-11-25, as today's clients do.</summary>
    public Task<HttpResponseMessage> CallRawAsync(string? token, string tool, object? arguments = null)
        => PostAsync(token, Message("tools/call", new { name = tool, arguments = arguments ?? new { } }), ("MCP-Protocol-Version", "2025-11-25"));

    /// <summary>Calls a tool and reads its result.</summary>
    public async Task<ToolResult> CallAsync(string? token, string tool, object? arguments = null)
    {
        using var response = await CallRawAsync(token, tool, arguments);
        var answer = await response.ReadRpcAsync();
        response.StatusCode.Should().Be(System.Net.HttpStatusCode.OK, answer.ToJsonString());
        return new ToolResult(answer["result"] ?? throw new InvalidOperationException(answer.ToJsonString()));
    }

    public async Task<JsonArray> ListToolsAsync(string token)
    {
        using var response = await PostAsync(token, Message("tools/list", new { }), ("MCP-Protocol-Version", "2025-11-25"));
        return (await response.ReadRpcAsync())["result"]!["tools"]!.AsArray();
    }

    public static string Message(string method, object parameters) => System.Text.Json.JsonSerializer.Serialize(new { jsonrpc = "2.0", id = 1, method, @params = parameters });

    /// <summary>Ends it without letting it finish anything.</summary>
    public async Task KillAsync()
    {
        isDead = true;
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await app.StopAsync(now.Token);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!isDead) await app.StopAsync();
        await app.DisposeAsync();
        Directory.Delete(data, recursive: true);
    }
}

/// <summary>The result of a tool call.</summary>
internal sealed record ToolResult(JsonNode Json)
{
    public bool IsError => Json["isError"]?.GetValue<bool>() == true;

    public JsonNode Content => Json["structuredContent"]!;

    public string Text => Json["content"]![0]!["text"]!.GetValue<string>();

    public string? Code => Content["error"]?["code"]?.GetValue<string>();
}

internal static class Responses
{
    /// <summary>The JSON-RPC message of a response, which comes as an event or plainly.</summary>
    public static async Task<JsonNode> ReadRpcAsync(this HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        var data = text.Split('\n').FirstOrDefault(line => line.StartsWith("data:", StringComparison.Ordinal));
        return JsonNode.Parse(data is null ? text : data[5..])!;
    }

    public static string Challenge(this HttpResponseMessage response) => response.Headers.TryGetValues("WWW-Authenticate", out var values) ? string.Join(" | ", values) : "";
}
