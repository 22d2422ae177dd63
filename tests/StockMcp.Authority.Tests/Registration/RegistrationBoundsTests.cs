using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using StockMcp.Authority.Database;
using StockMcp.Authority.Registration;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Registration;

public sealed class RegistrationBoundsTests
{
    [Fact, Trait("Requirement", "DC-06"), Trait("Requirement", "DC-05")]
    public async Task The_eleventh_registration_in_an_hour_waits_and_storage_stays_small()
    {
        var clock = new ShiftedClock();
        await using var system = await StartAsync(clock, ("Registration:PerAddressAndHour", "10"));
        await using var copy = await AuthorityCopy.StartAsync(system);

        var answers = new ConcurrentQueue<HttpStatusCode>();
        using (var http = new HttpClient { BaseAddress = TestAgent.Issuer(system) })
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, 10_000), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (number, cancellationToken) =>
            {
                using var response = await http.PostAsJsonAsync("connect/register", TestAgent.Metadata(name: $"Flood {number}"), cancellationToken);
                answers.Enqueue(response.StatusCode);
            });
        }

        answers.Count(status => status == HttpStatusCode.Created).Should().Be(10);
        var refused = await TestAgent.RegisterRawAsync(system, TestAgent.Metadata(name: "One more"));
        (refused.Status, refused["error"]).Should().Be((HttpStatusCode.TooManyRequests, "slow_down"));
        refused.Response.Headers.RetryAfter!.Delta.Should().BeCloseTo(TimeSpan.FromHours(1), TimeSpan.FromMinutes(30), "the hour began with the first of them, however long all of them took");
        (await CountAsync(system)).Should().Be(10);
        using (var http = copy.CreateClient())
        using (var body = JsonContent.Create(TestAgent.Metadata(name: "Elsewhere")))
            (await TestAgent.ReadAsync(await http.PostAsync("connect/register", body))).Status.Should().Be(HttpStatusCode.TooManyRequests, "copies count together");

        clock.Advance(TimeSpan.FromMinutes(61));
        (await TestAgent.RegisterRawAsync(system, TestAgent.Metadata(name: "Later"))).Status.Should().Be(HttpStatusCode.Created);
    }

    [Fact, Trait("Requirement", "DC-05")]
    public async Task A_full_house_says_so_and_when_to_come_back()
    {
        await using var system = await StartAsync(null, ("Registration:MostClients", "2"));
        await TestAgent.RegisterAsync(system);
        await TestAgent.RegisterAsync(system);

        var answer = await TestAgent.RegisterRawAsync(system, TestAgent.Metadata(name: "One too many"));

        (answer.Status, answer["error"]).Should().Be((HttpStatusCode.ServiceUnavailable, "temporarily_unavailable"));
        answer.Response.Headers.RetryAfter.Should().NotBeNull();
    }

    [Fact, Trait("Requirement", "DC-05")]
    public async Task The_same_public_client_gets_the_same_id_while_nobody_used_it_and_then_nobody_may_change_it()
    {
        var clock = new ShiftedClock();
        await using var system = await StartAsync(clock);
        using var alice = Person.Alice(system);

        var first = await TestAgent.RegisterRawAsync(system, TestAgent.Metadata(name: "Same"));
        var second = await TestAgent.RegisterRawAsync(system, TestAgent.Metadata(name: "Same"));

        (second.Status, second["client_id"]).Should().Be((HttpStatusCode.Created, first["client_id"]));
        (second["registration_access_token"], second["registration_client_uri"]).Should().Be((null, null));
        using (var http = new HttpClient { DefaultRequestHeaders = { Authorization = new("Bearer", first["registration_access_token"]) } })
        using (var managed = await http.GetAsync(first["registration_client_uri"]))
            managed.StatusCode.Should().Be(HttpStatusCode.Unauthorized, "two callers share it");
        (await TestAgent.RegisterRawAsync(system, TestAgent.Metadata(name: "Other")))["client_id"].Should().NotBe(first["client_id"]);

        await new TestAgent(system, first["client_id"]!, null, TestAgent.Loopback).ConnectAsync(alice);
        (await TestAgent.RegisterRawAsync(system, TestAgent.Metadata(name: "Same")))["client_id"].Should().NotBe(first["client_id"], "it is somebody's now");
        clock.Advance(TimeSpan.FromHours(2));
        (await TestAgent.RegisterRawAsync(system, TestAgent.Metadata(name: "Other"))).Status.Should().Be(HttpStatusCode.Created);
    }

    [Fact, Trait("Requirement", "DC-05")]
    public async Task Clients_with_a_secret_are_never_shared()
    {
        await using var system = await StartAsync(null);

        var first = await TestAgent.RegisterRawAsync(system, TestAgent.Metadata(name: "Same", method: "client_secret_basic"));
        var second = await TestAgent.RegisterRawAsync(system, TestAgent.Metadata(name: "Same", method: "client_secret_basic"));

        second["client_id"].Should().NotBe(first["client_id"]);
        second["client_secret"].Should().NotBe(first["client_secret"]);
    }

    [Fact, Trait("Requirement", "DC-05")]
    public async Task An_unused_client_ends_after_a_day_and_an_idle_one_after_ninety()
    {
        var clock = new ShiftedClock();
        await using var system = await StartAsync(clock);
        using var alice = Person.Alice(system);
        var (used, unused) = (await TestAgent.RegisterAsync(system), await TestAgent.RegisterAsync(system));
        await used.ConnectAsync(alice);

        await SweepAfterAsync(TimeSpan.FromHours(23));
        (await unused.RefreshAsync("anything"))["error"].Should().Be("invalid_grant", "it is still known");
        await SweepAfterAsync(TimeSpan.FromHours(2));
        (await unused.RefreshAsync("anything"))["error"].Should().Be("invalid_client");
        (await used.RefreshAsync("anything"))["error"].Should().Be("invalid_grant");

        await SweepAfterAsync(TimeSpan.FromDays(88));
        (await used.RefreshAsync("anything"))["error"].Should().Be("invalid_grant");
        await SweepAfterAsync(TimeSpan.FromDays(2));
        (await used.RefreshAsync("anything"))["error"].Should().Be("invalid_client");
        (await CountAsync(system)).Should().Be(0);

        async Task SweepAfterAsync(TimeSpan time)
        {
            clock.Advance(time);
            await system.Running.Authority.Services.GetRequiredService<RegistrationSweep>().RunAsync(default);
        }
    }

    private static Task<StockMcpSystem> StartAsync(ShiftedClock? clock, params (string Key, string Value)[] settings)
        => StockMcpSystem.StartAsync(options => options with { AuthoritySettings = settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value) }, clock);

    private static async Task<int> CountAsync(StockMcpSystem system)
    {
        await using var scope = system.Running.Authority.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<SelfRegistration>().CountAsync();
    }
}
