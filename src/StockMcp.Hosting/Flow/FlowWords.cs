using System.Text.Json.Nodes;

namespace StockMcp.Hosting.Flow;

/// <summary>What requests are and what claims mean, in words.</summary>
internal static class FlowWords
{
    private static readonly Dictionary<string, string> s_claims = new()
    {
        ["typ"] = "What kind of token: at+jwt is an access token (RFC 9068). Nothing else is accepted as one.",
        ["alg"] = "How it is signed. Servers accept the algorithms that they expect, never what a token says.",
        ["kid"] = "Which of the issuer's published keys signed it.",
        ["iss"] = "Issuer: who made the token. Its published keys verify it.",
        ["sub"] = "Subject: the person for whom the call is made, as this issuer names them.",
        ["client_id"] = "The client that got the token: at the Authority the agent, at the Brokerage the Authority.",
        ["aud"] = "Audience: the only server that accepts it. Anywhere else it is worthless.",
        ["scope"] = "What it allows, and no more.",
        ["act"] = "Actor (RFC 8693): who acts for the person. The agent's identity goes along, so that everybody knows who asked.",
        ["authorization_details"] = "Exactly what the person allowed (RFC 9396): this order and no other, and the mandate if it rests on one.",
        ["exp"] = "When it ends.",
        ["iat"] = "When it was made.",
        ["nbf"] = "From when it is good.",
        ["jti"] = "Its own number: a one-order token is used once.",
        ["txn"] = "The transaction (RFC 8417): the approval. The brokerage takes one order for each.",
        ["auth_time"] = "When the person last proved who they are.",
        ["oi_prst"] = "Bookkeeping of the authorization server.",
        ["oi_au_id"] = "Bookkeeping of the authorization server: the sign-in that it came from.",
        ["oi_tkn_id"] = "Bookkeeping of the authorization server: its own record of the token.",
        ["name"] = "What the person is called. It identifies nobody.",
        ["nonce"] = "Ties the answer to the request.",
    };

    /// <summary>Each claim with what it means.</summary>
    public static JsonArray Explained(JsonObject claims) => new([.. claims.Select(claim => new JsonObject
    {
        ["name"] = claim.Key,
        ["value"] = claim.Value is JsonValue value && value.TryGetValue<string>(out var text) ? text : claim.Value?.ToJsonString(),
        ["means"] = Meaning(claim.Key, claim.Value),
    })]);

    /// <summary>What a request is.</summary>
    public static string Title(string to, string method, string path, int status, JsonNode? body)
    {
        string? Text(params string[] members)
        {
            var node = body;
            foreach (var member in members) node = (node as JsonObject)?[member];
            return (node as JsonValue)?.ToString();
        }
        return (to, path) switch
        {
            (_, "/mcp") when status == 401 => "No valid token: the answer says where to get one",
            (_, "/mcp") when status == 403 => "The tool needs a scope that the token lacks",
            (_, "/mcp") => Text("params", "name") is { } tool ? $"Calls the tool {tool}" : $"MCP: {Text("method") ?? method}",
            (_, "/.well-known/oauth-protected-resource") or (_, "/.well-known/oauth-protected-resource/mcp") => "Which authorization server protects this? (RFC 9728)",
            (_, "/.well-known/oauth-authorization-server") or (_, "/.well-known/openid-configuration") => "What can the authorization server do? (RFC 8414)",
            (_, "/connect/jwks") => "Reads the public keys that verify tokens (RFC 7517)",
            (_, "/connect/register") => "Registers itself as a client (RFC 7591)",
            (_, "/connect/par") => "Pushes the authorization request ahead (RFC 9126)",
            ("Brokerage", "/connect/authorize") => method == "POST" ? "The person's answer on the brokerage's page" : "Sends the person to the brokerage to sign in",
            (_, "/connect/authorize") => method == "POST" ? "The person's answer: what the agent may do" : "Asks the person what the agent may do (OAuth 2.1, PKCE)",
            (_, "/callback/brokerage") => "Back from the brokerage, with a code",
            (_, "/connect/token") => Text("grant_type") switch
            {
                "authorization_code" => "Redeems the code for tokens (PKCE)",
                "refresh_token" => body is JsonObject form && form.ContainsKey("authorization_details") ? "Refreshes, for a token that is good for one order (RFC 9396)" : "Refreshes the token",
                "urn:ietf:params:oauth:grant-type:token-exchange" => "Exchanges the agent's token for one of the brokerage (RFC 8693)",
                "urn:openid:params:grant-type:ciba" => status == 200 ? "The yes is there: a token for this one order (CIBA)" : "Waits for the person's yes (CIBA)",
                "client_credentials" => "The Server's own token, for the approvals' API",
                _ => "Asks for a token",
            },
            (_, "/connect/backchannel") => "“May this order be placed?” (CIBA, with authorization details)",
            (_, "/connect/introspect") => "Is this token still good? (RFC 7662)",
            (_, "/connect/revoke") => "Ends a token (RFC 7009)",
            ("Brokerage", "/v2/orders") when method == "POST" => "The order, with the token that is good for it alone",
            ("Brokerage", _) when path.StartsWith("/v2/", StringComparison.Ordinal) => $"Brokerage API: {path}",
            ("Authority", _) when path.StartsWith("/approvals/v1/", StringComparison.Ordinal) => path.EndsWith("/outcome", StringComparison.Ordinal) ? "Tells how the order ended" : path.EndsWith("/limits", StringComparison.Ordinal) ? "Which limits and mandates are there?" : path.EndsWith("/receipt", StringComparison.Ordinal) ? "Fetches the signed receipt" : "How does the approval stand?",
            ("Authority", _) when path.StartsWith("/approvals/", StringComparison.Ordinal) => method == "POST" ? "The person decides, in their own browser" : "The person looks at the request",
            ("Authority", "/me/v1/connected-accounts") => "Which accounts are connected?",
            (_, "/sign-in") => method == "POST" ? "The person signs in" : "The sign-in page",
            _ => $"{method} {path}",
        };
    }

    private static string Meaning(string name, JsonNode? value)
        => name is "exp" or "iat" or "nbf" or "auth_time" && value is JsonValue number && number.TryGetValue<long>(out var seconds)
            ? $"{s_claims[name]} {DateTimeOffset.FromUnixTimeSeconds(seconds):u}" : s_claims.GetValueOrDefault(name, "");
}
