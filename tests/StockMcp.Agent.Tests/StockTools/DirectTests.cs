using StockMcp.Agent.Tests.Fixture;
using StockMcp.Testing.People;
using StockMcp.Testing.Secrets;

namespace StockMcp.Agent.Tests.StockTools;

/// <summary>The same tools in the agent's own process, where it exchanges the person's token itself.</summary>
public sealed class DirectTests
{
    [Fact]
    public async Task The_same_tools_work_without_the_Server_when_the_agent_is_the_resource()
    {
        await using var system = await AgentSystem.StartAsync(new() { ["Agent:Tools"] = "direct" });
        using var alice = await AgentUser.SignInAsync(system, Person.Alice(system), ConsentAnswer.AtAuthorityWithout(system, "orders:write"));
        var before = system.Server.Requests.Count;

        var chat = await alice.AskAsync("price of WAYNE");
        (await chat.AnswerAsync()).Should().StartWith("WAYNE: bid ");
        await chat.SayAsync("my portfolio");
        (await chat.AnswerAsync()).Should().Contain("10000");
        await chat.SayAsync("search ()");
        (await chat.AnswerAsync()).Should().Contain("query must be", "arguments are held to the same schema");
        await chat.SayAsync("buy 1 WAYNE at 90 or less");
        var card = await chat.CardAsync();
        card.Title.Should().Be("Allow this agent more");
        await alice.SignInAsync(path: card.Link![1..]);
        await chat.ResumeAsync();
        card = await chat.CardAsync();
        if (card.Title == "Connect your account")
        {
            await alice.Person.GoAsync(new Uri(card.Link!), url => url.AbsolutePath == "/account");
            await chat.ResumeAsync();
        }
        card = await chat.CardAsync("waits for your yes");
        await alice.Person.SubmitAsync(new Uri(card.Link!), "Approve");
        await chat.CardAsync("placed");

        system.Server.Requests.Should().HaveCount(before, "nobody asks the Server");
        system.Brokerage.Requests.Count(request => request is { Method: "POST", Path: "/v2/orders", Status: 200 }).Should().Be(1);
        (await SecretScan.FindAsync(system, alice.Person.Pages)).Should().BeEmpty();
    }
}
