using System.Net;
using System.Text.Json;
using StockMcp.Authority.ApprovalPages;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Approvals;

public sealed class ApprovalEventsTests
{
    [Fact, Trait("Requirement", "AS-17")]
    public async Task An_open_page_hears_of_a_new_request_and_of_what_becomes_of_it()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        using var events = await EventStream.OpenAsync(system, alice);
        (await events.NextAsync(_ => true)).GetProperty("pending").GetArrayLength().Should().Be(0);

        var approval = await client.AskAsync();
        var heard = await events.NextAsync(standing => standing.GetProperty("pending").GetArrayLength() == 1);
        await alice.SubmitAsync(approval.Page, "Approve");
        await client.PollAsync(approval);
        await client.ReportAsync(approval, new { status = "placed", order_id = "o-1" });
        var placed = await events.NextAsync(standing => standing.GetProperty("approvals")[0].GetProperty("version").GetString()!.StartsWith("Placed", StringComparison.Ordinal));

        heard.GetProperty("pending")[0].GetProperty("title").GetString().Should().Be("BUY 10 WAYNE");
        heard.GetProperty("pending")[0].GetProperty("path").GetString().Should().Be(approval.Page.AbsolutePath);
        placed.GetProperty("pending").GetArrayLength().Should().Be(0);
    }

    [Fact, Trait("Requirement", "AP-02")]
    public async Task It_is_the_persons_own_and_ends_with_their_session()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        await (await TestAgent.RegisterAsync(system)).ConnectAsync(bob);
        using var events = await EventStream.OpenAsync(system, bob);
        await events.NextAsync(_ => true);
        await client.AskAsync();
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });

        using var stranger = await http.GetAsync(new Uri(system.Running.Authority.Url, "approvals/events"));
        await bob.SubmitAsync(new Uri(system.Running.Authority.Url, "account"), "Sign out everywhere");

        stranger.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        (await events.RestAsync()).Should().Contain("event: signed-out").And.NotContain("WAYNE");
    }

    [Fact, Trait("Requirement", "AS-19")]
    public async Task An_open_page_keeps_no_idle_session_alive()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        await AskingAgent.ConnectAsync(system, alice);
        clock.Advance(TimeSpan.FromMinutes(10));
        using (var events = await EventStream.OpenAsync(system, alice)) await events.NextAsync(_ => true);
        using var byScript = new HttpRequestMessage(HttpMethod.Get, new Uri(system.Running.Authority.Url, "approvals"));
        byScript.Headers.Add("X-By-Script", "1");
        using (var answer = await alice.SendAsync(byScript)) answer.StatusCode.Should().Be(HttpStatusCode.OK);

        clock.Advance(TimeSpan.FromMinutes(6));

        (await alice.StatusAsync(new Uri(system.Running.Authority.Url, "approvals"))).Should().Be(HttpStatusCode.Redirect);
    }

    [Fact, Trait("Requirement", "PX-03")]
    public async Task The_open_pages_of_a_person_are_bounded()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        await AskingAgent.ConnectAsync(system, alice);
        var open = new List<EventStream>();
        for (var number = 0; number < OpenPages.MostPerPerson; number++) open.Add(await EventStream.OpenAsync(system, alice));

        using var surplus = await alice.SendAsync(new(HttpMethod.Get, new Uri(system.Running.Authority.Url, "approvals/events")));

        surplus.StatusCode.Should().Be(HttpStatusCode.TooManyRequests);
        open.ForEach(stream => stream.Dispose());
    }

    /// <summary>A page's EventSource.</summary>
    private sealed class EventStream(HttpClient http, HttpResponseMessage response, StreamReader reader) : IDisposable
    {
        private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

        public static async Task<EventStream> OpenAsync(StockMcpSystem system, Person person)
        {
            var http = person.NewClient();
            var response = await http.GetAsync(new Uri(system.Running.Authority.Url, "approvals/events"), HttpCompletionOption.ResponseHeadersRead);
            response.StatusCode.Should().Be(HttpStatusCode.OK);
            response.Content.Headers.ContentType!.MediaType.Should().Be("text/event-stream");
            return new(http, response, new StreamReader(await response.Content.ReadAsStreamAsync()));
        }

        public async Task<JsonElement> NextAsync(Func<JsonElement, bool> which)
        {
            using var over = new CancellationTokenSource(s_patience);
            while (await reader.ReadLineAsync(over.Token) is { } line)
            {
                if (!line.StartsWith("data: ", StringComparison.Ordinal)) continue;
                var standing = JsonDocument.Parse(line["data: ".Length..]).RootElement;
                if (standing.TryGetProperty("approvals", out _) && which(standing)) return standing;
            }
            throw new EndOfStreamException("The stream ended.");
        }

        public async Task<string> RestAsync()
        {
            using var over = new CancellationTokenSource(s_patience);
            return await reader.ReadToEndAsync(over.Token);
        }

        public void Dispose()
        {
            reader.Dispose();
            response.Dispose();
            http.Dispose();
        }
    }
}
