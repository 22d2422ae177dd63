using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using StockMcp.Testing.Harness;

namespace StockMcp.EndToEnd.Tests;

/// <summary>In the place of a model account: Anthropic's Messages API (https://docs.claude.com/en/api/messages-streaming), where the model calls one tool, and then says what the tool answered.</summary>
internal sealed class ScriptedClaude : IAsyncDisposable
{
    private WebApplication app = null!;

    /// <summary>The tool that it calls, and with what.</summary>
    public (string Tool, string Arguments) Calls { get; set; }

    public Uri Url { get; } = new($"http://127.0.0.1:{FreePorts.Take()}/");

    public static async Task<ScriptedClaude> StartAsync()
    {
        var model = new ScriptedClaude();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(model.Url.AbsoluteUri);
        builder.Logging.ClearProviders();
        model.app = builder.Build();
        model.app.MapPost("/v1/messages", model.AnswerAsync);
        await model.app.StartAsync();
        return model;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var asked = (await JsonNode.ParseAsync(context.Request.Body))!;
        // Not in the last message alone: behind it may stand what the client has to say itself.
        var results = asked["messages"]!.AsArray().Select(message => message!["content"]).OfType<JsonArray>().SelectMany(parts => parts).Where(part => part!["type"]!.GetValue<string>() == "tool_result").ToList();
        var text = results.Count > 0 ? "The tool said: " + string.Join(' ', results.Select(result => result!["content"]!.ToJsonString())) : "Done.";
        var calls = results.Count == 0 && asked["tools"] is JsonArray { Count: > 0 };
        context.Response.ContentType = "text/event-stream";
        await SayAsync("message_start", new() { ["message"] = new JsonObject { ["id"] = "msg_1", ["type"] = "message", ["role"] = "assistant", ["model"] = asked["model"]!.DeepClone(), ["content"] = new JsonArray(), ["usage"] = Usage() } });
        await SayAsync("content_block_start", new() { ["index"] = 0, ["content_block"] = calls ? new JsonObject { ["type"] = "tool_use", ["id"] = "toolu_1", ["name"] = Calls.Tool, ["input"] = new JsonObject() } : new JsonObject { ["type"] = "text", ["text"] = "" } });
        await SayAsync("content_block_delta", new() { ["index"] = 0, ["delta"] = calls ? new JsonObject { ["type"] = "input_json_delta", ["partial_json"] = Calls.Arguments } : new JsonObject { ["type"] = "text_delta", ["text"] = text } });
        await SayAsync("content_block_stop", new() { ["index"] = 0 });
        await SayAsync("message_delta", new() { ["delta"] = new JsonObject { ["stop_reason"] = calls ? "tool_use" : "end_turn" }, ["usage"] = Usage() });
        await SayAsync("message_stop", []);

        Task SayAsync(string type, JsonObject data)
        {
            data["type"] = type;
            return context.Response.WriteAsync($"event: {type}\ndata: {data.ToJsonString()}\n\n");
        }

        static JsonObject Usage() => new() { ["input_tokens"] = 1, ["output_tokens"] = 1 };
    }
}
