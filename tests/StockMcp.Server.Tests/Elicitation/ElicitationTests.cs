using System.Net;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using StockMcp.Server.Tests.Fixture;
using StockMcp.Testing.Harness;

namespace StockMcp.Server.Tests.Elicitation;

/// <summary>A tool needs an account that is not connected, or more of one: how the person is sent to connect it, in each revision, and how the call goes on.</summary>
public sealed class ElicitationTests
{
    private const string ConnectUri = "https://authority.example.com/account/connect/brokerage?scope=account%3Aread";

    [Fact]
    public async Task A_client_of_2025_11_25_that_opens_urls_gets_the_url_elicitation_required_error_and_the_same_call_succeeds_afterwards()
    {
        await using var system = await TestSystem.StartAsync(copies: 2);
        Disconnect(system);
        var session = await InitializeAsync(system, new { elicitation = new { form = new { }, url = new { } } });
        session.Should().NotBeNullOrEmpty();

        using var response = await CallAsync(system[1], system.Token(), session);
        var error = (await response.ReadRpcAsync())["error"]!;
        error["code"]!.GetValue<int>().Should().Be(-32042);
        var elicitation = error["data"]!["elicitations"]![0]!;
        elicitation["mode"]!.GetValue<string>().Should().Be("url");
        elicitation["url"]!.GetValue<string>().Should().Be(ConnectUri);
        elicitation["elicitationId"]!.GetValue<string>().Should().NotBeEmpty();

        system.Authority.Fault = null;
        using var again = await CallAsync(system[0], system.Token(), session);
        (await again.ReadRpcAsync())["result"]!["structuredContent"]!["error"].Should().BeNull();
    }

    [Fact]
    public async Task A_client_that_opens_no_urls_gets_the_tools_error_with_the_page_in_it()
    {
        await using var system = await TestSystem.StartAsync();
        Disconnect(system);
        (await InitializeAsync(system, new { elicitation = new { } })).Should().BeNull("an empty declaration means forms");

        var result = await system.Server.CallAsync(system.Token(), "get_account");
        result.Code.Should().Be("connection_required");
        result.Content["error"]!["connect_uri"]!.GetValue<string>().Should().Be(ConnectUri);

        using var modern = await ModernAsync(system, system.Token(), elicitation: new { form = new { } });
        (await modern.ReadRpcAsync())["result"]!["structuredContent"]!["error"]!["connect_uri"]!.GetValue<string>().Should().Be(ConnectUri);
    }

    [Fact, Trait("Requirement", "RS-08")]
    public async Task A_client_of_2026_07_28_gets_input_required_and_goes_on_with_its_state_on_another_copy()
    {
        await using var system = await TestSystem.StartAsync(copies: 2);
        Disconnect(system);
        var (state, request) = await AskAsync(system, system.Token());
        request["method"]!.GetValue<string>().Should().Be("elicitation/create");
        request["params"]!["url"]!.GetValue<string>().Should().Be(ConnectUri);

        using var declined = await ModernAsync(system, system.Token(), state, "decline");
        (await declined.ReadRpcAsync())["result"]!["structuredContent"]!["error"]!["code"]!.GetValue<string>().Should().Be("connection_required", "who declined is not asked again");

        system.Authority.Fault = null;
        using var accepted = await ModernAsync(system, system.Token(), state, "accept", copy: 1);
        (await accepted.ReadRpcAsync())["result"]!["structuredContent"]!["error"].Should().BeNull();
    }

    [Fact]
    public async Task A_person_who_is_on_the_way_is_waited_for()
    {
        await using var system = await TestSystem.StartAsync();
        Disconnect(system);
        var (state, _) = await AskAsync(system, system.Token());
        var asked = system.Authority.Exchanges.Count;

        var call = ModernAsync(system, system.Token(), state, "accept");
        await Eventually.IsTrueAsync(() => system.Authority.Exchanges.Count > asked);
        system.Authority.Fault = null;

        using var response = await call;
        (await response.ReadRpcAsync())["result"]!["structuredContent"]!["error"].Should().BeNull();
    }

    [Fact, Trait("Requirement", "RS-08"), Trait("Requirement", "RS-07")]
    public async Task A_state_that_was_changed_or_given_for_somebody_or_something_else_or_long_ago_is_refused()
    {
        var clock = new ShiftedClock();
        await using var system = await TestSystem.StartAsync(time: clock);
        Disconnect(system);
        var (state, _) = await AskAsync(system, system.Token());
        var changed = (state[0] == 'A' ? 'B' : 'A') + state[1..];
        var middle = state.Length / 2;
        var flipped = state[..middle] + (state[middle] == 'A' ? 'B' : 'A') + state[(middle + 1)..];

        foreach (var (token, given, tool, arguments) in new (string, string?, string, object)[]
        {
            (system.Token(), changed, "get_account", new { }),
            (system.Token(), flipped, "get_account", new { }),
            (system.Token(), "nonsense", "get_account", new { }),
            (system.Token(), "", "get_account", new { }),
            (system.Token(), null, "get_account", new { }),
            (system.Token("bob"), state, "get_account", new { }),
            (system.Token(client: "another-agent"), state, "get_account", new { }),
            (system.Token(), state, "list_orders", new { }),
            (system.Token(), state, "get_account", new { more = 1 }),
        })
            await RefusedAsync(token, given, tool, arguments);

        clock.Advance(TimeSpan.FromMinutes(11));
        await RefusedAsync(system.Token(), state, "get_account", new { });

        async Task RefusedAsync(string token, string? given, string tool, object arguments)
        {
            using var response = await ModernAsync(system, token, given, "accept", tool: tool, arguments: arguments);
            var answer = await response.ReadRpcAsync();
            answer["error"]!["code"]!.GetValue<int>().Should().Be(-32602, "{0} {1}: {2}", given, tool, answer.ToJsonString());
        }
    }

    [Theory]
    [InlineData("2026-07-28")]
    [InlineData("2025-11-25")]
    public async Task The_official_client_opens_the_page_and_its_call_succeeds(string revision)
    {
        await using var system = await TestSystem.StartAsync();
        Disconnect(system);
        var opened = new List<string?>();
        var transport = new HttpClientTransport(new()
        {
            Endpoint = new Uri(system.Server.Url, "mcp"),
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = "Bearer " + system.Token() },
        });
        var options = new McpClientOptions
        {
            ProtocolVersion = revision,
            Capabilities = new() { Elicitation = new() { Url = new() } },
            Handlers = new()
            {
                ElicitationHandler = (request, _) =>
                {
                    opened.Add(request?.Url);
                    system.Authority.Fault = null; // the person connects the account
                    return ValueTask.FromResult(new ElicitResult { Action = "accept" });
                },
            },
        };
        await using var client = await McpClient.CreateAsync(transport, options, cancellationToken: TestContext.Current.CancellationToken);

        CallToolResult result;
        try
        {
            result = await client.CallToolAsync("get_account", cancellationToken: TestContext.Current.CancellationToken);
        }
        catch (UrlElicitationRequiredException exception)
        {
            // Before 2026-07-28 the application opens the page, and calls again.
            opened.Add(exception.Elicitations.Single().Url);
            system.Authority.Fault = null;
            result = await client.CallToolAsync("get_account", cancellationToken: TestContext.Current.CancellationToken);
        }

        client.NegotiatedProtocolVersion.Should().Be(revision);
        opened.Should().Equal(ConnectUri);
        result.IsError.Should().NotBe(true);
    }

    private static void Disconnect(TestSystem system)
        => system.Authority.Fault = form => form["audience"] == "brokerage" ? TestAuthority.Error("interaction_required", more: new { error = "interaction_required", connection = "brokerage", connect_uri = ConnectUri }) : null;

    private static async Task<string?> InitializeAsync(TestSystem system, object capabilities)
    {
        var body = ServerCopy.Message("initialize", new { protocolVersion = "2025-11-25", capabilities, clientInfo = new { name = "test", version = "1" } });
        using var response = await system.Server.PostAsync(system.Token(), body);
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        return response.Headers.TryGetValues("Mcp-Session-Id", out var session) ? session.Single() : null;
    }

    private static Task<HttpResponseMessage> CallAsync(ServerCopy copy, string token, string? session)
        => copy.PostAsync(token, ServerCopy.Message("tools/call", new { name = "get_account", arguments = new { } }), ("MCP-Protocol-Version", "2025-11-25"), ("Mcp-Session-Id", session!));

    private static async Task<(string State, JsonNode Request)> AskAsync(TestSystem system, string token)
    {
        using var response = await ModernAsync(system, token);
        var result = (await response.ReadRpcAsync())["result"]!;
        result["resultType"]!.GetValue<string>().Should().Be("input_required", result.ToJsonString());
        return (result["requestState"]!.GetValue<string>(), result["inputRequests"]!["connect"]!);
    }

    private static Task<HttpResponseMessage> ModernAsync(TestSystem system, string token, string? state = null, string? action = null, int copy = 0, string tool = "get_account", object? arguments = null, object? elicitation = null)
    {
        var parameters = new Dictionary<string, object>
        {
            ["name"] = tool,
            ["arguments"] = arguments ?? new { },
            ["_meta"] = new Dictionary<string, object>
            {
                ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28",
                ["io.modelcontextprotocol/clientInfo"] = new { name = "test", version = "1" },
                ["io.modelcontextprotocol/clientCapabilities"] = new { elicitation = elicitation ?? new { url = new { } } },
            },
        };
        if (state is not null) parameters["requestState"] = state;
        if (action is not null) parameters["inputResponses"] = new { connect = new { action } };
        return system[copy].PostAsync(token, ServerCopy.Message("tools/call", parameters), ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", tool));
    }
}
