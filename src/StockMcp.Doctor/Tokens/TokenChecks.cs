using System.Globalization;
using StockMcp.Doctor.Http;

namespace StockMcp.Doctor.Tokens;

internal sealed class TokenError() : Check("token-error", "The token endpoint says what is wrong as OAuth has it", "RFC 6749, section 5.2", "Clients whose registration is gone: they register anew on invalid_client, and are stuck for ever on anything else.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.EndpointAsync("token_endpoint") is not { } endpoint) return Verdict.Skipped("There is no token endpoint.");
        var answer = await it.Http.PostFormAsync(endpoint,
            [new("grant_type", "authorization_code"), new("client_id", "stockmcp-doctor-nobody-knows"), new("code", "none"), new("redirect_uri", "http://127.0.0.1/callback"), new("code_verifier", new string('a', 43))], it.Stop);
        const string Fix = "Answer 401 (or 400) with a JSON object: {\"error\":\"invalid_client\",…}.";
        return answer switch
        {
            { Status: 400 or 401, Error: "invalid_client" } => Verdict.Passed($"An unknown client is told {answer.Status} invalid_client."),
            { Status: 400 or 401, Error: { } error } => Verdict.Warned($"An unknown client is told {Foreign.Quoted(error)}.", Fix),
            { Status: 429 } => Verdict.Skipped("Not now: 429."),
            _ => Verdict.Failed($"An unknown client is told {answer.Said}.", Fix),
        };
    }
}

internal sealed class TokenResponse() : Check("token-response", "The code gives a Bearer token with an end, and a refresh token", "RFC 6749, section 5.1; OAuth 2.1, section 3.2.3", "Clients that do not know when to refresh, or cannot.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (it.Options.Token is not null) return Verdict.Skipped("The token was given.");
        if (await it.TokenAnswerAsync() is not { } given) return await it.NoTokenAsync();
        var answer = given.Answer;
        if (given.AccessToken is null) return Verdict.Failed($"The token endpoint answers {answer.SaidWithError}.", "See the server's log: the request has code, redirect_uri, code_verifier and resource, and client_id in the body.");
        if (!string.Equals(answer.Json.Text("token_type"), "Bearer", StringComparison.OrdinalIgnoreCase)) return Verdict.Failed($"token_type is {Foreign.Quoted(answer.Json.Text("token_type"))}.", "Answer token_type Bearer.");
        if (answer.Json.Number("expires_in") is null) return Verdict.Warned("There is no expires_in.", "Send it, as a number of seconds: else a client finds out by a 401.");
        if (answer.Header("Cache-Control")?.Contains("no-store", StringComparison.OrdinalIgnoreCase) is not true) return Verdict.Warned("The answer has no Cache-Control: no-store.", "Send it with every token.");
        return given.RefreshToken is null
            ? Verdict.Warned("There is no refresh token: people sign in again each time a token ends.", "Give one to clients that registered the refresh grant, without waiting for offline_access, or list offline_access in the authorization server's scopes_supported.")
            : Verdict.Passed($"A token for {answer.Json.Number("expires_in")} seconds, and a refresh token.");
    }
}

internal sealed class TokenContents() : Check("token-audience", "The token is for this server, by this issuer, and ends", "RFC 8707, section 2; RFC 9068, sections 2 and 4; MCP 2026-07-28, Token Audience Binding", "People: a token that is good in several places can be taken from one to another.")
{
    private static readonly TimeSpan s_skew = TimeSpan.FromSeconds(30);

    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.TokenAsync() is not { } token) return await it.NoTokenAsync();
        if (Jwt.Read(token) is not { } jwt) return Verdict.Passed("It is opaque: its audience is between the two servers.");
        var (resource, now) = (await it.ResourceAsync(), it.Time.GetUtcNow());
        if (!jwt.Audiences.Contains(resource))
        {
            var audience = jwt.Audiences.Count == 0 ? "Its audience is nobody" : $"Its audience is {Foreign.Quoted(string.Join(' ', jwt.Audiences))}";
            return await it.SessionAsync() is not null
                ? Verdict.Failed($"{audience}, not {Foreign.Quoted(resource)}, and the server takes it: it does not check the audience.", "Let the authorization server put the resource of the request into aud, and let the MCP server refuse every other.")
                : Verdict.Failed($"{audience}, not {Foreign.Quoted(resource)}.", "Let the authorization server put the resource of the request into aud (RFC 8707).") with { Breaks = "Every client: the MCP server rightly refuses the token." };
        }
        if (jwt.Claims.Text("iss") is { } issuer && await it.ServerMetadataAsync() is { } metadata && issuer != metadata.Text("issuer")) return Verdict.Failed($"iss is {Foreign.Quoted(issuer)}, the issuer is {Foreign.Quoted(metadata.Text("issuer"))}.", "Let tokens and metadata name the same issuer, to the letter.");
        if (jwt.Claims.Number("exp") is not { } exp) return Verdict.Failed("It never ends: there is no exp.", "Give access tokens an end, minutes away.");
        if ((jwt.Claims.Number("nbf") ?? jwt.Claims.Number("iat")) is { } from && DateTimeOffset.FromUnixTimeSeconds(from) > now + s_skew) return Verdict.Warned("It is good only in a while: a clock is wrong.", "Set the clocks by NTP, and allow 30 to 60 seconds on nbf and iat.");
        var left = DateTimeOffset.FromUnixTimeSeconds(exp) - now;
        if (left > TimeSpan.FromDays(1)) return Verdict.Warned($"It is good for {left.TotalDays:0} days.", "Let access tokens end within minutes or an hour, and refresh them: a JWT cannot be taken back.");
        if (jwt.Audiences.Count > 1) return Verdict.Warned($"It is for others as well: {Foreign.Quoted(string.Join(' ', jwt.Audiences))}.", "Issue a token for one resource: each of them could use it at the others.");
        if (jwt.Header.Text("typ") is not { } type || !type.EndsWith("at+jwt", StringComparison.OrdinalIgnoreCase)) return Verdict.Warned($"typ is {Foreign.Quoted(jwt.Header.Text("typ"))}.", "Set typ to at+jwt, and refuse others: an ID token is not to pass for an access token (RFC 9068, section 2.1).");
        return Verdict.Passed(string.Create(CultureInfo.InvariantCulture, $"aud is the server, typ is at+jwt, and it ends in {Math.Max(0, left.TotalMinutes):0} minutes."));
    }
}

internal sealed class Refresh() : Check("refresh", "The refresh token gives a new token", "RFC 6749, section 6; OAuth 2.1, section 4.3", "Every client, when the first token ends: people are asked to sign in again.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (it.Options.Token is not null) return Verdict.Skipped("The token was given.");
        if (await it.TokenAnswerAsync() is null) return await it.NoTokenAsync();
        if (await it.RefreshedAsync() is not { } refreshed) return Verdict.Skipped("There is no refresh token.");
        return refreshed.AccessToken is null
            ? Verdict.Failed($"The token endpoint answers {refreshed.Answer.SaidWithError}.", "Take grant_type=refresh_token from the client that it was given to, with resource and without scope.")
            : Verdict.Passed(refreshed.RefreshToken is null ? "A new token; the refresh token stays." : "A new token, and a new refresh token.");
    }
}

internal sealed class RefreshTwice() : Check("refresh-twice", "A refresh whose answer was lost does not end the sign-in", "OAuth 2.1, section 4.3.1; RFC 9700, section 4.14", "Claude, which refreshes from two addresses at once (fastmcp#4265), and any client on a bad line.")
{
    public override async Task<Verdict> RunAsync(Examination it)
    {
        if (await it.TokenAnswerAsync() is not { RefreshToken: { } first } || await it.RefreshedAsync() is not { AccessToken: not null } refreshed) return it.Options.Token is null ? await it.NoTokenAsync() : Verdict.Skipped("The token was given.");
        if (await it.RequestAsync() is not { } request || await it.EndpointAsync("token_endpoint") is not { } endpoint) return Verdict.Skipped("There is no token endpoint.");
        if (refreshed.RefreshToken is not { } second || second == first) return Verdict.Warned("Refresh tokens of public clients are not rotated.", "Give a new one at each refresh, so that a stolen one shows.");
        if ((await TokenAnswer.RefreshAsync(it.Http, endpoint, request, first, it.Stop)).AccessToken is not null) return Verdict.Passed("The same refresh token, sent again at once, is answered again.");
        return (await TokenAnswer.RefreshAsync(it.Http, endpoint, request, second, it.Stop)).AccessToken is not null
            ? Verdict.Passed("The used refresh token is refused, and the new one goes on.")
            : Verdict.Warned("The used refresh token is refused, and the new one is gone with it.", "Answer a refresh that is repeated within some seconds with the same tokens; take later reuse for theft.");
    }
}
