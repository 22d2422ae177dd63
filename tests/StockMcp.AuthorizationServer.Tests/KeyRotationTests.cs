using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using StockMcp.AuthorizationServer.Keys;

namespace StockMcp.AuthorizationServer.Tests;

public sealed class KeyRotationTests
{
    [Fact, Trait("Requirement", "KM-01")]
    public async Task A_key_is_announced_signs_retires_and_is_removed_by_age_alone()
    {
        var time = new Ahead();
        await using var server = await TestServer.StartAsync(time: time);
        var rotation = server.Services.GetRequiredService<KeyRotation>();
        var first = (await PublishedAsync(server)).Should().ContainSingle().Subject;

        await AfterAsync(TimeSpan.FromDays(88));
        (await StatesAsync()).Should().Equal(SigningKeyState.Signing);
        await AfterAsync(TimeSpan.FromDays(1));
        (await StatesAsync()).Should().Equal(SigningKeyState.Signing, SigningKeyState.Announced);
        (await PublishedAsync(server)).Should().HaveCount(2).And.Contain(first);
        CurrentOf(server).Should().Be(first, "an announced key does not sign");

        await AfterAsync(TimeSpan.FromHours(24));
        (await StatesAsync()).Should().Equal(SigningKeyState.Retired, SigningKeyState.Signing);
        (await PublishedAsync(server)).Should().HaveCount(2);
        var second = CurrentOf(server);
        second.Should().NotBe(first);

        await AfterAsync(TimeSpan.FromHours(25));
        (await PublishedAsync(server)).Should().Equal(second);
        (await StatesAsync()).Should().Equal(SigningKeyState.Signing);

        async Task AfterAsync(TimeSpan span)
        {
            time.By += span;
            await rotation.RunAsync(default);
        }

        async Task<IEnumerable<SigningKeyState>> StatesAsync() => (await rotation.ListAsync(default)).Select(key => key.State);
    }

    [Fact, Trait("Requirement", "KM-01")]
    public async Task Copies_that_rotate_at_once_make_one_key_and_follow_each_other()
    {
        await using var one = await TestServer.StartAsync();
        await using var two = await TestServer.StartAsync(one.Data);
        var (first, second) = (one.Services.GetRequiredService<KeyRotation>(), two.Services.GetRequiredService<KeyRotation>());

        await Task.WhenAll(first.RotateAsync(default), second.RotateAsync(default));
        await Task.WhenAll(first.RunAsync(default), second.RunAsync(default));

        (await PublishedAsync(one)).Should().HaveCount(2).And.BeEquivalentTo(await PublishedAsync(two));
    }

    [Fact, Trait("Requirement", "KM-02")]
    public async Task A_revoked_key_is_gone_at_once_and_another_one_signs()
    {
        await using var server = await TestServer.StartAsync();
        await using var copy = await TestServer.StartAsync(server.Data);
        var rotation = server.Services.GetRequiredService<KeyRotation>();
        var announced = (await rotation.RotateAsync(default)).Kid;
        var stolen = CurrentOf(server);

        (await rotation.RevokeAsync("no such key", default)).Should().BeFalse();
        (await rotation.RevokeAsync(stolen, default)).Should().BeTrue();
        await copy.Services.GetRequiredService<KeyRotation>().RunAsync(default);

        (await PublishedAsync(server)).Should().Equal(announced);
        (await PublishedAsync(copy)).Should().Equal(announced);
        (CurrentOf(server), CurrentOf(copy)).Should().Be((announced, announced), "it need not wait any more");
        (await rotation.RevokeAsync(announced, default)).Should().BeTrue();
        (await PublishedAsync(server)).Should().ContainSingle().Which.Should().NotBe(announced, "there is always one");
    }

    /// <summary>The real clock, ahead: a fake one would ring every timer of the days that are skipped.</summary>
    private sealed class Ahead : TimeProvider
    {
        public TimeSpan By { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + By;
    }

    private static string CurrentOf(TestServer server) => server.Services.GetRequiredService<SigningKeys>().Current.Key.KeyId;

    private static async Task<IEnumerable<string>> PublishedAsync(TestServer server)
        => (await server.Http.GetFromJsonAsync<JsonElement>("/connect/jwks")).GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("kid").GetString()!).ToList();
}
