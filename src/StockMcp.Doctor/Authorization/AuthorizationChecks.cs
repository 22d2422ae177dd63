using StockMcp.Doctor.Http;

namespace StockMcp.Doctor.Authorization;

internal static class Sent
{
    public const string Elsewhere = "https://stockmcp-doctor.invalid/callback";

    /// <summary>Whether the browser would be sent to an address that no client registered.</summary>
    public static bool Astray(Answer answer) => answer.Location?.Host == new Uri(Elsewhere).Host;

    /// <summary>The error that the client would be told.</summary>
    public static string? ErrorToClient(Answer answer, Uri redirectUri)
        => answer.Location is { } location && location.Host == redirectUri.Host && location.Port == redirectUri.Port ? Urls.Query(location).GetValueOrDefault("error") : null;

    public static Verdict NoClient(Examination it) => Verdict.Skipped(it.Options.Register || it.Options.Login ? "There is no client: registering gave none." : "Needs a client: run again with --register, --login or --client-id.");
}

internal sealed class UnknownClient() : Check("authorize-unknown-client", "A client that nobody knows is sent nowhere", "RFC 6749, section 4.1.2.1; RFC 9700, section 4.11", "People, not clients: the server's name stands in a link that leads to somebody else's page.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.EndpointAsync("authorization_endpoint") is not { } endpoint) return Verdict.Skipped("There is no authorization endpoint.");
        var request = new AuthorizationRequest(endpoint, new("stockmcp-doctor-nobody-knows", null, "none"), new Uri(Sent.Elsewhere), await it.ResourceAsync(), await it.ScopesAsync());
        var answer = await it.Http.GetAsync(request.Url, it.Stop);
        if (Sent.Astray(answer)) return Verdict.Failed("The browser is sent to the address in the request, though no such client is registered.", "Show a page of your own when client_id or redirect_uri is wrong; redirect only to what is registered.");
        return answer.Status is >= 400 and < 500 ? Verdict.Passed($"{answer.Status}, and a page.") : answer.IsRedirect || answer.Status == 200
            ? Verdict.Passed($"{answer.Said}: people sign in first, and what comes then cannot be seen from here.")
            : Verdict.Warned($"It answers {answer.Said}.", "Answer 400 with a page that says that the client is not known.");
    }
}

internal sealed class WrongRedirect() : Check("authorize-wrong-redirect", "A redirect URI that was not registered is sent nothing", "RFC 9700, sections 2.1 and 4.1; OAuth 2.1, section 2.3.1", "People: their code would go to whoever wrote the link.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.RequestAsync() is not { } request) return Sent.NoClient(it);
        var answer = await it.Http.GetAsync(request.With(("redirect_uri", Sent.Elsewhere)), it.Stop);
        if (Sent.Astray(answer)) return Verdict.Failed("The browser is sent to an address that this client never registered.", "Compare redirect_uri with the registered ones, whole and to the letter (the port of a loopback address apart), before anything is sent anywhere.");
        return answer.Status is >= 400 and < 500 ? Verdict.Passed($"{answer.Status}, and a page.") : Verdict.Skipped($"It answers {answer.Said}: people sign in first, and what comes then cannot be seen from here.");
    }
}

internal sealed class LoopbackPort() : Check("authorize-loopback-port", "A native app may come back on any port", "RFC 8252, section 7.3; OAuth 2.1, section 8.4.2", "VS Code, when its port 33418 is taken (vscode#278512), Claude Code, Codex and mcp-remote, which take a port that is free.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.RequestAsync() is not { } request) return Sent.NoClient(it);
        var other = new UriBuilder(request.RedirectUri) { Port = request.RedirectUri.Port == 49_152 ? 49_153 : 49_152 }.Uri;
        var (asked, changed) = (await it.Http.GetAsync(request.Url, it.Stop), await it.Http.GetAsync(request.With(("redirect_uri", other.AbsoluteUri)), it.Stop));
        if (asked.Status >= 400) return Verdict.Skipped("The server refuses the port that was registered, too: see authorize-request.");
        return changed.Status >= 400
            ? Verdict.Failed($"{request.RedirectUri.GetLeftPart(UriPartial.Authority)} was registered, and with another port it answers {changed.Said}.", "Let the port of http://127.0.0.1, http://[::1] and http://localhost differ from the registered one. Compare all else to the letter.")
            : Verdict.Passed("The port may differ from the registered one.");
    }
}

internal sealed class RequiredProofKey() : Check("authorize-pkce", "A request without PKCE is refused", "OAuth 2.1, section 4.1.1; RFC 9700, section 2.1.1", "People: a code that somebody else sees is a code that somebody else can use.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.RequestAsync() is not { } request) return Sent.NoClient(it);
        var answer = await it.Http.GetAsync(request.With(("code_challenge", null), ("code_challenge_method", null)), it.Stop);
        if (answer.Status is >= 400 and < 500 || Sent.ErrorToClient(answer, request.RedirectUri) is not null) return Verdict.Passed("It is refused.");
        return Verdict.Skipped($"It answers {answer.Said}: people sign in first, and what comes then cannot be seen from here.");
    }
}

internal sealed class AcceptedRequest() : Check("authorize-request", "A right request is accepted", "OAuth 2.1, section 4.1.1; RFC 8707, section 2", "Every client.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.RequestAsync() is not { } request) return Sent.NoClient(it);
        var answer = await it.Http.GetAsync(request.Url, it.Stop);
        if (Sent.ErrorToClient(answer, request.RedirectUri) is { } error) return Verdict.Failed($"The client is told {Foreign.Quoted(error)}.", Cure(error));
        if (!answer.Answered || answer.Status >= 400) return Verdict.Failed($"It answers {answer.SaidWithError}.", $"See the server's log. Often it is the resource ({Foreign.Quoted(request.Resource)}), which the authorization server must know under the name that the metadata give it, or a scope that it does not know.");
        return Verdict.Passed($"{answer.Said}: people sign in.");
    }

    private static string Cure(string error) => error switch
    {
        "invalid_target" => "Let the authorization server know the resource under the name that the protected resource metadata give it (RFC 8707, section 2).",
        "invalid_scope" => "Let challenge and scopes_supported name only scopes that the authorization server knows, and give people fewer rather than refuse all.",
        "unauthorized_client" => "Let clients that register themselves use the code flow.",
        _ => "See the server's log: the request is as MCP has it, with code, S256 and resource.",
    };
}

internal sealed class AuthorizationResponse() : Check("authorize-response", "The answer comes back with code, state and iss", "OAuth 2.1, section 4.1.2; RFC 9207, section 2.4; MCP 2026-07-28, Authorization Response Validation", "Every client that checks them, as it must.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.RequestAsync() is not { } request) return Sent.NoClient(it);
        if (!it.Options.Login) return Verdict.Skipped("Needs a person: run again with --login.");
        if (await it.AuthorizationResponseAsync() is not { } response) return Verdict.Failed("Nobody came back.", "If you signed in and saw an error there, its cause is on that page. If a page stays open or comes again and again, look at its form-action (Content Security Policy), which must allow the redirect.");
        var (metadata, iss) = (await it.ServerMetadataAsync(), response.GetValueOrDefault("iss"));
        if (iss is null && metadata.Flag("authorization_response_iss_parameter_supported") is true) return Verdict.Failed("iss is missing, though the metadata promise it.", "Send iss with every authorization response, errors too.");
        if (iss is not null && iss != metadata.Text("issuer")) return Verdict.Failed($"iss is {Foreign.Quoted(iss)}, the issuer is {Foreign.Quoted(metadata.Text("issuer"))}.", "Send the issuer of the metadata, to the letter.");
        if (response.GetValueOrDefault("state") != request.State) return Verdict.Failed("state is not the one of the request.", "Send state back as it came.");
        if (response.TryGetValue("error", out var error)) return Verdict.Failed($"{Foreign.Text(error)}: {Foreign.Text(response.GetValueOrDefault("error_description"))}.", "If you did not say no yourself, see the server's log.");
        return response.ContainsKey("code") ? Verdict.Passed(iss is null ? "Code and state." : "Code, state and iss.") : Verdict.Failed("There is no code.", "Answer response_type=code with a code in the query.");
    }
}
