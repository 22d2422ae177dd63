using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Duende.IdentityModel.Client;
using Microsoft.Extensions.Options;
using StockMcp.Hosting;
using StockMcp.Hosting.Flow;
using StockMcp.ResourceServer.ProtectedResource;
using StockMcp.Server.StartPage;

namespace StockMcp.Server.Flow;

/// <summary>
/// The whole story, told by a client that is built in: it knows nothing but the MCP endpoint's URL, and does what every client does, over HTTP. What only a person can do, signing
/// in and saying yes, it leaves to whoever looks at the page.
/// </summary>
internal sealed class FlowStory(IHttpClientFactory http, McpResource resource, PublicUrl publicUrl, FlowRecorder recorder, IOptions<StartPageOptions> page, IHostApplicationLifetime application)
{
    public const string HttpClientName = "flow";

    private const string Scopes = "portfolio:read orders:read orders:write";
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(6);
    private readonly Lock gate = new();
    private List<Step> steps = [];
    private Run? run;

    /// <summary>Who may sign in here, in a sentence.</summary>
    public string SignInHint => page.Value.SignInHint ?? "Sign in with your account at the brokerage.";

    /// <summary>How far it is.</summary>
    public JsonArray ToJson()
    {
        lock (gate) return new JsonArray([.. steps.Select(step => new JsonObject { ["text"] = step.Text, ["state"] = step.State, ["note"] = step.Note, ["link"] = step.Link, ["linkText"] = step.LinkText, ["newTab"] = step.NewTab })]);
    }

    /// <summary>Begins anew: up to where a person has to sign in.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        recorder.Clear();
        var fresh = new Run();
        lock (gate)
        {
            run = fresh;
            steps =
            [
                new("A client knows one URL and asks it for its tools, without a token"), new("The answer, 401, leads to the metadata: which authorization server, and what it can do"), new("The client registers itself"),
                new("You sign in at the brokerage, and say what the client may do"), new("The client redeems the code for a token that is good for this server only"), new("It calls get_portfolio: the Server exchanges the token"),
                new("It asks for an order"), new("You look at the exact terms, and say yes"), new("The order is placed, with a token that is good for it alone"), new("The receipt is signed"),
            ];
        }
        await StepAsync(fresh, 0, async () =>
        {
            using var refused = await McpAsync(null, "tools/list", new JsonObject(), cancellationToken);
            return refused.StatusCode == HttpStatusCode.Unauthorized ? $"{(int)refused.StatusCode}: {refused.Headers.WwwAuthenticate.ToString().Split(',')[0]}" : throw new StoryException($"The Server answered {(int)refused.StatusCode} instead of 401.");
        });
        await StepAsync(fresh, 1, async () =>
        {
            var metadata = await GetAsync(publicUrl.At("/.well-known/oauth-protected-resource"), cancellationToken);
            fresh.Issuer = metadata["authorization_servers"]![0]!.GetValue<string>();
            var server = await GetAsync(new Uri(new Uri(fresh.Issuer), ".well-known/oauth-authorization-server").AbsoluteUri, cancellationToken);
            (fresh.Registration, fresh.Authorization, fresh.Token) = (server["registration_endpoint"]!.GetValue<string>(), server["authorization_endpoint"]!.GetValue<string>(), server["token_endpoint"]!.GetValue<string>());
            return fresh.Issuer;
        });
        await StepAsync(fresh, 2, async () =>
        {
            using var client = Client();
            using var answer = await client.PostAsJsonAsync(fresh.Registration, new JsonObject { ["client_name"] = "The story's client", ["redirect_uris"] = new JsonArray(publicUrl.At(FlowPages.Callback)), ["grant_types"] = new JsonArray("authorization_code", "refresh_token"), ["response_types"] = new JsonArray("code"), ["token_endpoint_auth_method"] = "none" }, cancellationToken);
            fresh.ClientId = (await ReadAsync(answer, cancellationToken))["client_id"]!.GetValue<string>();
            return $"client_id {fresh.ClientId}";
        });
        if (fresh.ClientId.Length == 0) return;
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(fresh.Verifier)));
        Set(fresh, 3, "now", SignInHint, new RequestUrl(fresh.Authorization).CreateAuthorizeUrl(fresh.ClientId, "code", Scopes, publicUrl.At(FlowPages.Callback), fresh.State, codeChallenge: challenge, codeChallengeMethod: "S256", extra: new Parameters { { "resource", resource.Uri } }), "Sign in");
    }

    /// <summary>The person came back.</summary>
    public void Continue(string? code, string? state, string? error)
    {
        Run? mine;
        lock (gate) mine = run;
        // Of another browser, or of a story that is over.
        if (mine is null || state != mine.State || mine.CameBack) return;
        mine.CameBack = true;
        if (code is null)
        {
            Set(mine, 3, "failed", $"You did not allow it ({Clean(error)}). Begin again whenever you like.");
            return;
        }
        Set(mine, 3, "done", "You allowed it.");
        _ = Task.Run(() => GoOnAsync(mine, code), CancellationToken.None);
    }

    private async Task GoOnAsync(Run mine, string code)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(application.ApplicationStopping);
        over.CancelAfter(s_longest);
        var cancellationToken = over.Token;
        var (token, approvalId) = ("", "");
        await StepAsync(mine, 4, async () =>
        {
            using var client = Client();
            using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["grant_type"] = "authorization_code", ["client_id"] = mine.ClientId, ["code"] = code, ["code_verifier"] = mine.Verifier, ["redirect_uri"] = publicUrl.At(FlowPages.Callback), ["resource"] = resource.Uri });
            using var answer = await client.PostAsync(mine.Token, form, cancellationToken);
            token = (await ReadAsync(answer, cancellationToken))["access_token"]!.GetValue<string>();
            return "Open the arrow to see what the token says.";
        });
        if (token.Length > 0) await StepAsync(mine, 5, async () => (await ToolAsync(token, "get_portfolio", new JsonObject(), cancellationToken))["positions"] is JsonArray { Count: > 0 and var count } ? $"{count} positions" : "It is empty so far.");
        if (Done(5)) await StepAsync(mine, 6, async () =>
        {
            var quote = await ToolAsync(token, "get_quote", new JsonObject { ["symbol"] = "WAYNE" }, cancellationToken);
            var limit = decimal.Ceiling(decimal.Parse(quote["ask"]!.ToString(), CultureInfo.InvariantCulture) * 1.02m).ToString("0.00", CultureInfo.InvariantCulture);
            var asked = await ToolAsync(token, "place_order", new JsonObject { ["symbol"] = "WAYNE", ["side"] = "buy", ["quantity"] = "1", ["order_type"] = "limit", ["limit_price"] = limit, ["wait_seconds"] = 0 }, cancellationToken);
            approvalId = asked["approval_id"]!.GetValue<string>();
            Set(mine, 7, "now", $"Its code is {asked["code"]}.", asked["approval_url"]!.GetValue<string>(), "Look at it and decide", newTab: true);
            return $"Buy 1 WAYNE at {limit} USD or better. Nothing is placed by asking.";
        });
        if (approvalId.Length > 0) await StepAsync(mine, 8, async () =>
        {
            while (true)
            {
                var stands = await ToolAsync(token, "wait_for_order_approval", new JsonObject { ["approval_id"] = approvalId, ["wait_seconds"] = 20 }, cancellationToken);
                var status = stands["status"]!.GetValue<string>();
                if (status is not "approval_pending") Set(mine, 7, status is "denied" or "expired" or "cancelled" ? "failed" : "done", status is "denied" or "expired" or "cancelled" ? $"It is {status}: nothing was placed." : "You said yes.");
                if (status == "placed") return $"Order {stands["order"]!["order_id"]}, {stands["order"]!["status"]}";
                if (status is not ("approval_pending" or "executing" or "unknown")) throw new StoryException($"It ended as {status}{(stands["reason"] is { } reason ? $" ({reason})" : "")}. Begin again whenever you like.");
            }
        }, announce: false);
        if (Done(8)) await StepAsync(mine, 9, async () => $"Verify it with: stockmcp verify-receipt FILE --issuer {(await ToolAsync(token, "get_order_receipt", new JsonObject { ["approval_id"] = approvalId }, cancellationToken))["issuer"]}");
    }

    private bool Done(int step)
    {
        lock (gate) return steps[step].State == "done";
    }

    private async Task StepAsync(Run mine, int number, Func<Task<string>> act, bool announce = true)
    {
        if (announce) Set(mine, number, "now", null);
        try
        {
            Set(mine, number, "done", await act());
        }
        catch (StoryException exception)
        {
            Set(mine, number, "failed", exception.Message, exception.Link, exception.Link is null ? null : "Mend it");
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException or InvalidOperationException or FormatException or NullReferenceException)
        {
            Set(mine, number, "failed", $"It did not answer as expected: {exception.Message}");
        }
        catch (OperationCanceledException)
        {
            Set(mine, number, "failed", "Nobody answered in time. Begin again whenever you like.");
        }
    }

    private void Set(Run mine, int number, string state, string? note, string? link = null, string? linkText = null, bool newTab = false)
    {
        lock (gate)
        {
            if (run != mine) return; // another one began since
            steps[number] = steps[number] with { State = state, Note = note, Link = link, LinkText = linkText, NewTab = newTab };
        }
        recorder.Touch();
    }

    private HttpClient Client()
    {
        var client = http.CreateClient(HttpClientName);
        client.DefaultRequestHeaders.Add(FlowExtensions.Caller, "Client");
        return client;
    }

    private async Task<HttpResponseMessage> McpAsync(string? token, string method, JsonObject parameters, CancellationToken cancellationToken)
    {
        using var client = Client();
        client.Timeout = Timeout.InfiniteTimeSpan; // tools wait for people; the caller's time bounds it
        using var request = new HttpRequestMessage(HttpMethod.Post, resource.Uri) { Content = JsonContent.Create(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = method, ["params"] = parameters }) };
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        request.Headers.Add("MCP-Protocol-Version", "2025-11-25");
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await client.SendAsync(request, cancellationToken);
    }

    private async Task<JsonObject> ToolAsync(string token, string tool, JsonObject arguments, CancellationToken cancellationToken)
    {
        using var response = await McpAsync(token, "tools/call", new JsonObject { ["name"] = tool, ["arguments"] = arguments }, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        if (response.Content.Headers.ContentType?.MediaType == "text/event-stream") text = text.Split('\n').Last(line => line.StartsWith("data:", StringComparison.Ordinal) && line.Contains("\"id\"", StringComparison.Ordinal))[5..];
        var answer = JsonNode.Parse(text)!;
        var content = answer["result"]?["structuredContent"] as JsonObject ?? throw new StoryException($"{tool}: {Clean(answer["error"]?["message"]?.ToString())}");
        return content["error"] is not JsonObject failure ? content : throw new StoryException($"{tool}: {Clean(failure["message"]?.ToString())}") { Link = failure["connect_uri"]?.ToString() };
    }

    private async Task<JsonObject> GetAsync(string url, CancellationToken cancellationToken)
    {
        using var client = Client();
        using var answer = await client.GetAsync(url, cancellationToken);
        return await ReadAsync(answer, cancellationToken);
    }

    private static async Task<JsonObject> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        var json = JsonNode.Parse(text) as JsonObject ?? throw new StoryException($"{answer.RequestMessage!.RequestUri!.AbsolutePath} answered {(int)answer.StatusCode}.");
        return answer.IsSuccessStatusCode ? json : throw new StoryException($"{answer.RequestMessage!.RequestUri!.AbsolutePath} answered {(int)answer.StatusCode}: {Clean(json["error_description"]?.ToString() ?? json["error"]?.ToString())}");
    }

    private static string Clean(string? text) => text is null ? "no reason given" : VisibleText.Of(text.Length > 300 ? text[..300] : text);

    private sealed record Step(string Text)
    {
        public string State { get; init; } = "todo";

        public string? Note { get; init; }

        public string? Link { get; init; }

        public string? LinkText { get; init; }

        public bool NewTab { get; init; }
    }

    private sealed class Run
    {
        public string Verifier { get; } = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

        public string State { get; } = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

        public string Issuer { get; set; } = "";

        public string Registration { get; set; } = "";

        public string Authorization { get; set; } = "";

        public string Token { get; set; } = "";

        public string ClientId { get; set; } = "";

        public bool CameBack { get; set; }
    }

    private sealed class StoryException(string message) : Exception(message)
    {
        public string? Link { get; init; }
    }
}
