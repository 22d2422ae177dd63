using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using StockMcp.Tools.MarketData;

namespace StockMcp.Tools.Tests.MarketData;

public sealed class RecentQuotesTests
{
    private readonly FakeTimeProvider time = new();
    private readonly RecentQuotes quotes;
    private int asked;

    public RecentQuotesTests() => quotes = new RecentQuotes(time);

    [Fact]
    public async Task A_price_is_asked_for_once_a_second_for_each_share()
    {
        (await quotes.GetAsync("WAYNE", AskAsync, CancellationToken.None)).Text.Should().Be("1");
        time.Advance(TimeSpan.FromMilliseconds(999));
        (await quotes.GetAsync("WAYNE", AskAsync, CancellationToken.None)).Text.Should().Be("1");
        (await quotes.GetAsync("STARK", AskAsync, CancellationToken.None)).Text.Should().Be("2");
        time.Advance(TimeSpan.FromMilliseconds(1));
        (await quotes.GetAsync("WAYNE", AskAsync, CancellationToken.None)).Text.Should().Be("3");
    }

    [Fact]
    public async Task Many_who_ask_at_once_are_one_question_and_one_who_leaves_ends_it_for_nobody()
    {
        var answer = new TaskCompletionSource<Quoted>();
        using var impatient = new CancellationTokenSource();
        var leaver = quotes.GetAsync("WAYNE", _ => AskLaterAsync(answer), impatient.Token);
        var others = Enumerable.Range(0, 50).Select(_ => quotes.GetAsync("WAYNE", _ => AskLaterAsync(answer), CancellationToken.None)).ToList();
        await impatient.CancelAsync();
        await leaver.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();

        answer.SetResult(new Quoted(default, "71.50"));

        (await Task.WhenAll(others)).Should().OnlyContain(quoted => quoted.Text == "71.50");
        asked.Should().Be(1);
    }

    [Fact]
    public async Task A_failure_is_not_remembered()
    {
        var failed = () => quotes.GetAsync("WAYNE", _ => throw new HttpRequestException("away"), CancellationToken.None);
        await failed.Should().ThrowAsync<HttpRequestException>();

        (await quotes.GetAsync("WAYNE", AskAsync, CancellationToken.None)).Text.Should().Be("1");
    }

    private Task<Quoted> AskAsync(CancellationToken cancellationToken) => Task.FromResult(new Quoted(JsonDocument.Parse("{}").RootElement, $"{++asked}"));

    private Task<Quoted> AskLaterAsync(TaskCompletionSource<Quoted> answer)
    {
        Interlocked.Increment(ref asked);
        return answer.Task;
    }
}
