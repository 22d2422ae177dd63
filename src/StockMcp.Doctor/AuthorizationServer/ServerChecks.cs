using System.Globalization;
using System.Text.Json.Nodes;
using StockMcp.Doctor.Http;

namespace StockMcp.Doctor.AuthorizationServer;

/// <summary>A check of the authorization server's metadata, once there are any.</summary>
internal abstract class ServerCheck(string id, string title, string reference, string breaks) : Check(id, title, reference, breaks)
{
    public sealed override async Task<Verdict> RunAsync(Examination it) => await it.DiscoveryAsync() is { Metadata: not null } found ? await RunAsync(it, found, found.Metadata) : Verdict.Skipped("There are no authorization server metadata.");

    protected abstract Task<Verdict> RunAsync(Examination it, Discovery found, JsonObject metadata);
}

internal sealed class ServerMetadata() : Check("as-metadata", "The authorization server's metadata are where clients look", "RFC 8414, section 3.1; MCP 2026-07-28, Authorization Server Metadata Discovery", "Every client.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.DiscoveryAsync() is not { } discovery) return Verdict.Skipped("No authorization server is named.");
        if (discovery.Metadata is not null)
        {
            var elsewhere = Urls.SameOrigin(discovery.Issuer, it.Url) ? "" : " It is on another host or port than the MCP server, which claude.ai has had trouble with (claude-ai-mcp#82, #1047).";
            return Verdict.Passed($"{discovery.Attempts[^1].Url} has them.{elsewhere}");
        }
        var tried = string.Join("; ", discovery.Attempts.Select(attempt => $"{attempt.Url} answers {attempt.Said}"));
        var appended = new Uri(discovery.Issuer.AbsoluteUri.TrimEnd('/') + Urls.AuthorizationServer);
        if (discovery.Attempts.All(attempt => attempt.Url != appended) && await it.Http.GetAsync(appended, it.Stop) is { Status: 200, Json: not null })
            return Verdict.Failed($"They are at {appended}, where no client looks: {tried}.", $"Serve them at {discovery.Attempts[0].Url}: the well-known part comes between host and path.");
        if (discovery.Attempts.All(attempt => !attempt.Answered)) return Verdict.Failed($"{tried}.", "Start the authorization server, and see that clients reach it under this name: not only the MCP server does.");
        return Verdict.Failed($"{tried}.", $"Serve them at {discovery.Attempts[0].Url} as application/json, or name the issuer that has them in authorization_servers.");
    }
}

internal sealed class IssuerEquality() : ServerCheck("as-issuer", "'issuer' is the identifier in authorization_servers, to the letter", "RFC 8414, section 3.3; OpenID Connect Discovery 1.0, section 4.3", "Every client that follows MCP 2025-11-25: it must not use such metadata. The newer SDKs of TypeScript and C# refuse them.")
{
    protected override async Task<Verdict> RunAsync(Examination it, Discovery found, JsonObject metadata)
    {
        var (named, issuer) = (await it.IssuerAsync(), metadata.Text("issuer"));
        if (issuer == named) return Verdict.Passed($"{Foreign.Quoted(issuer)}.");
        var slash = issuer?.TrimEnd('/') == named?.TrimEnd('/') ? ": they differ in the slash at the end" : "";
        return Verdict.Failed($"issuer is {Foreign.Quoted(issuer)}, authorization_servers has {Foreign.Quoted(named)}{slash}.", $"Write {Foreign.Quoted(issuer)} into authorization_servers, if it is the one in its tokens, too; else set the server's issuer.");
    }
}

internal sealed class Endpoints() : ServerCheck("as-endpoints", "There are endpoints for code and token, over https", "RFC 8414, section 2; OAuth 2.1, section 1.5", "Every client.")
{
    protected override Task<Verdict> RunAsync(Examination it, Discovery found, JsonObject metadata)
    {
        foreach (var member in new[] { "authorization_endpoint", "token_endpoint", "registration_endpoint", "jwks_uri" })
        {
            var text = metadata.Text(member);
            if (text is null && member is "registration_endpoint" or "jwks_uri" && !metadata.ContainsKey(member)) continue;
            if (!Urls.TryRead(text, out var url)) return Task.FromResult(Verdict.Failed($"{member} is {Foreign.Quoted(text)}.", $"Set {member} to an absolute https URL."));
            if (Urls.LeadsHome(url, it.Url)) return Task.FromResult(Verdict.Failed($"{member} is {Foreign.Quoted(text)}: the server's own computer, seen from there.", "Set the public base URL of the authorization server: this is a setting for development."));
            if (!Urls.IsSafe(url)) return Task.FromResult(Verdict.Failed($"{member} is {Foreign.Quoted(text)}: plain http.", "Publish https URLs. Behind a TLS proxy: set one public base URL."));
        }
        if (metadata.Texts("response_types_supported") is { } types && !types.Contains("code")) return Task.FromResult(Verdict.Failed("response_types_supported has no code.", "Add code: MCP clients use nothing else."));
        if (metadata.Texts("grant_types_supported") is { } grants)
        {
            if (!grants.Contains("authorization_code")) return Task.FromResult(Verdict.Failed("grant_types_supported has no authorization_code.", "Add it."));
            if (!grants.Contains("refresh_token")) return Task.FromResult(Verdict.Warned("grant_types_supported has no refresh_token: people sign in again each time a token ends.", "Issue refresh tokens, and list the grant."));
        }
        return Task.FromResult(Verdict.Passed("All are absolute, and none is plain http."));
    }
}

internal sealed class ProofKey() : ServerCheck("as-pkce", "PKCE with S256 is offered", "MCP 2026-07-28, Authorization Code Protection; RFC 8414, section 2", "Every client that follows MCP: without code_challenge_methods_supported it must refuse to go on. The TypeScript SDK does.")
{
    protected override Task<Verdict> RunAsync(Examination it, Discovery found, JsonObject metadata) => Task.FromResult(metadata.Texts("code_challenge_methods_supported") switch
    {
        null => Verdict.Failed("code_challenge_methods_supported is missing.", "Support S256 and say so: [\"S256\"]. OpenID providers often leave it out of their document."),
        var methods when !methods.Contains("S256") => Verdict.Failed($"code_challenge_methods_supported is {Foreign.Text(string.Join(' ', methods))}.", "Support S256 and list it."),
        var methods when methods.Contains("plain") => Verdict.Warned("plain is offered beside S256.", "Take S256 alone: with plain, whoever sees the request has the verifier."),
        _ => Verdict.Passed("S256."),
    });
}

internal sealed class IssuerInResponse() : ServerCheck("as-iss", "Answers to authorization requests say who gave them", "RFC 9207, section 2.3; MCP 2026-07-28, Authorization Response Validation", "No client yet. It protects people whose client knows several servers from a code that goes to the wrong one, and MCP is about to require it.")
{
    protected override Task<Verdict> RunAsync(Examination it, Discovery found, JsonObject metadata) => Task.FromResult(metadata.Flag("authorization_response_iss_parameter_supported") is true
        ? Verdict.Passed("authorization_response_iss_parameter_supported is true.")
        : Verdict.Warned("authorization_response_iss_parameter_supported is not true.", "Add iss to every authorization response, errors too, and say so in the metadata."));
}

internal sealed class RegistrationWays() : ServerCheck("as-registration", "A client that nobody knows can get a client_id", "MCP 2026-07-28, Client Registration; RFC 7591", "Clients whose people would have to ask the operator for a client_id: Claude Code, Cursor, MCP Inspector and mcp-remote stop, VS Code asks for one.")
{
    protected override Task<Verdict> RunAsync(Examination it, Discovery found, JsonObject metadata)
    {
        var (documents, endpoint) = (metadata.Flag("client_id_metadata_document_supported") is true, metadata.Text("registration_endpoint") is not null);
        return Task.FromResult((documents, endpoint) switch
        {
            (true, true) => Verdict.Passed("By a client ID metadata document, or by registering."),
            (false, true) => Verdict.Passed("By registering. Client ID metadata documents, which MCP 2026-07-28 prefers, are not offered."),
            (true, false) => Verdict.Warned("By a client ID metadata document alone.", "Offer registration (RFC 7591) as well for as long as clients are about that have no such document: MCP Inspector, mcp-remote, apps built on the SDKs."),
            _ => Verdict.Failed("Neither registration_endpoint nor client_id_metadata_document_supported.", "Offer client ID metadata documents, or dynamic registration. If clients are registered by hand, say in your documentation how to get a client_id, and run this with --client-id."),
        });
    }
}

internal sealed class PublicClients() : ServerCheck("as-public-clients", "Clients without a secret are welcome", "RFC 8414, section 2; RFC 8252, section 8.5", "Claude Code, Claude, ChatGPT, VS Code, Cursor and MCP Inspector, which register with token_endpoint_auth_method none.")
{
    protected override Task<Verdict> RunAsync(Examination it, Discovery found, JsonObject metadata) => Task.FromResult(metadata.Texts("token_endpoint_auth_methods_supported") switch
    {
        null => Verdict.Warned("token_endpoint_auth_methods_supported is missing, which means client_secret_basic alone.", "List none, and whatever else is taken."),
        var methods when methods.Contains("none") => Verdict.Passed("token_endpoint_auth_methods_supported has none."),
        var methods => Verdict.Failed($"token_endpoint_auth_methods_supported is {Foreign.Text(string.Join(' ', methods))}.", "Take public clients, with PKCE, and list none."),
    });
}

internal sealed class SigningKeys() : ServerCheck("as-keys", "Its keys can be had, and told apart", "RFC 7517, section 4.5; RFC 8414, section 2", "Resource servers, which find no key after the next rotation.")
{
    protected override async Task<Verdict> RunAsync(Examination it, Discovery found, JsonObject metadata)
    {
        if (await it.EndpointAsync("jwks_uri") is not { } url) return Verdict.Passed("There is no jwks_uri: its tokens are looked up, not read.");
        var answer = await it.Http.GetAsync(url, it.Stop);
        if (answer.Json?["keys"] is not JsonArray { Count: > 0 } keys) return Verdict.Failed($"{url} answers {answer.Said}, and no key.", "Serve the public keys there, as a JSON Web Key Set.");
        if (keys.Any(key => key.Text("d") is not null || key.Text("k") is not null)) return Verdict.Failed("It publishes a private or a shared key.", "Publish public keys alone, and throw this one away at once.") with { Breaks = "Everybody: whoever reads it can make tokens." };
        if (keys.Any(key => key.Text("kid") is null)) return Verdict.Warned("A key has no kid.", "Give each key a kid, and keep the old one in the set until its last token has ended.");
        return Verdict.Passed($"{keys.Count} with a kid each.");
    }
}

internal sealed class ReadableByScripts() : ServerCheck("metadata-cors", "Scripts of web pages may read the metadata", "Fetch Standard, CORS protocol", "Clients that run in a browser, such as MCP Inspector's page when it connects by itself.")
{
    private static readonly (string, string) s_page = ("Origin", "https://stockmcp-doctor.invalid");

    protected override async Task<Verdict> RunAsync(Examination it, Discovery found, JsonObject metadata)
    {
        var places = new List<Uri> { found.Attempts[^1].Url };
        if ((await it.PathMetadataAsync()).Status == 200) places.Add(Urls.MetadataOf(it.Url));
        foreach (var place in places)
        {
            if ((await it.Http.GetAsync(place, it.Stop, s_page)).Header("Access-Control-Allow-Origin") is null)
                return Verdict.Warned($"{place} has no Access-Control-Allow-Origin.", "Send Access-Control-Allow-Origin: * with both documents: they are public. This is no leave for the MCP endpoint itself.");
        }
        return Verdict.Passed("They may.");
    }
}

internal sealed class Clocks() : ServerCheck("clocks", "The clocks agree", "RFC 7519, section 4.1.5", "Everybody, now and then: a token that is not good yet is refused. Allow 30 to 60 seconds on nbf and iat.")
{
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(30);

    protected override async Task<Verdict> RunAsync(Examination it, Discovery found, JsonObject metadata)
    {
        // Asked one after the other, so that what is compared is of one moment.
        var (resource, server) = (Date(await it.Http.GetAsync(Urls.MetadataOf(it.Url), it.Stop)), Date(await it.Http.GetAsync(found.Attempts[^1].Url, it.Stop)));
        if (resource is not { } one || server is not { } other) return Verdict.Skipped("An answer has no Date.");
        var apart = (one - other).Duration();
        return apart <= s_most ? Verdict.Passed("Less than 30 seconds apart.") : Verdict.Warned($"MCP server and authorization server are {apart.TotalSeconds:0} seconds apart.", "Set both by NTP.");
    }

    private static DateTimeOffset? Date(Answer answer) => DateTimeOffset.TryParse(answer.Header("Date"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? date : null;
}
