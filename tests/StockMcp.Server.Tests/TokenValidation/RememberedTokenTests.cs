using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.TokenValidation;

/// <summary>A token that was found valid is not checked again by its signature; it gets nobody further than one that is.</summary>
public sealed class RememberedTokenTests
{
    private readonly FakeTimeProvider time = new(TimeProvider.System.GetUtcNow());

    [Fact, Trait("Requirement", "RS-03")]
    public async Task It_ends_when_the_token_expires()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false, time: time);
        var token = system.Authority.Token(ServerCopy.Resource, now: time.GetUtcNow(), change: descriptor => descriptor.Expires = time.GetUtcNow().AddMinutes(2).UtcDateTime);
        await AnswersAsync(system, token, HttpStatusCode.OK);
        IsRemembered(system, token).Should().BeTrue();

        time.Advance(TimeSpan.FromMinutes(3) - TimeSpan.FromSeconds(1));
        await AnswersAsync(system, token, HttpStatusCode.OK);
        time.Advance(TimeSpan.FromSeconds(1));
        await AnswersAsync(system, token, HttpStatusCode.Unauthorized);
    }

    [Fact, Trait("Requirement", "KM-02")]
    public async Task It_ends_when_the_keys_change_also_for_a_key_that_keeps_its_name()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false, time: time);
        var token = system.Authority.Token(ServerCopy.Resource, now: time.GetUtcNow(), change: descriptor => descriptor.Expires = time.GetUtcNow().AddHours(1).UtcDateTime);
        await AnswersAsync(system, token, HttpStatusCode.OK);

        system.Authority.ReplaceKey();
        time.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));

        await AnswersAsync(system, token, HttpStatusCode.Unauthorized);
        IsRemembered(system, token).Should().BeFalse();
    }

    [Fact, Trait("Requirement", "RS-02")]
    public async Task It_is_of_that_token_alone()
    {
        await using var system = await TestSystem.StartAsync(brokerage: false, time: time);
        var token = system.Authority.Token(ServerCopy.Resource, now: time.GetUtcNow());
        await AnswersAsync(system, token, HttpStatusCode.OK);

        var otherAudience = system.Authority.Token("http://localhost:7001/other", now: time.GetUtcNow());
        var otherSignature = token[..^2] + (token[^2] == 'A' ? 'B' : 'A') + token[^1];
        var otherHeader = "e" + token[1..].Replace('.', ',');
        foreach (var wrong in new[] { otherAudience, otherSignature, otherHeader, token + ".", new string('a', 9000) }) await AnswersAsync(system, wrong, HttpStatusCode.Unauthorized);
        IsRemembered(system, otherAudience).Should().BeFalse("what was refused is not remembered");
        await AnswersAsync(system, token, HttpStatusCode.OK);
    }

    private static bool IsRemembered(TestSystem system, string token) => system.Server.Services.GetRequiredService<RememberedTokens>().Find(token) is not null;

    private static async Task AnswersAsync(TestSystem system, string token, HttpStatusCode status)
    {
        using var response = await system.Server.CallRawAsync(token, "whoami");
        response.StatusCode.Should().Be(status);
    }
}
