using Microsoft.AspNetCore.WebUtilities;
using ModelContextProtocol.Authentication;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using StockMcp.EndToEnd.Tests.Agents;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>MCP's C# SDK with its own OAuth client, as the README shows it.</summary>
public sealed class CSharpClientTests(SharedSystem shared)
{
    [Theory]
    [InlineData(null, "2026-07-28")]
    [InlineData("2025-11-25", "2025-11-25")]
    public async Task It_registers_itself_signs_its_user_in_and_calls_tools(string? asks, string speaks)
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var transport = new HttpClientTransport(new()
        {
            Endpoint = system.McpUrl,
            OAuth = new()
            {
                RedirectUri = new Uri("http://localhost:1179/callback"),
                DynamicClientRegistration = new() { ClientName = "C# test client" },
                AuthorizationCallbackHandler = async (context, _) =>
                {
                    var answer = QueryHelpers.ParseQuery((await alice.AuthorizeAsync(context.AuthorizationUri)).Query);
                    return new AuthorizationResult { Code = answer["code"], State = answer["state"], Iss = answer["iss"] };
                },
            },
        });

        await using var client = await McpClient.CreateAsync(transport, new() { ProtocolVersion = asks });
        var tools = await client.ListToolsAsync();
        var whoami = await client.CallToolAsync("whoami");
        var portfolio = await client.CallToolAsync("get_portfolio");

        client.NegotiatedProtocolVersion.Should().Be(speaks);
        tools.Select(tool => tool.Name).Should().BeEquivalentTo(StockTools.Names);
        whoami.Content.OfType<TextContentBlock>().Single().Text.Should().Contain("Alice Liddell");
        portfolio.IsError.Should().NotBe(true);
    }
}
