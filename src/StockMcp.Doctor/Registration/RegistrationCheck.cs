using StockMcp.Doctor.Http;

namespace StockMcp.Doctor.Registration;

/// <summary>Registers as one client does. What can be taken back is taken back at once.</summary>
internal sealed class KnownClientRegistration(KnownClient client) : Check($"register-{client.Id}", $"{client.Name} can register", "RFC 7591, sections 2 and 3; RFC 8252, section 7", $"{client.Name}.")
{
    private const string Loopback = "Take https, http on localhost, 127.0.0.1 and [::1] with any port, and the private-use schemes of known apps (cursor://). Compare whole addresses, not beginnings.";

    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.EndpointAsync("registration_endpoint") is not { } endpoint) return Verdict.Skipped("There is no registration endpoint.");
        if (!it.Options.Register) return Verdict.Skipped("Writes to the authorization server: run again with --register.");
        var (answer, registered) = await client.RegisterAsync(it.Http, endpoint, it.Stop);
        if (registered is null) return Refused(answer);
        var verdict = Look(answer);
        return await registered.DeleteAsync(it.Http, it.Stop) ? verdict with { What = verdict.What + " Taken back." } : verdict;
    }

    private static Verdict Refused(Answer answer) => answer.Status switch
    {
        429 or 503 => Verdict.Skipped($"Not now: {answer.SaidWithError}. Too many registered from here; run again later."),
        401 => Verdict.Failed($"{answer.SaidWithError}.", "Take registrations without an initial access token: no client has one."),
        403 => Verdict.Failed($"{answer.SaidWithError}.", "Do not register by address or by a list of names: hosted clients come from many addresses. Bound how many register, and let people decide on the consent page."),
        _ when answer.Error == "invalid_redirect_uri" => Verdict.Failed($"{answer.SaidWithError}.", Loopback),
        _ when answer.Error == "invalid_client_metadata" => Verdict.Failed($"{answer.SaidWithError}.", "Ignore members that are not known, and grants that are not offered, and register what is left (RFC 7591, section 2). Take token_endpoint_auth_method none and client_secret_post."),
        _ when answer.Status is 200 or 201 => Verdict.Failed("The answer has no client_id.", "Answer 201 with client_id and what was registered (RFC 7591, section 3.2.1)."),
        _ => Verdict.Failed($"{answer.SaidWithError}.", "Answer 201 with client_id, or 400 with a JSON object that has error and error_description. " + Loopback),
    };

    private Verdict Look(Answer answer)
    {
        if (answer.Json.Texts("redirect_uris") is { } uris && client.RedirectUris.Except(uris).ToList() is { Count: > 0 } dropped)
            return Verdict.Failed($"It was registered without {Foreign.Text(string.Join(' ', dropped))}.", "Register every redirect URI, or refuse: a client goes on with the one that was dropped. " + Loopback);
        if (client.AuthMethod == "none" && answer.Json.Text("token_endpoint_auth_method") is { } method && method != "none")
            return Verdict.Failed($"It asked for no secret, and was registered with {Foreign.Quoted(method)}.", "Register public clients as such.");
        if (client.AuthMethod != "none" && answer.Json.Text("client_secret") is null && answer.Json.Text("token_endpoint_auth_method") is not "none")
            return Verdict.Failed($"It asked for {client.AuthMethod}, and got no client_secret.", "Give it one, or say token_endpoint_auth_method none.");
        if (answer.Json.Text("client_secret") is not null && answer.Json.Number("client_secret_expires_at") is null)
            return Verdict.Warned("There is a client_secret, and no client_secret_expires_at.", "Send it; 0 means never (RFC 7591, section 3.2.1).");
        if (answer.Json.Texts("grant_types") is { } grants && !grants.Contains("refresh_token"))
            return Verdict.Warned("It was registered without the refresh grant: people sign in again each time a token ends.", "Let clients refresh that ask for it.");
        return answer.Status == 201 ? Verdict.Passed("Registered.") : Verdict.Warned($"Registered, with {answer.Status}.", "Answer 201 Created (RFC 7591, section 3.2.1).");
    }
}
