using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace StockMcp.Agent.Tests.Fixture;

/// <summary>What a scripted model answers.</summary>
internal abstract record Reply
{
    /// <summary>A text, in pieces.</summary>
    public sealed record Says(params string[] Pieces) : Reply;

    /// <summary>Tool calls, with their arguments as the model wrote them: not always JSON.</summary>
    public sealed record Calls(params (string Tool, string Arguments)[] Tools) : Reply;

    /// <summary>Anything else.</summary>
    public sealed record Raw(int Status, string ContentType, string Body) : Reply;

    /// <summary>Nothing, until the caller gives up or the test says so.</summary>
    public sealed record Waits(Task Until, Reply Then) : Reply;
}

/// <summary>An OpenAI-compatible endpoint that plays a model by a test's script: each request gets what the test says for it.</summary>
internal sealed class ScriptedModel : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<JsonObject> requests = new();

    private ScriptedModel(WebApplication app) => this.app = app;

    /// <summary>What it answers to a request's messages.</summary>
    public Func<JsonArray, Reply> Script { get; set; } = _ => new Reply.Says("Hello.");

    public Uri Url => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/v1");

    /// <summary>All that it was sent.</summary>
    public IReadOnlyList<JsonObject> Requests => [.. requests];

    public Dictionary<string, string?> Settings => new() { ["Model:Provider"] = "openai", ["Model:Url"] = Url.AbsoluteUri, ["Model:Name"] = "scripted", ["Model:ApiKey"] = "key-of-the-model", ["Model:Patience"] = "00:00:05" };

    public static async Task<ScriptedModel> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var model = new ScriptedModel(builder.Build());
        model.app.MapPost("/v1/chat/completions", model.AnswerAsync);
        await model.app.StartAsync();
        return model;
    }

    /// <summary>The text of the latest message.</summary>
    public static string Last(JsonArray messages) => messages[^1]!["content"]?.ToString() ?? "";

    public static string Role(JsonArray messages) => messages[^1]!["role"]!.GetValue<string>();

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var request = (await JsonNode.ParseAsync(context.Request.Body))!.AsObject();
        requests.Enqueue(request);
        await WriteAsync(context, Script(request["messages"]!.AsArray()));
    }

    private static async Task WriteAsync(HttpContext context, Reply reply)
    {
        switch (reply)
        {
            case Reply.Waits(var until, var then):
                await until.WaitAsync(context.RequestAborted);
                await WriteAsync(context, then);
                break;
            case Reply.Raw(var status, var contentType, var body):
                (context.Response.StatusCode, context.Response.ContentType) = (status, contentType);
                await context.Response.WriteAsync(body);
                break;
            case Reply.Says(var pieces):
                await StreamAsync(context, [.. pieces.Select(piece => new JsonObject { ["content"] = piece })], "stop");
                break;
            case Reply.Calls(var tools):
                await StreamAsync(context, [.. tools.Select((tool, index) => new JsonObject { ["tool_calls"] = new JsonArray(new JsonObject { ["index"] = index, ["id"] = $"call_{index}", ["type"] = "function", ["function"] = new JsonObject { ["name"] = tool.Tool, ["arguments"] = tool.Arguments } }) })], "tool_calls");
                break;
        }
    }

    private static async Task StreamAsync(HttpContext context, IReadOnlyList<JsonObject> deltas, string end)
    {
        context.Response.ContentType = "text/event-stream";
        foreach (var delta in deltas.Append([]))
        {
            var chunk = new JsonObject { ["id"] = "chatcmpl-1", ["object"] = "chat.completion.chunk", ["created"] = 1, ["model"] = "scripted", ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta.DeepClone(), ["finish_reason"] = delta.Count == 0 ? end : null }) };
            await context.Response.WriteAsync($"data: {chunk.ToJsonString(JsonSerializerOptions.Default)}\n\n");
            await context.Response.Body.FlushAsync();
        }
        await context.Response.WriteAsync("data: [DONE]\n\n");
    }
}
