using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using StockMcp.Doctor.Http;

namespace StockMcp.Doctor.McpEndpoint;

/// <summary>A check that needs a session.</summary>
internal abstract class SessionCheck(string id, string title, string reference, string breaks) : Check(id, title, reference, breaks)
{
    public sealed override async Task<Verdict> RunAsync(Examination it)
        => await it.SessionAsync() is { } session ? await RunAsync(it, session) : await it.TokenAsync() is null ? await it.NoTokenAsync() : Verdict.Skipped("The server does not speak MCP with this token: see mcp-initialize.");

    protected abstract Task<Verdict> RunAsync(Examination it, McpSession session);

    /// <summary>The error of JSON-RPC, in a few words.</summary>
    protected static string ErrorOf(Answer answer) => answer.Rpc?["error"] is JsonObject error ? $"{answer.Status} and the error {error.Number("code")}: {Foreign.Text(error.Text("message"))}" : answer.SaidWithError;
}

internal sealed class Initialize() : Check("mcp-initialize", "With the token, the server speaks MCP", "MCP 2025-11-25, Lifecycle; MCP 2026-07-28, Versioning", "Every client.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.TokenAsync() is not { } token) return await it.NoTokenAsync();
        if (await it.SessionAsync() is { } session) return Verdict.Passed(session.Revision == McpSession.Stateful ? "initialize is answered." : "server/discover is answered; initialize is not, which older clients need.");
        var answer = await McpSession.Initialize(it).PostAsync(token);
        return answer.Status == 401
            ? Verdict.Failed("The token is refused.", "See the server's log. It is the audience (the resource, to the letter), the issuer (to the letter, with its slash), a key that the server has not fetched, or a clock.")
            : Verdict.Failed($"initialize is told {answer.SaidWithError}, and server/discover no result.", "Answer initialize with the newest revision that the server speaks, as application/json or text/event-stream.");
    }
}

internal sealed class Discover() : SessionCheck("mcp-discover", "Clients of 2026-07-28 are served, or told so", "MCP 2026-07-28, Versioning", "Clients that ask for the newest revision first, and fall back on a JSON-RPC error alone.")
{
    protected override async Task<Verdict> RunAsync(Examination it, McpSession session)
    {
        var answer = await session.InStateless().CallAsync("server/discover", []);
        if (answer.Rpc?["result"] is JsonObject) return Verdict.Passed("server/discover is answered.");
        return answer.Rpc?["error"] is JsonObject || answer.Status is 400 or 404 or 405
            ? Verdict.Passed($"It is told {ErrorOf(answer)}; clients fall back to initialize.")
            : Verdict.Warned($"server/discover is told {answer.SaidWithError}.", "Answer a method that is not known with a JSON-RPC error (-32601).");
    }
}

internal sealed partial class ToolList() : SessionCheck("mcp-tools-list", "The tools can be listed, and each says what it is", "MCP 2026-07-28, Tools", "Clients that drop a tool whose name or schema they do not take, or ask people for each call of a tool without annotations.")
{
    private const int Longest = 64;

    protected override async Task<Verdict> RunAsync(Examination it, McpSession session)
    {
        if (await it.ToolsAsync() is not { } tools)
            return Verdict.Failed($"tools/list is told {ErrorOf(await session.CallAsync("tools/list", []))}.", "Answer tools/list with a list, whatever the token's scopes: each tool asks for its own when it is called.");
        if (tools.Count == 0) return Verdict.Warned("There are none for this token.", "List tools that the token has no scope for as well: a client cannot ask for more where it sees nothing.");
        foreach (var tool in tools)
        {
            var name = tool.Text("name");
            if (name is null || !Name().IsMatch(name)) return Verdict.Failed($"There is a tool named {Foreign.Quoted(name)}.", "Use letters, digits, '_', '-' and '.'.");
            if (name.Length > Longest) return Verdict.Failed($"{Foreign.Quoted(name)} has {name.Length} characters.", $"Use at most {Longest}: clients put their own prefix before it.");
            if (tool["inputSchema"].Text("type") != "object") return Verdict.Failed($"{Foreign.Quoted(name)} has no inputSchema of type object.", "Publish one, even for a tool without arguments.");
        }
        if (tools.Select(tool => tool.Text("name")).Distinct().Count() < tools.Count) return Verdict.Failed("Two tools have one name.", "Name each once.");
        var bare = tools.Where(tool => tool.Text("description") is not { Length: > 0 } || tool["annotations"] is not JsonObject).Select(tool => tool.Text("name")).ToList();
        return bare.Count == 0 ? Verdict.Passed($"{tools.Count} tools.") : Verdict.Warned($"Without description or annotations: {Foreign.Text(string.Join(' ', bare))}.", "Describe each tool, and set readOnlyHint and destructiveHint: without them a client takes a tool for destructive.");
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_.\-]+\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}

internal sealed class ToolCall() : SessionCheck("mcp-tool-call", "A tool can be called", "MCP 2026-07-28, Tools, Calling Tools", "Every client.")
{
    protected override async Task<Verdict> RunAsync(Examination it, McpSession session)
    {
        var tools = await it.ToolsAsync() ?? [];
        if ((it.Options.Tool ?? tools.FirstOrDefault(Harmless).Text("name")) is not { } tool) return Verdict.Skipped("None says that it only reads and needs no arguments: name one with --tool.");
        var answer = await session.CallToolAsync(tool, []);
        if (answer.Status == 403) return Verdict.Skipped($"{Foreign.Quoted(tool)} needs more scope than the token has: name another with --tool.");
        if (answer.Rpc?["result"] is not JsonObject result) return Verdict.Failed($"{Foreign.Quoted(tool)} is told {ErrorOf(answer)}.", "See the server's log.");
        return result.Flag("isError") is true ? Verdict.Warned($"{Foreign.Quoted(tool)} answers with an error: {Foreign.Text((result["content"] as JsonArray)?.FirstOrDefault().Text("text"))}.", "See whether that is meant.") : Verdict.Passed($"{Foreign.Quoted(tool)} answers.");
    }

    private static bool Harmless(JsonObject tool) => tool["annotations"].Flag("readOnlyHint") is true && (tool["inputSchema"] as JsonObject)?["required"] is not JsonArray { Count: > 0 };
}

internal sealed partial class ScopeStepUp() : SessionCheck("step-up", "A tool that needs more scope says so with a 403", "MCP 2026-07-28, Authorization, Scope Challenge Handling; RFC 6750, section 3.1", "Claude Code, VS Code, and the SDKs of TypeScript and C#: they ask the person for more on this answer alone. A JSON-RPC error in a 200 is a dead end.")
{
    private const int MostTools = 20;
    private const string Fix = "Decide before MCP answers: 403 with WWW-Authenticate: Bearer error=\"insufficient_scope\", scope=\"(all that this call needs)\", resource_metadata=\"…\".";

    protected override async Task<Verdict> RunAsync(Examination it, McpSession session)
    {
        // Others might do something, even without arguments.
        var tools = it.Options.StepUpTool is { } named ? [named] : (await it.ToolsAsync() ?? []).Where(tool => tool["annotations"].Flag("readOnlyHint") is true).Select(tool => tool.Text("name")!).Take(MostTools).ToList();
        foreach (var tool in tools)
        {
            var answer = await session.CallToolAsync(tool, []);
            if (answer.Status == 403) return Look(tool, answer, (await it.ScopesAsync()).Split(' '));
            if (answer.Status == 401) return Verdict.Failed($"{Foreign.Quoted(tool)} is told 401, though the token is good.", Fix + " A 401 makes clients refresh, or sign in for the same scopes again.");
            if (Refusal(answer) is { } refusal) return Verdict.Failed($"{Foreign.Quoted(tool)} is refused in a {answer.Status}: {refusal}.", Fix);
        }
        return Verdict.Skipped(it.Options.StepUpTool is { } one ? $"{Foreign.Quoted(one)} was not refused." : "No read-only tool refused the token: ask for less with --scope, or name a tool with --step-up-tool, which is then called with empty arguments.");
    }

    private static Verdict Look(string tool, Answer answer, string[] held) => Challenge.Of(answer) switch
    {
        null => Verdict.Failed($"{Foreign.Quoted(tool)} is told 403 without WWW-Authenticate: Bearer.", Fix),
        { Error: not "insufficient_scope" and var error } => Verdict.Failed($"{Foreign.Quoted(tool)} is told 403, and error is {Foreign.Quoted(error)}.", Fix),
        { Scopes.Count: 0 } => Verdict.Failed($"{Foreign.Quoted(tool)} is told insufficient_scope, and not which.", Fix),
        var challenge when challenge.Scopes.All(held.Contains) => Verdict.Warned($"{Foreign.Quoted(tool)} asks for {Foreign.Quoted(challenge.Scope)}, which was asked for already.", "If the person did not allow it, this is right. Else name the scope that is missing: a client that asks for the same again gives up."),
        { ResourceMetadata: null } => Verdict.Warned($"{Foreign.Quoted(tool)} asks for the scope, without resource_metadata.", "Send resource_metadata here, too."),
        var challenge => Verdict.Passed($"{Foreign.Quoted(tool)} asks for {Foreign.Quoted(challenge.Scope)}."),
    };

    private static string? Refusal(Answer answer)
    {
        var text = answer.Rpc?["error"].Text("message") ?? (answer.Rpc?["result"].Flag("isError") is true ? (answer.Rpc["result"]!["content"] as JsonArray)?.FirstOrDefault().Text("text") : null);
        return text is not null && Words().IsMatch(text) ? Foreign.Text(text) : null;
    }

    [GeneratedRegex("forbidden|insufficient|scope|not authori[sz]ed|unauthori[sz]ed|requires authori[sz]ation|access denied|permission", RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Words();
}

internal sealed class TokenInQuery() : SessionCheck("token-in-query", "A token in the URL is not taken", "OAuth 2.1, section 5.1; MCP 2026-07-28, Token Requirements", "People: URLs stay in logs, histories and referrers.")
{
    protected override async Task<Verdict> RunAsync(Examination it, McpSession session)
    {
        if (it.Options.Token is not null) return Verdict.Skipped("A token that you gave is not written into a URL, where logs keep it: use --login, whose token is given back at the end.");
        var token = (await it.TokenAsync())!;
        var answer = await session.CallAsync(Urls.WithQuery(it.Url, [new("access_token", token.Value)]), null, "tools/list", []);
        return answer.Status is >= 200 and < 300 && answer.Rpc?["result"] is JsonObject ? Verdict.Failed("It is taken.", "Read tokens from the Authorization header alone.") : Verdict.Passed($"{answer.Status}.");
    }
}
