using StockMcp.Doctor.Http;

namespace StockMcp.Doctor.ProtectedResource;

internal sealed class PathMetadata() : Check("prm-path", "The metadata are where RFC 9728 puts them", "RFC 9728, section 3.1; MCP 2026-07-28, Authorization Server Discovery", "Clients that ask for the well-known path of the URL: Claude Code, MCP Inspector, mcp-remote and the SDKs where the challenge does not help.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        var (answer, place) = (await it.PathMetadataAsync(), Urls.MetadataOf(it.Url));
        if (answer is { Status: 200, Json: not null })
            return answer.MediaType == "application/json" ? Verdict.Passed($"{place.AbsolutePath} has them.") : Verdict.Warned($"{place.AbsolutePath} has them as {Foreign.Quoted(answer.MediaType)}.", "Send Content-Type: application/json (RFC 9728, section 3.2).");
        var seen = $"{place} answers {answer.Said}{(answer.Status == 200 ? ", and no JSON object" : "")}.";
        var fix = $"Serve the metadata at {place.AbsolutePath} too: the well-known part comes between host and path.";
        return await it.ChallengedMetadataAsync() is { Status: 200, Json: not null } ? Verdict.Warned(seen + " The challenge points to where they are.", fix) : Verdict.Failed(seen, fix);
    }
}

internal sealed class RootMetadata() : Check("prm-root", "The metadata are at the root of the host, too", "MCP 2026-07-28, Authorization Server Discovery", "Older clients, which look there alone; web connectors that drop the path.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (Urls.MetadataOf(it.Url) == Urls.RootMetadataOf(it.Url)) return Verdict.Passed("The server is at the root: it is the same place.");
        var answer = await it.RootMetadataAsync();
        if (answer is not { Status: 200, Json: { } root }) return Verdict.Warned($"{Urls.ProtectedResource} answers {answer.Said}.", "Serve the same document there, unless the host has several MCP servers.");
        var path = (await it.PathMetadataAsync()).Json;
        return path is null || root.Text("resource") == path.Text("resource") ? Verdict.Passed("The same resource.") : Verdict.Warned($"It is about {Foreign.Quoted(root.Text("resource"))}, the one of the path about {Foreign.Quoted(path.Text("resource"))}.", "Serve one document in both places, unless the host has several MCP servers.");
    }
}

internal sealed class ResourceEquality() : Check("prm-resource", "'resource' is the URL of the server, to the letter", "RFC 9728, section 3.3; RFC 8707, section 2", "VS Code and claude.ai, which compare to the letter; the SDKs refuse what is not the URL, its host or a folder above it.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.ResourceMetadataAsync() is not { } metadata) return Verdict.Skipped("There are no metadata.");
        var typed = it.Options.Url.Trim();
        if (metadata.Text("resource") is not { } resource || !Urls.TryRead(resource, out var url)) return Verdict.Failed($"resource is {Foreign.Quoted(metadata.Text("resource"))}.", $"Set it to \"{typed}\".");
        if (resource == typed || resource == it.Url.AbsoluteUri) return Verdict.Passed($"{Foreign.Quoted(resource)}.");
        var fix = $"Set resource to \"{typed}\", and give the authorization server the same one: tokens carry it as their audience.";
        var seen = $"resource is {Foreign.Quoted(resource)}, the URL is '{typed}'";
        if (resource.TrimEnd('/') == typed.TrimEnd('/')) return Verdict.Failed($"{seen}: they differ in the slash at the end.", $"Let the URL that people are given and resource agree, at the authorization server, too: MCP prefers the form without the slash, \"{typed.TrimEnd('/')}\".");
        if (it.Url.Scheme != url.Scheme && it.Url.Host == url.Host) return Verdict.Failed($"{seen}: they differ in {url.Scheme} and {it.Url.Scheme}.", fix + " Behind a TLS proxy: set one public base URL instead of building it from the request.");
        if (!Urls.SameOrigin(it.Url, url)) return Verdict.Failed($"{seen}: another host.", fix) with { Breaks = "Every client: the token would be for someone else." };
        return it.Url.AbsolutePath.StartsWith(url.AbsolutePath.TrimEnd('/') + "/", StringComparison.Ordinal)
            ? Verdict.Failed($"{seen}: a folder above it.", fix) with { Breaks = "VS Code and claude.ai, which compare to the letter. The SDKs of TypeScript and C# take the host for the server." }
            : Verdict.Failed($"{seen}: another path.", fix) with { Breaks = "Every client." };
    }
}

internal sealed class AuthorizationServers() : Check("prm-authorization-servers", "The metadata name the authorization server", "RFC 9728, section 2; MCP 2026-07-28, Authorization Server Discovery", "Every client of 2025-06-18 or newer; older ones take the MCP server itself for its authorization server.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.ResourceMetadataAsync() is not { } metadata)
            return Verdict.Failed("There are no protected resource metadata anywhere.", $"Serve them at {Urls.MetadataOf(it.Url).AbsolutePath}: a JSON object with resource and authorization_servers.");
        if (metadata.Texts("authorization_servers") is not { Count: > 0 } servers) return Verdict.Failed("authorization_servers is missing or empty.", "List the issuer identifier of the authorization server, as its own metadata have it.");
        foreach (var server in servers)
        {
            if (!Urls.TryRead(server, out var url)) return Verdict.Failed($"{Foreign.Quoted(server)} is no absolute URL.", "List the issuer identifier with https and host.");
            if (Urls.LeadsHome(url, it.Url)) return Verdict.Failed($"{Foreign.Quoted(server)} is the server's own computer, seen from there.", "List the public https URL of the issuer: this is a setting for development.");
            if (!Urls.IsSafe(url)) return Verdict.Failed($"{Foreign.Quoted(server)} is plain http.", "List the https URL. Behind a TLS proxy: set one public base URL.");
            if (url.Query.Length > 0 || url.Fragment.Length > 0 || server.Contains("/.well-known/", StringComparison.Ordinal)) return Verdict.Failed($"{Foreign.Quoted(server)} is no issuer identifier.", "List the issuer, without query or fragment, not the address of its metadata (RFC 8414, section 2).");
        }
        return Verdict.Passed(servers.Count == 1 ? $"{Foreign.Quoted(servers[0])}." : $"{Foreign.Quoted(servers[0])}, and {servers.Count - 1} more; most clients take the first, and so does this examination.");
    }
}

internal sealed class SupportedScopes() : Check("prm-scopes", "scopes_supported names what the tools need", "RFC 9728, section 2; MCP 2026-07-28, Authorization, Refresh Tokens", "Clients that ask for every scope that they find, and are refused, or get more than they should.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.ResourceMetadataAsync() is not { } metadata) return Verdict.Skipped("There are no metadata.");
        if (metadata.Texts("scopes_supported") is not { } scopes) return Verdict.Passed("There is none: clients ask for what the challenge names, or without scope.");
        if (scopes.Contains("offline_access")) return Verdict.Warned("It lists offline_access.", "Leave it to the authorization server's own scopes_supported.");
        if ((await it.ServerMetadataAsync()).Texts("scopes_supported") is { } known && scopes.Except(known).ToList() is { Count: > 0 } unknown)
            return Verdict.Warned($"The authorization server does not list {Foreign.Text(string.Join(' ', unknown))}.", "Let both list the same scopes: a client that asks for one that the server refuses gets invalid_scope.");
        return Verdict.Passed(Foreign.Text(string.Join(' ', scopes)) + ".");
    }
}

internal sealed class BearerMethods() : Check("prm-bearer-methods", "Tokens are taken in the Authorization header", "RFC 9728, section 2; RFC 6750, section 2.1", "Every client: MCP knows the header alone.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.ResourceMetadataAsync() is not { } metadata) return Verdict.Skipped("There are no metadata.");
        if (metadata.Texts("bearer_methods_supported") is not { } methods) return Verdict.Passed("Nothing else is said.");
        if (!methods.Contains("header")) return Verdict.Failed($"bearer_methods_supported is {Foreign.Text(string.Join(' ', methods))}.", "Set it to [\"header\"].");
        return methods.Contains("query") ? Verdict.Failed("It offers tokens in the query, where logs keep them.", "Set it to [\"header\"].") : Verdict.Passed("In the header.");
    }
}
