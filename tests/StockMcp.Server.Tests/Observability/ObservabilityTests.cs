using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.Observability;

public sealed class ObservabilityTests
{
    [Fact]
    public async Task Each_tool_call_is_one_line_with_who_which_agent_tool_outcome_and_time()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false);
        await system.Server.CallAsync(system.Token(), "whoami");
        await system.Server.CallAsync(system.Token(), "get_quote");
        await system.Server.CallRawAsync(system.Token(scope: ""), "get_account");
        await system.Server.CallRawAsync(system.Token(), "no_such_tool");

        ToolCalls(system).Should().SatisfyRespectively(
            line => line.Should().MatchRegex(@"ALICE \(alice\) via an-agent: whoami ok \d+ ms"),
            line => line.Should().MatchRegex(@"ALICE \(alice\) via an-agent: get_quote invalid_argument \d+ ms"),
            line => line.Should().MatchRegex(@"ALICE \(alice\) via an-agent: get_account 403 insufficient_scope 0 ms"),
            line => line.Should().MatchRegex(@"ALICE \(alice\) via an-agent: unknown tool refused \d+ ms"));
    }

    [Fact, Trait("Requirement", "LG-02")]
    public async Task A_name_cannot_begin_a_line_of_its_own()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false);
        var token = system.Authority.Token(ServerCopy.Resource, client: "agent\r\nInformation forged: line", change: token => token.Claims["name"] = "\u001b[31mMallory\u2028\u202e");
        await system.Server.CallAsync(token, "whoami");
        ToolCalls(system).Single().Should().NotContainAny("\r", "\n", "\u001b", "\u2028", "\u202e").And.Contain("via agentInformation forged: line:");
    }

    [Fact, Trait("Requirement", "LG-02")]
    public async Task What_a_call_names_is_not_logged_as_it_was_sent()
    {
        const string Forged = "\r\nInformation forged\u001b[31m";
        await using var system = await TestSystem.StartAsync(brokerage: false);

        await system.Server.CallRawAsync(system.Token(), "x" + Forged);
        await system.Server.PostAsync(system.Token(), ServerCopy.Message("x" + Forged, new { }));
        await system.Server.PostAsync(system.Token(), ServerCopy.Message("tools/call", new { name = "get_quote", arguments = new Dictionary<string, string> { ["x" + Forged] = Forged } }));

        system.Log.All.Should().NotContain(line => line.Contains("forged"));
    }

    [Fact]
    public async Task A_call_is_traced_through_exchange_and_brokerage_without_a_secret()
    {
        var spans = new ConcurrentBag<Activity>();
        await using var system = await TestSystem.StartAsync(configure: builder => builder.Services.AddOpenTelemetry().WithTracing(tracing => tracing.AddProcessor(new Collector(spans))));
        var token = system.Token();
        using var client = new Activity("an agent at work") { ActivityTraceFlags = ActivityTraceFlags.Recorded }.Start();
        var trace = client.TraceId;
        await system.Server.CallAsync(token, "get_account");

        await Eventually.IsTrueAsync(() => spans.Any(span => span.TraceId == trace && span.DisplayName.StartsWith("POST /mcp", StringComparison.Ordinal)));
        spans.Where(span => span.TraceId == trace).Select(span => span.DisplayName).Should().Contain("tool get_account").And.Contain("token exchange").And.Contain("POST /connect/token").And.Contain("GET /v2/account", "the trace goes on in the authorization server and the brokerage");
        spans.SelectMany(span => span.TagObjects).Should().NotContain(tag => tag.Value != null && (tag.Value.ToString()!.Contains(token.Split('.', 3)[2]) || system.Authority.Given.Any(given => tag.Value.ToString()!.Contains(given))));
    }

    [Fact]
    public async Task It_says_that_it_lives()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false);
        (await system.Server.Http.GetStringAsync("/health/live")).Should().Be("Healthy");
        (await system.Server.Http.GetStringAsync("/health/ready")).Should().Be("Healthy");
    }

    private static IEnumerable<string> ToolCalls(TestSystem system) => system.Log.All.Where(line => line.Contains("ToolCallLog")).Select(line => line.TrimEnd());

    private sealed class Collector(ConcurrentBag<Activity> spans) : OpenTelemetry.BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data) => spans.Add(data);
    }
}
