using System.Net;
using StockMcp.Agent.Tests.Fixture;
using StockMcp.Testing.People;

namespace StockMcp.Agent.Tests.Chats;

/// <summary>The chat with the command grammar, over the real chain.</summary>
public sealed class ChatTests(SharedAgent shared)
{
    [Fact]
    public async Task Prices_and_the_portfolio_are_answered_by_a_grammar_that_says_it_is_no_model()
    {
        var system = await shared.GetAsync();
        using var alice = await AgentUser.SignInAsync(system, Person.Alice(system));

        var chat = await alice.AskAsync("price of WAYNE");
        (await chat.AnswerAsync()).Should().StartWith("WAYNE: bid ").And.Contain("USD");
        await chat.SayAsync("my portfolio");
        (await chat.AnswerAsync()).Should().Contain("10000");
        await chat.SayAsync("Sing me a song!");
        (await chat.AnswerAsync()).Should().Contain("I am not a model");

        var page = await alice.PageAsync(chat.Path);
        page.QuerySelector(".who-answers")!.TextContent.Should().Contain("No model is set up");
        page.QuerySelector("header")!.TextContent.Should().Contain("Alice Liddell", "it knows who she is");
    }

    [Fact]
    public async Task An_order_shows_the_pages_code_and_what_the_person_approves_there_is_placed()
    {
        var system = await shared.GetAsync();
        using var bob = await AgentUser.SignInAsync(system, Person.Bob(system));

        var chat = await bob.AskAsync("buy 1 WAYNE at 90 or less");
        var card = await chat.CardAsync("waits for your yes");
        var page = await bob.Person.ReadAsync(new Uri(card.Link!));
        page.Should().Contain("BUY 1 WAYNE").And.Contain(card.Code).And.Contain("StockMcp Agent");
        card.Text.Should().Contain("90 USD").And.Contain("only you, there");

        await bob.Person.SubmitAsync(new Uri(card.Link!), "Approve");

        (await chat.CardAsync("placed")).Text.Should().Contain("filled");
        (await chat.CardsAsync()).Should().Be(1);
        await chat.SayAsync("my orders");
        (await chat.AnswerAsync()).Should().Contain("buy 1 WAYNE");
    }

    [Fact]
    public async Task Somebody_elses_chat_is_one_that_does_not_exist()
    {
        var system = await shared.GetAsync();
        using var alice = await AgentUser.SignInAsync(system, Person.Alice(system));
        using var bob = await AgentUser.SignInAsync(system, Person.Bob(system));
        var chat = await alice.AskAsync("help");

        (await bob.Person.StatusAsync(bob.Url(chat.Path))).Should().Be(HttpStatusCode.NotFound);
        foreach (var action in new[] { "messages", "resume", "delete" })
        {
            using var response = await bob.PostAsync("chats", $"{chat.Path}/{action}", new() { ["message"] = "my portfolio" });
            response.StatusCode.Should().Be(HttpStatusCode.NotFound, action);
        }
        (await chat.AnswerAsync()).Should().Contain("I know these sentences", "nothing was written into it");
    }

    [Fact]
    public async Task Without_the_pages_token_nothing_is_written()
    {
        var system = await shared.GetAsync();
        using var alice = await AgentUser.SignInAsync(system, Person.Alice(system));
        var chat = await alice.AskAsync("help");

        using var forged = new HttpRequestMessage(HttpMethod.Post, alice.Url(chat.Path + "/messages")) { Content = new FormUrlEncodedContent([new("message", "buy 1 WAYNE at 90")]) };
        using var response = await alice.Person.SendAsync(forged);

        response.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await chat.CardsAsync()).Should().Be(0);
    }
}
