using System.Net;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Agent.Tests.Fixture;

/// <summary>Somebody who uses the Agent in a browser without script: what its pages do without it, too.</summary>
internal sealed class AgentUser(StockMcpSystem system, Person person) : IDisposable
{
    public Person Person => person;

    public Uri Url(string path) => new(system.Running.Agent.Url, path);

    public static async Task<AgentUser> SignInAsync(StockMcpSystem system, Person person, ConsentAnswer? consent = null)
    {
        var user = new AgentUser(system, person);
        await user.SignInAsync(consent);
        return user;
    }

    public async Task SignInAsync(ConsentAnswer? consent = null, string path = "sign-in") => await person.GoAsync(Url(path), url => url.Port == system.Running.Agent.Url.Port && url.AbsolutePath is not ("/sign-in" or "/callback"), consent);

    /// <summary>Begins a chat, and waits for its first answer.</summary>
    public async Task<ChatTab> AskAsync(string message)
    {
        var tab = await OpenAsync(message);
        await tab.ResumeAsync();
        return tab;
    }

    /// <summary>Begins a chat whose first message has no answer yet.</summary>
    public async Task<ChatTab> OpenAsync(string message)
    {
        using var response = await PostAsync("chats", "chats", new() { ["message"] = message });
        response.StatusCode.Should().Be(HttpStatusCode.Redirect, await response.Content.ReadAsStringAsync());
        return new ChatTab(this, response.Headers.Location!.OriginalString.TrimStart('/'));
    }

    /// <summary>Sends a form of a page, with the token that the page was given.</summary>
    public async Task<HttpResponseMessage> PostAsync(string page, string path, Dictionary<string, string>? fields = null, string? accept = null)
    {
        var document = await PageAsync(page);
        var token = document.QuerySelector<IHtmlInputElement>("main input[name=__RequestVerificationToken]") ?? document.QuerySelector<IHtmlInputElement>("input[name=__RequestVerificationToken]");
        using var request = new HttpRequestMessage(HttpMethod.Post, Url(path)) { Content = new FormUrlEncodedContent(new Dictionary<string, string>(fields ?? []) { ["__RequestVerificationToken"] = token!.Value }) };
        if (accept is not null) request.Headers.Add("Accept", accept);
        return await person.SendAsync(request);
    }

    public async Task<IHtmlDocument> PageAsync(string path) => await new HtmlParser().ParseDocumentAsync(await person.ReadAsync(Url(path)));

    /// <summary>The tasks as the page shows them.</summary>
    public async Task<IReadOnlyList<ShownTask>> TasksAsync()
        => [.. (await PageAsync("tasks")).QuerySelectorAll("[data-task]").Select(task => new ShownTask(
            task.GetAttribute("data-task")!,
            task.QuerySelector("h2")!.TextContent.Trim(),
            task.QuerySelector(".state")!.TextContent.Trim(),
            [.. task.QuerySelectorAll(".history li").Select(happened => happened.ChildNodes[0].TextContent.Trim())],
            task.QuerySelector(".code q")?.TextContent.Trim(),
            task.QuerySelector("a.button")?.GetAttribute("href")))];

    /// <summary>Waits until the latest task is in a state.</summary>
    public async Task<ShownTask> TaskAsync(string state)
    {
        ShownTask? last = null;
        await Eventually.TrueAsync(async () => (last = (await TasksAsync())[0]).State == state, () => $"the task is: {last?.State}; {string.Join(" | ", last?.History ?? [])}");
        return last!;
    }

    public void Dispose() => person.Dispose();
}

/// <summary>A task as its page shows it.</summary>
internal sealed record ShownTask(string Id, string Words, string State, IReadOnlyList<string> History, string? Code, string? Link);

/// <summary>A chat in one tab.</summary>
internal sealed class ChatTab(AgentUser user, string path)
{
    public string Path => path;

    public async Task<HttpResponseMessage> SendAsync(string message, string? accept = null) => await user.PostAsync(path, path + "/messages", new() { ["message"] = message }, accept);

    /// <summary>Writes a message, and waits for the answer.</summary>
    public async Task SayAsync(string message)
    {
        using var response = await SendAsync(message);
        response.StatusCode.Should().Be(HttpStatusCode.Redirect, await response.Content.ReadAsStringAsync());
    }

    public async Task ResumeAsync()
    {
        using var response = await user.PostAsync(path, path + "/resume");
        response.StatusCode.Should().Be(HttpStatusCode.Redirect, await response.Content.ReadAsStringAsync());
    }

    public async Task<IElement> LogAsync() => (await user.PageAsync(path)).QuerySelector("#log")!;

    private async Task<IEnumerable<IElement>> AllAsync(string selector) => (await LogAsync()).QuerySelectorAll(selector);

    /// <summary>What the agent said last.</summary>
    public async Task<string> AnswerAsync() => (await AllAsync(".said:not(.mine) p")).LastOrDefault()?.TextContent.Trim() ?? "";

    /// <summary>The latest card.</summary>
    public async Task<ShownCard> CardAsync()
    {
        var card = (await AllAsync("article.card")).LastOrDefault() ?? throw new InvalidOperationException("There is no card: " + (await LogAsync()).TextContent);
        return new ShownCard(card.QuerySelector("h2")!.TextContent.Trim(), card.QuerySelector(".state")!.TextContent.Trim(), card.QuerySelector(".code q")?.TextContent.Trim(), card.QuerySelector("a.button")?.GetAttribute("href"), card.TextContent);
    }

    public async Task<int> CardsAsync() => (await LogAsync()).QuerySelectorAll("article.card").Length;

    /// <summary>Waits until the latest card is in a state.</summary>
    public async Task<ShownCard> CardAsync(string state)
    {
        ShownCard? last = null;
        await Eventually.TrueAsync(async () => (last = await CardAsync()).State == state, () => $"the card is: {last}");
        return last!;
    }

    public async Task<string> NoticeAsync() => (await AllAsync(".notice[role=alert]")).LastOrDefault()?.TextContent ?? "";
}

/// <summary>A card as its page shows it.</summary>
internal sealed record ShownCard(string Title, string State, string? Code, string? Link, string Text);
