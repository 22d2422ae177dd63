using Microsoft.AspNetCore.WebUtilities;
using ModelContextProtocol.Authentication;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>The person's connection to the broker lacks a right that a tool needs: the client sends them to the broker's page, and the same call goes on.</summary>
public sealed class StepUpTests
{
    [Fact, Trait("Requirement", "RS-05"), Trait("Requirement", "AS-08")]
    public async Task An_agent_that_lacks_a_scope_asks_for_it_and_its_person_is_asked_for_that_alone()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var asked = new List<string>();
        await using var client = await McpClient.CreateAsync(new HttpClientTransport(new()
        {
            Endpoint = system.McpUrl,
            OAuth = new()
            {
                RedirectUri = new Uri("http://localhost:1179/callback"),
                DynamicClientRegistration = new() { ClientName = "C# test client" },
                AuthorizationCallbackHandler = async (context, _) =>
                {
                    asked.Add(QueryHelpers.ParseQuery(context.AuthorizationUri.Query)["scope"].ToString());
                    var consent = asked.Count == 1 ? ConsentAnswer.AtAuthorityWithout(system, "orders:read") : ConsentAnswer.AsTicked;
                    var answer = QueryHelpers.ParseQuery((await alice.AuthorizeAsync(context.AuthorizationUri, consent)).Query);
                    return new AuthorizationResult { Code = answer["code"], State = answer["state"], Iss = answer["iss"] };
                },
            },
        }), cancellationToken: TestContext.Current.CancellationToken);
        (await client.CallToolAsync("get_account", cancellationToken: TestContext.Current.CancellationToken)).IsError.Should().NotBe(true);
        asked.Should().HaveCount(1);

        var orders = await client.CallToolAsync("list_orders", cancellationToken: TestContext.Current.CancellationToken);

        orders.IsError.Should().NotBe(true);
        asked.Should().HaveCount(2);
        asked[1].Split(' ').Should().Contain("orders:read");
        alice.Pages[^1].Should().Contain("You have already allowed it").And.Contain("tick:orders:read").And.NotContain("tick:portfolio:read");
        (await client.CallToolAsync("get_account", cancellationToken: TestContext.Current.CancellationToken)).IsError.Should().NotBe(true, "it accumulates");
        asked.Should().HaveCount(2);
    }

    [Fact]
    public async Task A_connection_that_lacks_a_right_gets_it_in_the_middle_of_a_call()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var agent = await Agent.ConnectAsync(system, alice, consent: ConsentAnswer.AtBrokerageWithout(system, "orders:read"));
        var transport = new HttpClientTransport(new() { Endpoint = system.McpUrl, AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = "Bearer " + agent.Tokens.AccessToken } });
        var opened = new List<Uri>();
        await using var client = await McpClient.CreateAsync(transport, new()
        {
            Capabilities = new() { Elicitation = new() { Url = new() } },
            Handlers = new()
            {
                ElicitationHandler = async (request, _) =>
                {
                    opened.Add(new Uri(request!.Url!));
                    await alice.GoAsync(opened[^1], url => url.AbsolutePath == "/account");
                    return new ElicitResult { Action = "accept" };
                },
            },
        }, cancellationToken: TestContext.Current.CancellationToken);

        var orders = await client.CallToolAsync("list_orders", cancellationToken: TestContext.Current.CancellationToken);
        var account = await client.CallToolAsync("get_account", cancellationToken: TestContext.Current.CancellationToken);

        orders.IsError.Should().NotBe(true);
        account.IsError.Should().NotBe(true, "what was granted before stays");
        opened.Single().PathAndQuery.Should().Be("/account/connect/brokerage?scope=orders%3Aread");
    }
}
