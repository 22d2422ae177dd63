using StockMcp.Agent.Tests.Fixture;
using StockMcp.Testing.People;
using StockMcp.Testing.Secrets;

namespace StockMcp.Agent.Tests.Chats;

/// <summary>What is missing in the middle of a chat: a card says it, and the call goes on once the person did it.</summary>
public sealed class InterruptTests
{
    [Fact]
    public async Task A_broken_connection_and_a_missing_right_show_a_card_and_the_call_goes_on_afterwards()
    {
        await using var system = await AgentSystem.StartAsync();
        using var alice = await AgentUser.SignInAsync(system, Person.Alice(system), ConsentAnswer.AtAuthorityWithout(system, "orders:write"));

        // The account.
        await alice.Person.SubmitAsync(new Uri(system.Running.Authority.Url, "account"), "Disconnect");
        var chat = await alice.AskAsync("my portfolio");
        var card = await chat.CardAsync();
        (card.Title, card.State).Should().Be(("Connect your account", "waits for you"));
        await chat.ResumeAsync();
        (await chat.CardsAsync()).Should().Be(1, "asked again, it is the same card");
        await alice.Person.GoAsync(new Uri(card.Link!), url => url.AbsolutePath == "/account");
        await chat.ResumeAsync();
        (await chat.AnswerAsync()).Should().Contain("10000", "what was asked for went on");
        (await chat.CardAsync()).State.Should().Be("done");

        // The agent's right.
        await chat.SayAsync("buy 1 WAYNE at 90 or less");
        card = await chat.CardAsync();
        card.Title.Should().Be("Allow this agent more");
        card.Link.Should().StartWith("/sign-in?returnUrl=");
        await alice.SignInAsync(path: card.Link![1..]);
        await chat.ResumeAsync();
        card = await chat.CardAsync();
        if (card.Title == "Connect your account")
        {
            await alice.Person.GoAsync(new Uri(card.Link!), url => url.AbsolutePath == "/account");
            await chat.ResumeAsync();
        }
        (await chat.CardAsync("waits for your yes")).Title.Should().Be("BUY 1 WAYNE");
    }

    [Fact]
    public async Task Who_was_signed_out_at_the_Authority_signs_in_again_and_the_call_goes_on()
    {
        await using var system = await AgentSystem.StartAsync();
        using var alice = await AgentUser.SignInAsync(system, Person.Alice(system));
        var chat = await alice.AskAsync("price of WAYNE");
        await alice.Person.SubmitAsync(new Uri(system.Running.Authority.Url, "account"), "Sign out this agent");

        await chat.SayAsync("my portfolio");
        var card = await chat.CardAsync();
        (card.Title, card.State).Should().Be(("Sign in again", "waits for you"));
        (await alice.PageAsync("chats")).QuerySelector("main")!.TextContent.Should().Contain("Sign in again");
        await alice.SignInAsync(path: card.Link![1..]);
        await chat.ResumeAsync();

        (await chat.AnswerAsync()).Should().Contain("10000");
    }

    [Fact]
    public async Task What_the_person_writes_instead_is_answered_and_the_call_is_dropped()
    {
        await using var system = await AgentSystem.StartAsync();
        using var alice = await AgentUser.SignInAsync(system, Person.Alice(system));
        await alice.Person.SubmitAsync(new Uri(system.Running.Authority.Url, "account"), "Disconnect");
        var chat = await alice.AskAsync("my portfolio");

        await chat.SayAsync("price of WAYNE");

        (await chat.AnswerAsync()).Should().StartWith("WAYNE: bid ");
        (await chat.CardAsync()).State.Should().Be("done");
    }

    [Fact]
    public async Task Tokens_are_refreshed_once_for_all_who_wait_and_stand_nowhere_in_clear()
    {
        var clock = new StockMcp.Testing.Harness.ShiftedClock();
        await using var system = await AgentSystem.StartAsync(clock: clock);
        using var alice = await AgentUser.SignInAsync(system, Person.Alice(system));
        await alice.PageAsync("chats"); // pages that are loaded at once would each bring a cookie of their own
        var chats = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => alice.OpenAsync("my portfolio")));
        clock.Advance(TimeSpan.FromMinutes(11)); // her access token is over
        var before = Refreshes();

        await Task.WhenAll(chats.Select(chat => chat.ResumeAsync()));

        foreach (var chat in chats) (await chat.AnswerAsync()).Should().Contain("10000");
        (Refreshes() - before).Should().Be(1);
        (await SecretScan.FindAsync(system, alice.Person.Pages)).Should().BeEmpty();

        int Refreshes() => system.Authority.Requests.Count(request => request is { Path: "/connect/token", Status: 200 } && request.Answer.Contains("refresh_token", StringComparison.Ordinal));
    }
}
