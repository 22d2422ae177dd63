using System.Text.Json.Nodes;
using StockMcp.Doctor.Http;

namespace StockMcp.Doctor.McpEndpoint;

/// <summary>MCP over Streamable HTTP, one request at a time, so that status and headers of each can be seen.</summary>
internal sealed class McpSession
{
    public const string Stateful = "2025-11-25";
    public const string Stateless = "2026-07-28";
    private const int MostPages = 20;
    private readonly Examination it;
    private int requests;

    private McpSession(Examination it, string revision, Secret? token) => (this.it, Revision, Token) = (it, revision, token);

    /// <summary>The revision that requests are sent in.</summary>
    public string Revision { get; }

    public string? SessionId { get; private set; }

    private Secret? Token { get; }

    /// <summary>A session that has not begun.</summary>
    public static McpSession Initialize(Examination it) => new(it, Stateful, null);

    /// <summary>Finds a revision that the server speaks: the one with a handshake first, as most clients still do.</summary>
    public static async Task<McpSession?> OpenAsync(Examination it, Secret token)
    {
        var session = new McpSession(it, Stateful, token);
        var answer = await session.PostAsync(token);
        if (answer.Status == 200 && answer.Rpc?["result"] is JsonObject)
        {
            session.SessionId = answer.Header("Mcp-Session-Id");
            if (session.SessionId is not null) await session.SendAsync(new JsonObject { ["jsonrpc"] = "2.0", ["method"] = "notifications/initialized" }, token, []);
            return session;
        }
        var stateless = new McpSession(it, Stateless, token);
        return (await stateless.CallAsync("server/discover", [])).Rpc?["result"] is JsonObject ? stateless : null;
    }

    /// <summary>Sends <c>initialize</c>, with this token or without one.</summary>
    public Task<Answer> PostAsync(Secret? token, params (string Name, string Value)[] headers) => SendAsync(Message("initialize", new JsonObject
    {
        ["protocolVersion"] = Stateful,
        ["capabilities"] = new JsonObject(),
        ["clientInfo"] = ClientInfo(),
    }), token, headers);

    /// <summary>Sends one request.</summary>
    public Task<Answer> CallAsync(string method, JsonObject parameters, string? name = null) => CallAsync(it.Url, Token, method, parameters, name);

    /// <summary>Sends one request to another form of the URL, or with another token.</summary>
    public Task<Answer> CallAsync(Uri url, Secret? token, string method, JsonObject parameters, string? name = null)
    {
        if (Revision != Stateless) return SendAsync(Message(method, parameters), token, [], url);
        parameters["_meta"] = new JsonObject
        {
            ["io.modelcontextprotocol/protocolVersion"] = Stateless,
            ["io.modelcontextprotocol/clientInfo"] = ClientInfo(),
            ["io.modelcontextprotocol/clientCapabilities"] = new JsonObject(),
        };
        return SendAsync(Message(method, parameters), token, name is null ? [("Mcp-Method", method)] : [("Mcp-Method", method), ("Mcp-Name", name)], url);
    }

    /// <summary>The same server, spoken to in the stateless revision.</summary>
    public McpSession InStateless() => new(it, Stateless, Token);

    public Task<Answer> CallToolAsync(string tool, JsonObject arguments) => CallAsync("tools/call", new JsonObject { ["name"] = tool, ["arguments"] = arguments }, tool);

    /// <summary>Every tool, page by page; <see langword="null"/> if the answer is no list.</summary>
    public async Task<IReadOnlyList<JsonObject>?> ListToolsAsync()
    {
        var tools = new List<JsonObject>();
        string? cursor = null;
        for (var page = 0; page < MostPages; page++)
        {
            var answer = await CallAsync("tools/list", cursor is null ? [] : new JsonObject { ["cursor"] = cursor });
            if (answer.Rpc?["result"] is not JsonObject result || result["tools"] is not JsonArray list) return null;
            tools.AddRange(list.OfType<JsonObject>());
            cursor = result.Text("nextCursor");
            if (cursor is null) break;
        }
        return tools;
    }

    /// <summary>Ends the session, where the server keeps one.</summary>
    public async Task EndAsync()
    {
        if (SessionId is not null) await it.Http.SendAsync(new HttpRequestMessage(HttpMethod.Delete, it.Url), it.Stop, Headers(Token, []));
    }

    private static JsonObject ClientInfo() => new() { ["name"] = "stockmcp-doctor", ["version"] = "1.0" };

    private JsonObject Message(string method, JsonObject parameters) => new() { ["jsonrpc"] = "2.0", ["id"] = ++requests, ["method"] = method, ["params"] = parameters };

    private Task<Answer> SendAsync(JsonObject message, Secret? token, (string, string)[] headers, Uri? url = null) => it.Http.PostJsonAsync(url ?? it.Url, message.ToJsonString(), it.Stop, Headers(token, headers));

    private (string, string)[] Headers(Secret? token, (string, string)[] more)
    {
        List<(string, string)> headers = [("Accept", "application/json, text/event-stream"), ("MCP-Protocol-Version", Revision)];
        if (SessionId is not null) headers.Add(("Mcp-Session-Id", SessionId));
        if (token is not null) headers.Add(("Authorization", $"Bearer {token.Value}"));
        return [.. headers, .. more];
    }
}
