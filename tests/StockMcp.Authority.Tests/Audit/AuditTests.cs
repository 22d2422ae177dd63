using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Consent;
using StockMcp.Authority.Database;
using StockMcp.Authority.SignIn;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using Person = StockMcp.Testing.People.Person;

namespace StockMcp.Authority.Tests.Audit;

public sealed class AuditTests
{
    [Fact, Trait("Requirement", "AU-01"), Trait("Requirement", "DM-01")]
    public async Task Each_step_is_written_down_with_who_which_agent_and_what_was_decided_and_no_name_or_token()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system, name: "Helper of Alice");
        var tokens = await agent.ConnectAsync(alice);
        await TestAgent.ExchangeAsync(system, tokens.AccessToken, "portfolio:read");
        await agent.RefreshAsync(tokens.RefreshToken!);
        await alice.SubmitAsync(new Uri(system.Running.Authority.Url, "account"), "Disconnect");
        await TestAgent.ExchangeAsync(system, tokens.AccessToken, "portfolio:read");
        await alice.SubmitAsync(new Uri(system.Running.Authority.Url, "account"), "Sign out this agent");

        var entries = await EntriesAsync(system);

        entries.Select(entry => $"{entry.Event} {entry.Decision}").Should().Equal(
            "client.registered allowed", "account.connected allowed", "sign_in allowed", "consent allowed", "token.issued allowed", "exchange allowed",
            "token.refreshed allowed", "account.disconnected allowed", "exchange refused", "agent.signed_out allowed");
        entries.Select(entry => entry.Seq).Should().Equal(Enumerable.Range(1, entries.Count).Select(number => (long)number));
        var person = entries[2].Actor;
        Guid.TryParse(person, out _).Should().BeTrue();
        entries.Skip(1).Should().OnlyContain(entry => entry.Actor == person);
        entries.Where(entry => entry.Event is not ("account.connected" or "account.disconnected" or "sign_in")).Should().OnlyContain(entry => entry.Client == agent.ClientId);
        entries[5].Should().Match<AuditEntry>(entry => entry.Connection == "brokerage" && entry.Scopes == "portfolio:read");
        entries[8].Reason.Should().Be("interaction_required");
        entries.Should().OnlyContain(entry => entry.Trace != null && entry.Time.Offset == TimeSpan.Zero);
        var text = string.Join('\n', entries.Select(entry => System.Text.Encoding.UTF8.GetString(AuditChain.Canonical(entry))));
        text.Should().NotContainEquivalentOf("alice").And.NotContain("Helper").And.NotContainAny(system.Secrets.All.Select(secret => secret.Value));
    }

    [Fact, Trait("Requirement", "AU-01"), Trait("Requirement", "AS-17")]
    public async Task The_account_page_shows_what_happened_and_only_ones_own()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        await (await TestAgent.RegisterAsync(system, name: "Helper")).ConnectAsync(alice);
        await (await TestAgent.RegisterAsync(system, name: "Another one")).ConnectAsync(bob);

        var page = await alice.ReadAsync(new Uri(system.Running.Authority.Url, "account"));

        page.Should().Contain("Recent activity").And.Contain("You signed in").And.MatchRegex("An agent got access [^<]+ Helper<").And.NotContain("Another one");
    }

    [Fact, Trait("Requirement", "AU-01"), Trait("Requirement", "AS-11")]
    public async Task A_refresh_token_that_is_used_again_is_written_down_for_its_person()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var tokens = await agent.ConnectAsync(alice);
        var second = await agent.RefreshAsync(tokens.RefreshToken!);
        await agent.RefreshAsync(second["refresh_token"]!);
        clock.Advance(TimeSpan.FromSeconds(11));

        (await agent.RefreshAsync(tokens.RefreshToken!))["error"].Should().Be("invalid_grant");

        var entry = (await EntriesAsync(system))[^1];
        entry.Should().Match<AuditEntry>(entry => entry.Event == AuditEvents.TokenReused && entry.Decision == AuditDecisions.Refused && entry.Client == agent.ClientId && entry.Reason == "invalid_grant");
        entry.Actor.Should().NotBeNull();
    }

    [Fact, Trait("Requirement", "AU-03"), Trait("Requirement", "FD-02")]
    public async Task What_cannot_be_written_down_is_refused_with_503_and_nothing_of_it_is_done()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var agent = await TestAgent.RegisterAsync(system);
        var tokens = await agent.ConnectAsync(alice);
        var other = await TestAgent.RegisterAsync(system);
        using var consent = await alice.FillInUntilAsync(other.Flow().AuthorizationUrl, page => page.Contains("name=\"decision\"", StringComparison.Ordinal));
        var callback = await bob.GoAsync(other.Flow().AuthorizationUrl, url => url.AbsolutePath == "/callback/brokerage");
        await ExecuteAsync(system, """ALTER TABLE "AuditEntries" RENAME TO "AuditEntriesGone" """);

        await ShouldBe503Async(TestAgent.ExchangeAsync(system, tokens.AccessToken));
        await ShouldBe503Async(agent.RefreshAsync(tokens.RefreshToken!));
        await ShouldBe503Async(TestAgent.RegisterRawAsync(system, TestAgent.Metadata()));
        using (var answer = await alice.SendAsync(consent)) ShouldBe503(answer);
        using (var answer = await bob.SendAsync(new HttpRequestMessage(HttpMethod.Get, callback))) ShouldBe503(answer);
        await UseAsync(system, async database =>
        {
            (await database.Set<AgentConsent>().CountAsync()).Should().Be(1);
            (await database.Set<Session>().CountAsync()).Should().Be(1);
            (await database.Set<StockMcp.Authority.SignIn.Person>().CountAsync()).Should().Be(1);
        });

        await ExecuteAsync(system, """ALTER TABLE "AuditEntriesGone" RENAME TO "AuditEntries" """);
        (await agent.RefreshAsync(tokens.RefreshToken!)).Status.Should().Be(HttpStatusCode.OK, "the refresh token was not used up");
        (await EntriesAsync(system)).Select(entry => entry.Seq).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
    }

    [Fact, Trait("Requirement", "AU-02")]
    public async Task The_command_says_whether_the_log_is_whole_by_word_and_exit_code()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);
        await system.Running.Authority.Services.GetRequiredService<AuditCheckpoints>().SignAsync(CancellationToken.None);
        var checkpoint = system.Logs.Lines.Last(line => line.Text.StartsWith("Audit checkpoint ", StringComparison.Ordinal)).Text.Split(' ')[2];

        await VerifyAsync(system, checkpoint, 0, "The audit log is whole up to entry 5");
        await ExecuteAsync(system, """UPDATE "AuditEntries" SET "Decision" = 'refused' WHERE "Seq" = 3""");
        await VerifyAsync(system, checkpoint, 1, "Entry 3 is the first that is not as it was written");
        await VerifyAsync(system, "1.2.3", 1, "--checkpoint is not one");
    }

    private static async Task VerifyAsync(StockMcpSystem system, string checkpoint, int exitCode, string says)
    {
        await using var command = ForeignProcess.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "StockMcp.Authority.dll"), "audit", "verify", "--checkpoint", checkpoint, .. system.AuthorityDataArguments]);
        (await command.WaitForExitAsync()).Should().Be(exitCode, command.Output);
        command.Output.Should().Contain(says);
        command.Output.Trim().Split('\n').Should().ContainSingle();
    }

    private static async Task ShouldBe503Async(Task<JsonAnswer> request)
    {
        var answer = await request;
        ShouldBe503(answer.Response);
        answer["error"].Should().Be("temporarily_unavailable");
        answer["access_token"].Should().BeNull();
        answer["client_id"].Should().BeNull();
    }

    private static void ShouldBe503(HttpResponseMessage answer)
    {
        answer.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter.Should().NotBeNull();
        answer.Headers.Location.Should().BeNull();
        answer.Headers.Contains("Set-Cookie").Should().BeFalse();
    }

    private static async Task<List<AuditEntry>> EntriesAsync(StockMcpSystem system)
    {
        List<AuditEntry> entries = [];
        await UseAsync(system, async database => entries = await database.Set<AuditEntry>().AsNoTracking().OrderBy(entry => entry.Seq).ToListAsync());
        return entries;
    }

    private static Task ExecuteAsync(StockMcpSystem system, string sql) => UseAsync(system, database => database.Database.ExecuteSqlRawAsync(sql));

    private static async Task UseAsync(StockMcpSystem system, Func<AuthorityDbContext, Task> use)
    {
        await using var scope = system.Running.Authority.Services.CreateAsyncScope();
        await use(scope.ServiceProvider.GetRequiredService<AuthorityDbContext>());
    }
}
