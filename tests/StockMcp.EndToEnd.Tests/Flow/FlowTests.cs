using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using StockMcp.Hosting.Flow;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests.Flow;

/// <summary>The page that shows every token on its way: what it shows, what it never shows, and where it does not exist.</summary>
public sealed class FlowTests(Browser browser)
{
    [Fact, Trait("Requirement", "LG-01")]
    public async Task The_story_is_told_to_its_end_and_no_secret_is_in_the_picture()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var viewer = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = system.Running.Server.Url };
        (await viewer.PostAsync("flow/show-me", null)).StatusCode.Should().BeOneOf(HttpStatusCode.Found, HttpStatusCode.SeeOther);

        await ComeBackAsync(alice, new Uri((await StepAsync(viewer, 3, "now"))["link"]!.GetValue<string>()));
        var ask = await StepAsync(viewer, 7, "now");
        await alice.SubmitAsync(new Uri(ask["link"]!.GetValue<string>()), "Approve");
        await StepAsync(viewer, 9, "done");

        var (text, data) = await ReadAsync(viewer);
        data["story"]!.AsArray().Select(step => step!["state"]!.GetValue<string>()).Should().OnlyContain(state => state == "done", text);
        var calls = data["calls"]!.AsArray().Select(call => call!).ToList();
        var drawn = calls.Select(call => $"{call["from"]} → {call["to"]}: {call["title"]}").ToList();
        drawn.Should().Contain([
            "Client → Server: No valid token: the answer says where to get one", "Client → Authority: Registers itself as a client (RFC 7591)", "Browser → Authority: The person's answer: what the agent may do",
            "Client → Authority: Redeems the code for tokens (PKCE)", "Client → Server: Calls the tool place_order", "Server → Authority: “May this order be placed?” (CIBA, with authorization details)",
            "Browser → Authority: The person decides, in their own browser", "Server → Authority: The yes is there: a token for this one order (CIBA)", "Authority → Brokerage: Refreshes, for a token that is good for one order (RFC 9396)",
            "Server → Brokerage: The order, with the token that is good for it alone", "Server → Authority: Tells how the order ended", "Server → Authority: Fetches the signed receipt",
        ]);
        var order = calls.Single(call => call["to"]!.GetValue<string>() == "Brokerage" && call["method"]!.GetValue<string>() == "POST" && call["path"]!.GetValue<string>() == "/v2/orders");
        var claims = order["tokens"]![0]!["payload"]!.AsArray().ToDictionary(claim => claim!["name"]!.GetValue<string>(), claim => claim!);
        claims.Keys.Should().Contain(["iss", "sub", "client_id", "aud", "scope", "authorization_details", "txn"]);
        claims["authorization_details"]["means"]!.GetValue<string>().Should().Contain("this order and no other");
        calls.SelectMany(call => call["tokens"]!.AsArray()).SelectMany(token => token!["payload"]!.AsArray()).Should().Contain(claim => claim!["name"]!.GetValue<string>() == "act");

        system.Secrets.All.Select(secret => secret.What).Should().Contain(["access_token", "refresh_token", "code", "code_verifier", "client_secret", "auth_req_id", "password"]);
        system.Secrets.All.Where(secret => text.Contains(secret.Value, StringComparison.Ordinal)).Should().BeEmpty();
        var signatures = system.Secrets.All.Where(secret => secret.Value.StartsWith("eyJ", StringComparison.Ordinal)).Select(secret => secret.Value.Split('.')[^1]).ToList();
        signatures.Should().NotBeEmpty();
        text.Should().NotContainAny(signatures).And.NotContain("eyJ");
    }

    [Fact]
    public async Task Outside_Development_there_is_no_page_and_nothing_is_recorded()
    {
        var recorder = new FlowRecorder(TimeProvider.System);
        var folder = Directory.CreateTempSubdirectory("stockmcp-flow-").FullName;
        await using (var app = StockMcp.Server.Program.Build(["--environment", "Production"], builder =>
        {
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["PublicUrl"] = "http://localhost:7001", ["Urls"] = $"http://127.0.0.1:{FreePorts.Take()}", ["DataDirectory"] = folder, ["Authority:ClientSecret"] = "a-secret-of-a-test-and-nothing-else" });
            builder.AddFlow("Server", recorder);
        }))
        {
            await app.StartAsync();
            using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()), DefaultRequestHeaders = { Host = "localhost:7001" } };
            foreach (var path in new[] { "flow", "flow/events", "flow/callback" }) (await http.GetAsync(path)).StatusCode.Should().Be(HttpStatusCode.NotFound, path);
            foreach (var path in new[] { "flow/show-me", "flow/clear" }) (await http.PostAsync(path, null)).StatusCode.Should().Be(HttpStatusCode.NotFound, path);
            var start = await http.GetAsync("");
            start.StatusCode.Should().Be(HttpStatusCode.OK);
            (await start.Content.ReadAsStringAsync()).Should().NotContain("/flow");
            app.Services.GetService<FlowRecorder>().Should().BeNull();
            await app.StopAsync();
        }
        recorder.Since(0).Calls.Should().BeEmpty();
        var other = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Staging" });
        var before = other.Services.Count;
        other.AddFlow("Authority", recorder);
        other.Services.Count.Should().Be(before);
        other.Services.Should().NotContain(service => service.ServiceType == typeof(IStartupFilter) && service.ImplementationInstance != null && service.ImplementationInstance.GetType().Namespace == typeof(FlowRecorder).Namespace);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_page_elsewhere_starts_no_story_and_anothers_answer_continues_none()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var viewer = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = system.Running.Server.Url };
        foreach (var path in new[] { "flow/show-me", "flow/clear" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Headers = { { "Sec-Fetch-Site", "cross-site" } } };
            (await viewer.SendAsync(request)).StatusCode.Should().Be(HttpStatusCode.Forbidden);
        }
        await viewer.PostAsync("flow/show-me", null);
        await viewer.GetAsync("flow/callback?code=stolen&state=guessed");

        (await StepAsync(viewer, 3, "now"))["link"].Should().NotBeNull("it still waits for the person");
    }

    [Theory]
    [InlineData("""{"redirect_uris":["https://a.example/"],"redirect_uris":["https://b.example/"]}""")]
    [InlineData("""{"redirect_uris":["https://a.example/"],"client_name":"\ud800"}""")]
    [InlineData("""{"redirect_uris":["https://a.example/"],"client_name":"{\"a\":1,\"a\":2}","client_name":""}""")]
    [InlineData("{")]
    public async Task A_request_that_cannot_be_shown_is_answered_all_the_same(string body)
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var viewer = new HttpClient { BaseAddress = system.Running.Server.Url };
        using var client = new HttpClient { BaseAddress = system.Running.Authority.Url };
        // Header and claims name a member twice, as no token does.
        var header = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", "eyJhbGciOiJub25lIiwiYWxnIjoibm9uZSJ9.eyJpc3MiOiJhIiwiaXNzIjoiYiJ9.");
        client.DefaultRequestHeaders.Authorization = header;
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        var answer = await client.PostAsync("connect/register", content);

        answer.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync()).Should().Contain("invalid_client_metadata");
        (await ReadAsync(viewer)).Text.Should().Contain("(cannot be read, not shown)");
    }

    [Theory, Requires(Tool.Chromium)]
    [InlineData(Device.Phone)]
    [InlineData(Device.Desktop)]
    public async Task The_page_shows_each_step_live_and_what_every_token_says(Device device)
    {
        await using var system = await StockMcpSystem.StartAsync();
        await using var alice = await browser.OpenAsync(system, "alice", device);
        var page = alice.Page;
        await page.GotoAsync(system.Running.Server.Url.AbsoluteUri);
        await page.GetByRole(AriaRole.Link, new() { Name = "open the picture" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Show me" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Registers itself as a client")).ToBeVisibleAsync();
        await alice.PhotographAsync($"flow-begun-{device}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in" }).ClickAsync();
        await alice.SignInAsync();
        var connect = page.GetByRole(AriaRole.Button, new() { Name = "Connect", Exact = true });
        var allow = page.GetByRole(AriaRole.Button, new() { Name = "Allow", Exact = true });
        await Assertions.Expect(connect.Or(allow)).ToBeVisibleAsync();
        if (await connect.IsVisibleAsync()) await connect.ClickAsync();
        await allow.ClickAsync();
        var decide = page.GetByRole(AriaRole.Link, new() { Name = "Look at it and decide" });
        await Assertions.Expect(decide).ToBeVisibleAsync(new() { Timeout = 30_000 });
        var approval = await page.Context.RunAndWaitForPageAsync(() => decide.ClickAsync());
        await approval.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await approval.CloseAsync();

        await Assertions.Expect(page.Locator("#steps li[data-state=done]")).ToHaveCountAsync(10, new() { Timeout = 60_000 });
        var order = page.Locator("details.call", new() { HasText = "The order, with the token that is good for it alone" });
        await order.Locator("summary").ClickAsync();
        await Assertions.Expect(order.GetByText("Exactly what the person allowed")).ToBeVisibleAsync();
        await Assertions.Expect(order.GetByText("Its signature is cut off")).ToBeVisibleAsync();
        (await alice.ScrollsSidewaysAsync()).Should().BeFalse();
        await alice.PhotographAsync($"flow-{device}");
        await order.ScrollIntoViewIfNeededAsync();
        await page.Mouse.MoveAsync(0, 0);
        await alice.PhotographPartAsync($"flow-token-{device}");
        alice.Complaints.Should().BeEmpty();
    }

    private static async Task ComeBackAsync(Person person, Uri authorizationUrl)
        => (await person.StatusAsync(await person.GoAsync(authorizationUrl, url => url.AbsolutePath == "/flow/callback"))).Should().BeOneOf(HttpStatusCode.Found, HttpStatusCode.SeeOther);

    private static async Task<JsonNode> StepAsync(HttpClient viewer, int number, string state)
    {
        for (var left = 300; ; left--)
        {
            var (text, data) = await ReadAsync(viewer);
            var step = data["story"]!.AsArray().ElementAtOrDefault(number);
            if (step?["state"]?.GetValue<string>() == state) return step;
            if (left == 0 || data["story"]!.AsArray().Any(known => known!["state"]!.GetValue<string>() == "failed")) throw new InvalidOperationException($"Step {number} did not become {state}: {data["story"]!.ToJsonString()}");
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, CancellationToken.None);
        }
    }

    private static async Task<(string Text, JsonNode Data)> ReadAsync(HttpClient viewer)
    {
        using var stream = await viewer.GetAsync("flow/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line) if (line.StartsWith("data:", StringComparison.Ordinal)) return (line, JsonNode.Parse(line[5..])!);
        throw new InvalidOperationException("The stream ended.");
    }
}
