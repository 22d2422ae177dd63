using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using StockMcp.Doctor.Http;
using StockMcp.Doctor.McpEndpoint;

namespace StockMcp.Doctor.Tokens;

/// <summary>Sends a token that nobody gave out.</summary>
internal abstract class ForgedTokenCheck(string id, string title, string reference, string breaks) : Check(id, title, reference, breaks)
{
    public sealed override async Task<Verdict> RunAsync(Examination it)
    {
        if ((await it.WithoutTokenAsync()).Status is >= 200 and < 300) return Verdict.Skipped("The server asks for no token.");
        var answer = await McpSession.Initialize(it).PostAsync(await ForgeAsync(it));
        return answer.Status switch
        {
            401 => await RefusedAsync(it, answer),
            503 when await it.ServerMetadataAsync() is null => Verdict.Skipped("503: the server cannot reach its authorization server either, and says so."),
            >= 200 and < 300 => Verdict.Failed("The server takes it.", "Check signature, issuer, audience and end of every token before anything else.") with { Breaks = "Everybody: whoever makes up a token is let in." },
            _ => Verdict.Failed($"It is told {answer.SaidWithError}.", Cure),
        };
    }

    protected virtual string Cure => "Answer 401 with error=\"invalid_token\", whatever is wrong with a token: a client refreshes on a 401 alone.";

    protected abstract Task<Secret> ForgeAsync(Examination it);

    protected virtual Task<Verdict> RefusedAsync(Examination it, Answer answer) => Task.FromResult(Verdict.Passed("401."));

    protected static async Task<JsonObject> ClaimsAsync(Examination it)
    {
        var now = it.Time.GetUtcNow().ToUnixTimeSeconds();
        return new JsonObject
        {
            ["iss"] = (await it.ServerMetadataAsync()).Text("issuer") ?? await it.IssuerAsync(),
            ["aud"] = await it.ResourceAsync(),
            ["sub"] = "stockmcp-doctor",
            ["client_id"] = "stockmcp-doctor",
            ["jti"] = "stockmcp-doctor",
            ["scope"] = await it.ScopesAsync(),
            ["iat"] = now,
            ["exp"] = now + 300,
        };
    }
}

internal sealed class BadToken() : ForgedTokenCheck("bad-token", "A token that is none is answered with 401 invalid_token", "RFC 6750, section 3.1; MCP 2026-07-28, Token Handling", "Clients whose token has ended: they refresh, or sign in again, on this answer alone.")
{
    protected override Task<Secret> ForgeAsync(Examination it) => Task.FromResult(new Secret("stockmcp-doctor-made-this-up"));

    protected override Task<Verdict> RefusedAsync(Examination it, Answer answer) => Task.FromResult(Challenge.Of(answer) switch
    {
        null => Verdict.Failed("401 without WWW-Authenticate: Bearer.", Cure),
        { Error: not "invalid_token" and var error } => Verdict.Warned($"401, and error is {Foreign.Quoted(error)}.", "Add error=\"invalid_token\": it tells a token that has ended from one that was not sent."),
        { ResourceMetadata: null } => Verdict.Warned("401 invalid_token, without resource_metadata.", "Send resource_metadata here, too: a client may have to find another authorization server than last time."),
        _ => Verdict.Passed("401 invalid_token, and where the metadata are."),
    });
}

internal sealed class UnknownKey() : ForgedTokenCheck("unknown-kid", "A token with an unknown kid is a 401, each time", "RFC 7515, section 4.1.4", "Everybody, for as long as one forged token keeps the server from its keys: look for new keys once per unknown kid, and not too often.")
{
    protected override string Cure => "Fetch the keys again at an unknown kid, at most once in some seconds and without failing, and answer 401 if it stays unknown.";

    protected override async Task<Secret> ForgeAsync(Examination it)
        => Jwt.Unsigned(new JsonObject { ["alg"] = "ES256", ["typ"] = "at+jwt", ["kid"] = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(9)) }, await ClaimsAsync(it), Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(64)));

    protected override async Task<Verdict> RefusedAsync(Examination it, Answer answer)
    {
        var again = await McpSession.Initialize(it).PostAsync(await ForgeAsync(it));
        return again.Status switch { 401 => Verdict.Passed("401, twice."), 429 => Verdict.Passed("401, and then 429."), _ => Verdict.Failed($"401, and then {again.SaidWithError}.", Cure) };
    }
}

internal sealed class UnsignedToken() : ForgedTokenCheck("unsigned-token", "A token that nobody signed is a 401", "RFC 8725, section 3.2; RFC 9068, section 4", "Everybody: whoever writes down a name is let in under it.")
{
    protected override async Task<Secret> ForgeAsync(Examination it) => Jwt.Unsigned(new JsonObject { ["alg"] = "none", ["typ"] = "at+jwt" }, await ClaimsAsync(it), "");
}

internal sealed class ForeignOrigin() : Check("origin-foreign", "A page of another site is refused", "MCP 2026-07-28, Streamable HTTP, Security & Endpoint", "People: a page that they visit could use a server on their computer or in their network (DNS rebinding).")
{
    private static readonly (string, string) s_page = ("Origin", "https://stockmcp-doctor.invalid");

    public override async Task<Verdict> RunAsync(Examination it)
    {
        var answer = await McpSession.Initialize(it).PostAsync(null, s_page);
        if (answer.Status is 401 && await it.TokenAsync() is { } token) answer = await McpSession.Initialize(it).PostAsync(token, s_page);
        return answer.Status switch
        {
            403 => Verdict.Passed("403."),
            401 => Verdict.Skipped("The token is looked at first: run again with --login, or with --token, to see what comes then."),
            >= 200 and < 300 => Verdict.Failed("It is answered like any other.", "Answer 403 to an Origin that is not one of yours or of a page that you named. Clients that are no web page send none."),
            _ => Verdict.Warned($"It is told {answer.Said}.", "Answer 403."),
        };
    }
}
