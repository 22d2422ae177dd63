using System.Text.Json.Nodes;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests;

/// <summary>What ends on the account page ends at the Server, which remembers tokens for minutes.</summary>
public sealed class RevocationTests
{
    [Theory, Trait("Requirement", "TV-05"), Trait("Requirement", "AS-12")]
    [InlineData("Disconnect", "connection_required")]
    [InlineData("Sign out this agent", "authorization_ended")]
    public async Task What_a_person_ends_on_the_account_page_is_over_at_the_server(string button, string code)
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var agent = await Agent.ConnectAsync(system, alice);
        (await agent.CallToolAsync("get_account")).IsError.Should().BeFalse();

        await alice.SubmitAsync(new Uri(system.Running.Authority.Url, "account"), button);

        JsonNode? error;
        do error = (await agent.CallToolAsync("get_account")).Structured!["error"]; while (error is null);
        error["code"]!.GetValue<string>().Should().Be(code);
    }
}
