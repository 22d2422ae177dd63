using System.Net;
using Microsoft.Extensions.Time.Testing;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.TokenValidation;

public sealed class SigningKeyTests
{
    private readonly FakeTimeProvider time = new(TimeProvider.System.GetUtcNow());

    [Fact, Trait("Requirement", "KM-02")]
    public async Task A_new_key_is_found_at_once_and_unknown_keys_are_looked_up_at_most_every_30_seconds()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false, time: time);
        await AcceptedAsync(system, system.Token());
        KeySetReads(system).Should().Be(1);

        system.Authority.RotateKey();
        time.Advance(TimeSpan.FromSeconds(31));
        await AcceptedAsync(system, system.Token());
        KeySetReads(system).Should().Be(2);

        for (var i = 0; i < 5; i++)
        {
            var stranger = system.Authority.Token(ServerCopy.Resource, now: time.GetUtcNow(), change: token => token.SigningCredentials = new(TestAuthority.NewKey(), "ES256"));
            (await system.Server.CallRawAsync(stranger, "whoami")).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        }
        KeySetReads(system).Should().Be(2);
        time.Advance(TimeSpan.FromSeconds(31));
        var unknown = system.Authority.Token(ServerCopy.Resource, now: time.GetUtcNow(), change: token => token.SigningCredentials = new(TestAuthority.NewKey(), "ES256"));
        (await system.Server.CallRawAsync(unknown, "whoami")).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        KeySetReads(system).Should().Be(3);
    }

    [Fact, Trait("Requirement", "KM-02")]
    public async Task A_key_that_is_published_no_more_stops_working_within_five_minutes()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false, time: time);
        var old = system.Authority.Token(ServerCopy.Resource, now: time.GetUtcNow());
        await AcceptedAsync(system, old);

        system.Authority.RotateKey();
        time.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));

        (await system.Server.CallRawAsync(old, "whoami")).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Fact, Trait("Requirement", "FD-03"), Trait("Requirement", "KM-02")]
    public async Task While_the_authorization_server_is_away_its_last_keys_are_good_for_a_day()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false, time: time);
        await AcceptedAsync(system, system.Token());
        await system.Authority.StopAsync();

        time.Advance(TimeSpan.FromHours(23));
        await AcceptedAsync(system, system.Token());

        time.Advance(TimeSpan.FromHours(2));
        using var late = await system.Server.CallRawAsync(system.Token(), "whoami");
        late.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable, "a 401 would send every person to sign in again");
        late.Headers.RetryAfter.Should().NotBeNull();

        await system.Authority.StartAsync();
        time.Advance(TimeSpan.FromSeconds(31));
        await AcceptedAsync(system, system.Token());
    }

    [Fact, Trait("Requirement", "FD-04")]
    public async Task Before_it_ever_met_the_authorization_server_it_says_that_it_cannot_tell()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false, time: time, settings: [("Authority:ApprovalsApi", "")]); // nothing asks by itself
        await system.Authority.StopAsync();

        using var response = await system.Server.CallRawAsync(system.Token(), "whoami");

        response.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        response.Challenge().Should().BeEmpty();
    }

    [Fact, Trait("Requirement", "RS-02")]
    public async Task A_discovery_document_of_another_issuer_is_not_believed()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false, time: time);
        await using var copy = await ServerCopy.StartAsync(new() { ["Authority:Issuer"] = system.Authority.Issuer.Replace("127.0.0.1", "localhost"), ["Authority:ClientSecret"] = "secret" }, time, system.Log);

        (await copy.CallRawAsync(system.Token(), "whoami")).StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        system.Log.All.Should().Contain(line => line.Contains("the setting Authority:Issuer says"));
    }

    private static int KeySetReads(TestSystem system) => system.Authority.Requests.Count(path => path == "/jwks");

    private static async Task AcceptedAsync(TestSystem system, string token) => (await system.Server.ListToolsAsync(token)).Should().NotBeEmpty();
}
