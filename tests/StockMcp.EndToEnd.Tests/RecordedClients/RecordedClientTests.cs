using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests.RecordedClients;

/// <summary>
/// Clients that cannot run here: what they send is written down in the files beside this one, from their public documentation, sources and issues, and sent again. In their order, with their headers,
/// their redirect URIs, and from as many addresses as they have.
/// </summary>
public sealed class RecordedClientTests(SharedSystem shared)
{
    public static TheoryData<string> Clients { get; } = new("vscode", "cursor", "chatgpt", "claude-ai");

    [Theory, MemberData(nameof(Clients)), Trait("Requirement", "AS-11")]
    public async Task It_finds_the_way_registers_signs_its_user_in_and_calls_a_tool(string client)
    {
        var system = await shared.GetAsync();
        var recorded = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Toolbox.Repository, "tests", "StockMcp.EndToEnd.Tests", "RecordedClients", client + ".json")))!;
        var (server, authority) = (system.Running.Server.Url, system.Running.Authority.Url);
        using var http = Client(recorded);
        using var alice = Person.Alice(system);

        // It knows the URL alone: the answer says where to look.
        using (var challenge = await http.PostAsync(system.McpUrl, Initialize()))
        {
            challenge.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
            challenge.Headers.WwwAuthenticate.ToString().Should().Contain("resource_metadata=");
        }
        foreach (var step in recorded["discovery"]!.AsArray())
        {
            using var answer = await http.GetAsync(new Uri(Text(step!["at"]) == "server" ? server : authority, Text(step["path"])));
            ((int)answer.StatusCode).Should().Be(step["status"]!.GetValue<int>(), Text(step["path"]));
            if (answer.IsSuccessStatusCode) answer.Content.Headers.ContentType!.MediaType.Should().Be("application/json");
        }
        var metadata = (await http.GetFromJsonAsync<JsonNode>(new Uri(authority, ".well-known/oauth-authorization-server")))!;

        using var registered = await http.PostAsync(new Uri(Text(metadata["registration_endpoint"])), new StringContent(recorded["registration"]!.ToJsonString(), Encoding.UTF8, "application/json"));
        var registration = JsonNode.Parse(await registered.Content.ReadAsStringAsync())!;
        registered.StatusCode.Should().Be(HttpStatusCode.Created, registration.ToJsonString());
        registration["client_secret"].Should().BeNull("it asked for none");
        var clientId = Text(registration["client_id"]);

        var verifier = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var parameters = new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = clientId,
            ["code_challenge"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))),
            ["code_challenge_method"] = "S256",
            ["redirect_uri"] = Text(recorded["redirect_uri"]),
            ["state"] = "recorded-state",
            ["scope"] = recorded["scope"]?.GetValue<string>(),
            ["resource"] = system.McpUrl.AbsoluteUri,
        };
        var cameBack = await alice.AuthorizeAsync(new Uri(QueryHelpers.AddQueryString(Text(metadata["authorization_endpoint"]), parameters.Where(parameter => parameter.Value is not null))));
        cameBack.AbsoluteUri.Should().StartWith(Text(recorded["redirect_uri"]));
        var back = QueryHelpers.ParseQuery(cameBack.Query);
        (back["state"].ToString(), back["iss"].ToString()).Should().Be(("recorded-state", authority.AbsoluteUri));

        var tokens = await TokenAsync(http, metadata, new()
        {
            ["grant_type"] = "authorization_code",
            ["code"] = back["code"].ToString(),
            ["client_id"] = clientId,
            ["code_verifier"] = verifier,
            ["redirect_uri"] = Text(recorded["redirect_uri"]),
            ["resource"] = system.McpUrl.AbsoluteUri,
        });
        await CallAsync(http, system.McpUrl, Text(tokens["access_token"]));

        var refresh = new Dictionary<string, string> { ["grant_type"] = "refresh_token", ["refresh_token"] = Text(tokens["refresh_token"]), ["client_id"] = clientId, ["resource"] = system.McpUrl.AbsoluteUri };
        if (recorded["several_addresses"]?.GetValue<bool>() is true)
        {
            // Two of its machines find the token old in the same moment.
            using var first = Client(recorded, "127.0.0.21");
            using var second = Client(recorded, "127.0.0.22");
            var both = await Task.WhenAll(TokenAsync(first, metadata, refresh), TokenAsync(second, metadata, refresh));
            both.Select(answer => Text(answer["refresh_token"])).Distinct().Should().ContainSingle("a repeated refresh is not a theft");
            await CallAsync(second, system.McpUrl, Text(both[0]["access_token"]));
        }
        else
        {
            await CallAsync(http, system.McpUrl, Text((await TokenAsync(http, metadata, refresh))["access_token"]));
        }
    }

    [Fact]
    public async Task A_resource_with_a_slash_too_many_is_refused_at_the_client_and_not_at_the_tool()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        var clientId = await Agent.RegisterAsync(system, new Uri("http://127.0.0.1:33418/callback"));

        using var answer = await http.GetAsync(QueryHelpers.AddQueryString(new Uri(system.Running.Authority.Url, "connect/authorize").AbsoluteUri, new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = clientId,
            ["code_challenge"] = new string('x', 43),
            ["code_challenge_method"] = "S256",
            ["redirect_uri"] = "http://127.0.0.1:33418/callback",
            ["resource"] = system.McpUrl + "/",
        }));

        answer.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync()).Should().Contain("invalid_target");
    }

    private static HttpClient Client(JsonNode recorded, string? from = null)
    {
        var handler = Https.Trusting(null, from is null ? null : IPAddress.Parse(from));
        (handler.AllowAutoRedirect, handler.UseCookies) = (false, false);
        var http = new HttpClient(handler);
        foreach (var (name, value) in recorded["headers"]!.AsObject()) http.DefaultRequestHeaders.TryAddWithoutValidation(name, value!.GetValue<string>());
        return http;
    }

    private static StringContent Initialize() => Json("""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"recorded","version":"1"}}}""");

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    private static async Task<JsonNode> TokenAsync(HttpClient http, JsonNode metadata, Dictionary<string, string> form)
    {
        using var answer = await http.PostAsync(new Uri(Text(metadata["token_endpoint"])), new FormUrlEncodedContent(form));
        var body = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.Should().Be(HttpStatusCode.OK, body);
        return JsonNode.Parse(body)!;
    }

    private static async Task CallAsync(HttpClient http, Uri mcp, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, mcp) { Content = Json("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{}}}"""), Headers = { Authorization = new("Bearer", token) } };
        request.Headers.Accept.Clear();
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        using var answer = await http.SendAsync(request);
        var body = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.Should().Be(HttpStatusCode.OK, body);
        ToolResult.Parse(body).Text.Should().Contain("Alice Liddell");
    }

    private static string Text(JsonNode? value) => value!.GetValue<string>();
}
