using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.Orders;

/// <summary>How the person is sent to the page where they answer, in each revision and client.</summary>
public sealed class ApprovalPageTests
{
    [Fact, Trait("Requirement", "RS-08"), Trait("Requirement", "OX-05")]
    public async Task A_client_of_2026_07_28_gets_input_required_and_the_same_call_goes_on_with_the_same_approval()
    {
        await using var system = await TestSystem.StartAsync(copies: 2);
        using var first = await ModernAsync(system, system.Trader());
        var required = (await first.ReadRpcAsync())["result"]!;
        required["resultType"]!.GetValue<string>().Should().Be("input_required", required.ToJsonString());
        var asked = await system.Authority.Approvals.AskedAsync();
        var elicitation = required["inputRequests"]!["approve"]!["params"]!;
        (elicitation["mode"]!.GetValue<string>(), elicitation["url"]!.GetValue<string>()).Should().Be(("url", $"{system.Authority.Issuer}approvals/{asked.Id:D}"));
        elicitation["message"]!.GetValue<string>().Should().Contain(asked.Code);

        // The person answers before the client calls again: that must not be a second order.
        asked.Become("approved");
        await Eventually.IsTrueAsync(() => asked.Status == "placed");
        using var again = await ModernAsync(system, system.Trader(), required["requestState"]!.GetValue<string>(), copy: 1);
        var result = new ToolResult((await again.ReadRpcAsync())["result"]!);

        result.Status().Should().Be("placed");
        result.Content["approval_id"]!.GetValue<string>().Should().Be(asked.Id.ToString());
        system.Authority.Approvals.All.Should().ContainSingle();
        system.Brokerage!.Gate.Posts.Should().ContainSingle();
    }

    [Fact, Trait("Requirement", "RS-08"), Trait("Requirement", "RS-07")]
    public async Task Its_state_is_good_for_this_caller_and_this_order_alone()
    {
        await using var system = await TestSystem.StartAsync();
        using var first = await ModernAsync(system, system.Trader());
        var state = (await first.ReadRpcAsync())["result"]!["requestState"]!.GetValue<string>();

        foreach (var (token, price) in new[] { (system.Trader("bob"), "500"), (system.Trader(client: "another-agent"), "500"), (system.Trader(), "501") })
        {
            using var response = await ModernAsync(system, token, state, price: price);
            (await response.ReadRpcAsync())["error"]!["code"]!.GetValue<int>().Should().Be(-32602);
        }
        system.Authority.Approvals.All.Should().ContainSingle();
    }

    [Fact]
    public async Task A_person_who_does_not_open_the_page_can_still_answer_elsewhere()
    {
        await using var system = await TestSystem.StartAsync();
        using var first = await ModernAsync(system, system.Trader());
        var state = (await first.ReadRpcAsync())["result"]!["requestState"]!.GetValue<string>();
        using var declined = await ModernAsync(system, system.Trader(), state, action: "decline");
        new ToolResult((await declined.ReadRpcAsync())["result"]!).Status().Should().Be("approval_pending", "it is not asked twice");
    }

    [Theory]
    [InlineData("2026-07-28", true)]
    [InlineData("2026-07-28", false)]
    [InlineData("2025-11-25", true)]
    [InlineData("2025-11-25", false)]
    public async Task The_official_client_gets_the_order_placed_whatever_it_can_do(string revision, bool opensUrls)
    {
        await using var system = await TestSystem.StartAsync();
        var opened = new List<string?>();
        var transport = new HttpClientTransport(new()
        {
            Endpoint = new Uri(system.Server.Url, "mcp"),
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = "Bearer " + system.Trader() },
        });
        var options = new McpClientOptions { ProtocolVersion = revision };
        if (opensUrls)
        {
            options.Capabilities = new() { Elicitation = new() { Url = new() } };
            options.Handlers = new()
            {
                ElicitationHandler = (request, _) =>
                {
                    opened.Add(request?.Url);
                    system.Authority.Approvals.Only.Become("approved");
                    return ValueTask.FromResult(new ElicitResult { Action = "accept" });
                },
            };
        }
        await using var client = await McpClient.CreateAsync(transport, options, cancellationToken: TestContext.Current.CancellationToken);
        var arguments = new Dictionary<string, object?> { ["symbol"] = "WAYNE", ["side"] = "buy", ["quantity"] = "2", ["order_type"] = "limit", ["limit_price"] = "500" };
        var call = client.CallToolAsync("place_order", arguments, cancellationToken: TestContext.Current.CancellationToken).AsTask();
        var asked = await system.Authority.Approvals.AskedAsync();
        CallToolResult result;
        if (!opensUrls) asked.Become("approved");
        try
        {
            result = await call;
        }
        catch (UrlElicitationRequiredException exception)
        {
            // Before 2026-07-28 the application opens the page, the person answers, and it calls again: that must not be a second order.
            opened.Add(exception.Elicitations.Single().Url);
            asked.Become("approved");
            await Eventually.IsTrueAsync(() => asked.Status == "placed");
            result = await client.CallToolAsync("place_order", arguments, cancellationToken: TestContext.Current.CancellationToken);
        }

        result.IsError.Should().NotBe(true);
        result.StructuredContent!.Value.GetProperty("status").GetString().Should().Be("placed");
        opened.Should().HaveCount(opensUrls ? 1 : 0);
        system.Authority.Approvals.All.Should().ContainSingle();
        system.Brokerage!.Gate.Posts.Should().ContainSingle();
    }

    [Theory, Trait("Requirement", "OX-05")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_call_that_a_client_of_2025_11_25_sends_again_finds_its_approval_at_another_copy_or_it_is_not_told_to_send_it(bool isThere)
    {
        await using var system = await TestSystem.StartAsync(redis: true, copies: 2);
        var session = await InitializeAsync(system);
        if (!isThere) system.Redis!.Stop();
        using var first = await OlderAsync(system, 0, session);
        var answer = await first.ReadRpcAsync();
        var asked = await system.Authority.Approvals.AskedAsync();
        if (!isThere)
        {
            new ToolResult(answer["result"]!).Status().Should().Be("approval_pending");
            return;
        }
        answer["error"]!["code"]!.GetValue<int>().Should().Be(-32042);
        answer["error"]!["data"]!["elicitations"]![0]!["url"]!.GetValue<string>().Should().EndWith($"approvals/{asked.Id:D}");

        asked.Become("approved");
        await Eventually.IsTrueAsync(() => asked.Status == "placed");
        using var again = await OlderAsync(system, 1, session);
        new ToolResult((await again.ReadRpcAsync())["result"]!).Content["approval_id"]!.GetValue<string>().Should().Be(asked.Id.ToString());
        using var later = await OlderAsync(system, 1, session);
        (await later.ReadRpcAsync())["error"]!["code"]!.GetValue<int>().Should().Be(-32042, "after that it is another order");
        system.Authority.Approvals.All.Should().HaveCount(2);
    }

    private static async Task<string> InitializeAsync(TestSystem system)
    {
        using var response = await system.Server.PostAsync(system.Trader(), ServerCopy.Message("initialize", new { protocolVersion = "2025-11-25", capabilities = new { elicitation = new { url = new { } } }, clientInfo = new { name = "test", version = "1" } }));
        return response.Headers.GetValues("Mcp-Session-Id").Single();
    }

    private static Task<HttpResponseMessage> OlderAsync(TestSystem system, int copy, string session)
        => system[copy].PostAsync(system.Trader(), ServerCopy.Message("tools/call", new { name = "place_order", arguments = Ordering.Limit(wait: 2) }), ("MCP-Protocol-Version", "2025-11-25"), ("Mcp-Session-Id", session));

    private static Task<HttpResponseMessage> ModernAsync(TestSystem system, string token, string? state = null, string action = "accept", int copy = 0, string price = "500")
    {
        var parameters = new Dictionary<string, object>
        {
            ["name"] = "place_order",
            ["arguments"] = Ordering.Limit(price: price, wait: 2),
            ["_meta"] = new Dictionary<string, object>
            {
                ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28",
                ["io.modelcontextprotocol/clientInfo"] = new { name = "test", version = "1" },
                ["io.modelcontextprotocol/clientCapabilities"] = new { elicitation = new { url = new { } } },
            },
        };
        if (state is not null) (parameters["requestState"], parameters["inputResponses"]) = (state, new { approve = new { action } });
        return system[copy].PostAsync(token, ServerCopy.Message("tools/call", parameters), ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "place_order"));
    }
}
