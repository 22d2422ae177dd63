using System.Text.Json.Nodes;
using StockMcp.Doctor.Http;

namespace StockMcp.Doctor.Registration;

/// <summary>How a client registers itself (RFC 7591).</summary>
/// <param name="Id">Its name in a check's id.</param>
/// <param name="Name">Its name.</param>
/// <param name="RedirectUris">Where its answers go.</param>
/// <param name="AuthMethod">How it says who it is at the token endpoint.</param>
internal sealed record KnownClient(string Id, string Name, IReadOnlyList<string> RedirectUris, string AuthMethod)
{
    /// <summary>What OpenID Connect registration calls it; some send none.</summary>
    public string? ApplicationType { get; init; }

    /// <summary>The grants that it lists.</summary>
    public IReadOnlyList<string> GrantTypes { get; init; } = ["authorization_code", "refresh_token"];

    /// <summary>What else it says of itself.</summary>
    public IReadOnlyDictionary<string, string> More { get; init; } = new Dictionary<string, string>();

    /// <summary>Registers, under a name that says who asks, so that nobody takes it for the client itself.</summary>
    public async Task<(Answer Answer, RegisteredClient? Client)> RegisterAsync(DoctorHttp http, Uri endpoint, CancellationToken cancellationToken)
    {
        var metadata = new JsonObject
        {
            ["client_name"] = Id == KnownClients.OwnId ? Name : $"{Name} (stockmcp doctor)",
            ["redirect_uris"] = new JsonArray([.. RedirectUris.Select(uri => JsonValue.Create(uri))]),
            ["grant_types"] = new JsonArray([.. GrantTypes.Select(grant => JsonValue.Create(grant))]),
            ["response_types"] = new JsonArray("code"),
            ["token_endpoint_auth_method"] = AuthMethod,
        };
        if (ApplicationType is not null) metadata["application_type"] = ApplicationType;
        foreach (var (name, value) in More) metadata[name] = value;
        var answer = await http.PostJsonAsync(endpoint, metadata.ToJsonString(), cancellationToken, ("Accept", "application/json"));
        if (answer.Status is not (200 or 201) || answer.Json.Text("client_id") is not { Length: > 0 } id) return (answer, null);
        var secret = answer.Json.Text("client_secret") is { Length: > 0 } given ? new Secret(given) : null;
        return (answer, new RegisteredClient(id, secret, answer.Json.Text("token_endpoint_auth_method") ?? (secret is null ? "none" : AuthMethod))
        {
            // Only where the answer came from is it sent back to.
            ManagementUrl = Urls.TryRead(answer.Json.Text("registration_client_uri"), out var url) && Urls.SameOrigin(url, endpoint) ? url : null,
            ManagementToken = answer.Json.Text("registration_access_token") is { } token ? new Secret(token) : null,
        });
    }
}

/// <summary>What the clients in the field register. Each entry is what that client was seen to send.</summary>
internal static class KnownClients
{
    public const string OwnId = "doctor";

    private static readonly string[] s_withDeviceCode = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"];

    public static IReadOnlyList<KnownClient> All { get; } =
    [
        new("claude-code", "Claude Code", ["http://localhost:3118/callback"], "none") { ApplicationType = "native" },
        new("claude-ai", "Claude", ["https://claude.ai/api/mcp/auth_callback"], "none"),
        new("chatgpt", "ChatGPT", ["https://chatgpt.com/connector/oauth/stockmcp-doctor"], "none"),
        new("vscode", "Visual Studio Code", ["https://insiders.vscode.dev/redirect", "https://vscode.dev/redirect", "http://127.0.0.1/", "http://127.0.0.1:33418/"], "none")
            { ApplicationType = "native", GrantTypes = s_withDeviceCode, More = new Dictionary<string, string> { ["client_uri"] = "https://code.visualstudio.com" } },
        new("cursor", "Cursor", ["cursor://anysphere.cursor-mcp/oauth/callback", "https://www.cursor.com/agents/mcp/oauth/callback", "http://localhost:8787/callback"], "none"),
        new("inspector", "MCP Inspector", ["http://localhost:6274/oauth/callback"], "none") { ApplicationType = "native", More = new Dictionary<string, string> { ["client_uri"] = "https://github.com/modelcontextprotocol/inspector" } },
        new("mcp-remote", "mcp-remote", ["http://localhost:3334/oauth/callback"], "none")
            { ApplicationType = "native", More = new Dictionary<string, string> { ["client_uri"] = "https://github.com/modelcontextprotocol/mcp-cli", ["software_id"] = "2e6dc280-f3c3-4e01-99a7-8181dbd1d23d" } },
        new("csharp-sdk", "C# SDK", ["http://localhost:1179/callback"], "client_secret_post") { ApplicationType = "native" },
        new("typescript-sdk", "TypeScript SDK", ["http://localhost:8090/callback"], "client_secret_post") { ApplicationType = "native" },
    ];

    /// <summary>This program itself.</summary>
    public static KnownClient Doctor(Uri redirectUri) => new(OwnId, "stockmcp doctor", [redirectUri.AbsoluteUri], "none") { ApplicationType = "native" };
}
