using StockMcp.Doctor.Http;
using StockMcp.Doctor.McpEndpoint;

namespace StockMcp.Doctor.ProtectedResource;

internal sealed class McpUrl() : Check("mcp-url", "The MCP URL is https, or on this computer, and answers itself", "MCP 2026-07-28, Authorization, Communication Security", "Every client: tokens would pass in clear, and few clients send a POST on to where a redirect points.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        var answer = await it.WithoutTokenAsync();
        if (!answer.Answered) return Verdict.Failed($"{it.Url} gave no answer: {answer.Problem}.", "Start the server, and see that name, port and certificate are right.");
        if (answer.IsRedirect) return Verdict.Failed($"It answers {answer.Said}.", "Give the URL it redirects to, or serve MCP at this one: clients compare the URL that they were given with the metadata.");
        if (!Urls.IsSafe(it.Url)) return Verdict.Failed("It is plain http on another computer.", "Serve it over https, and publish that URL.");
        if (it.Url.Fragment.Length > 0) return Verdict.Failed("It has a fragment.", "Leave out what follows '#': such a URL cannot be a resource (RFC 8707, section 2).");
        return Verdict.Passed($"{it.Url} answers.");
    }
}

internal sealed class ChallengeStatus() : Check("challenge-401", "A request without a token is answered with 401", "RFC 6750, section 3; RFC 9728, section 5.1", "Every client: the 401 is what starts the sign-in.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        var answer = await it.WithoutTokenAsync();
        return answer.Status switch
        {
            401 when Challenge.Of(answer) is not null => Verdict.Passed("401 with a Bearer challenge."),
            401 => Verdict.Failed("401 without WWW-Authenticate: Bearer.", "Send WWW-Authenticate: Bearer resource_metadata=\"…\". Behind a proxy, see that it lets the header through."),
            >= 200 and < 300 => Verdict.Failed($"{answer.Status}: initialize works for everybody.", "Ask for a token before anything of MCP is answered. If some tools are meant to be open to all, those that are not must answer 401, not a JSON-RPC error."),
            _ => Verdict.Failed($"{answer.SaidWithError}.", "Answer 401 with WWW-Authenticate: Bearer. A 403, a 404 or a sign-in page tells a client that there is nothing to sign in to."),
        };
    }
}

internal sealed class ChallengeMetadata() : Check("challenge-metadata", "The challenge says where the metadata are", "RFC 9728, section 5.1; MCP 2026-07-28, Authorization Server Discovery", "Clients that take the URL as it is, which are nearly all; over http from an https server none can.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.ChallengeAsync() is not { } challenge) return Verdict.Skipped("There is no challenge.");
        if (challenge.ResourceMetadata is not { } text)
            return Verdict.Warned("It has no resource_metadata: clients guess the well-known paths.", "Send WWW-Authenticate: Bearer resource_metadata=\"" + Urls.MetadataOf(it.Url) + "\".");
        if (!Urls.TryRead(text, out var url)) return Verdict.Failed($"resource_metadata is {Foreign.Quoted(text)}, which is no absolute URL.", "Send the whole URL, with https and host.");
        if (it.Url.Scheme == "https" && url.Scheme == "http")
            return Verdict.Failed($"resource_metadata is {Foreign.Quoted(text)}: http, though the server is https.", "The server builds it from what it sees behind a TLS proxy. Set one public base URL, or let it trust X-Forwarded-Proto from that proxy alone.");
        if (!Urls.SameOrigin(url, it.Url)) return Verdict.Failed($"resource_metadata is {Foreign.Quoted(text)}: another host than the server's.", "Publish it under the host that clients use. Set one public base URL; do not build URLs from the Host that a proxy passes on.");
        var answer = (await it.ChallengedMetadataAsync())!;
        return answer is { Status: 200, Json: not null } ? Verdict.Passed($"{url.AbsolutePath} has them.") : Verdict.Failed($"{url} answers {answer.Said}.", "Serve the metadata there as application/json, without a token.");
    }
}

internal sealed class ChallengeError() : Check("challenge-no-error", "Without a token, the challenge names no error", "RFC 6750, section 3.1", "Clients that take invalid_token as a reason to throw a token away, and then sign in anew.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.ChallengeAsync() is not { } challenge) return Verdict.Skipped("There is no challenge.");
        return challenge.Error is { } error ? Verdict.Warned($"It says error={Foreign.Quoted(error)}, though there was nothing wrong with any token.", "Send error only where there was a token.") : Verdict.Passed("It names none.");
    }
}

internal sealed class ChallengeScope() : Check("challenge-scope", "The challenge names the scopes to begin with", "MCP 2026-07-28, Authorization, Scope Selection Strategy", "Clients without this hint ask for everything in scopes_supported (VS Code), or for nothing (Codex).")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.ChallengeAsync() is not { } challenge) return Verdict.Skipped("There is no challenge.");
        if (challenge.Scopes.Contains("offline_access")) return Verdict.Warned("It names offline_access.", "Leave it out: a refresh token is no requirement of the resource, and clients ask for it themselves where the authorization server lists it.");
        if (challenge.Scopes.Count > 0) return Verdict.Passed($"{Foreign.Quoted(challenge.Scope)}.");
        return (await it.ResourceMetadataAsync()).Texts("scopes_supported") is { Count: > 0 } all
            ? Verdict.Warned($"It names none, so clients ask for all of scopes_supported: {Foreign.Text(string.Join(' ', all))}.", "Send scope=\"…\" with the few that let a client see, and ask for the rest when a tool needs it.")
            : Verdict.Passed("It names none, and there is none in scopes_supported: clients ask without scope.");
    }
}

internal sealed class ChallengeForEveryClient() : Check("challenge-every-client", "The challenge depends neither on Accept nor on User-Agent", "RFC 9110, section 15.5.2", "claude.ai, which looks first with a browser's Accept header; clients that send no User-Agent.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if ((await it.WithoutTokenAsync()).Status != 401) return Verdict.Skipped("There is no 401 to compare with.");
        foreach (var (who, headers) in new (string, (string, string)[])[] { ("a browser's Accept header", [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")]), ("no User-Agent", [("User-Agent", "")]) })
        {
            var answer = await McpSession.Initialize(it).PostAsync(null, headers);
            if (answer.Status != 401) return Verdict.Failed($"With {who} it answers {answer.Said} instead.", "Check the token before anything else about the request, and let no firewall decide on these headers.");
        }
        var read = await it.Http.GetAsync(it.Url, it.Stop);
        return read.Status is 401 or 405 ? Verdict.Passed("401 each time.") : Verdict.Warned($"GET answers {read.Said}.", "Answer GET without a token with 401 (or 405 where no stream is served), so that a client that looks with GET learns how to sign in.");
    }
}
