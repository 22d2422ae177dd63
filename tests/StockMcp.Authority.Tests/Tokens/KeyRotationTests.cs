using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Tokens;

public sealed class KeyRotationTests
{
    private static readonly Dictionary<string, string?> s_quick = new() { ["SigningKeys:AnnounceFor"] = "00:10:00", ["SigningKeys:KeepFor"] = "00:15:00" };

    [Fact, Trait("Requirement", "KM-01")]
    public async Task A_rotation_under_load_at_both_servers_costs_nobody_a_401()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(options => options with { AuthoritySettings = s_quick, BrokerageSettings = s_quick }, clock);
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var tokens = await agent.ConnectAsync(alice);
        var refreshToken = tokens.RefreshToken!;
        var kids = new HashSet<string>();
        KeyRotation[] rotations = [.. new[] { system.Running.Authority, system.Running.Brokerage }.Select(application => application.Services.GetRequiredService<KeyRotation>())];
        foreach (var rotation in rotations) await rotation.RotateAsync(default);

        // In forty minutes the next key is announced, signs, and the one before it retires and is removed.
        for (var minutes = 0; minutes < 40; minutes += 4)
        {
            var fresh = await agent.RefreshAsync(refreshToken);
            fresh.Status.Should().Be(HttpStatusCode.OK, fresh.ToString());
            (tokens, refreshToken) = (new TokenSet(fresh["access_token"]!, null, null), fresh["refresh_token"]!);
            kids.Add(new JsonWebToken(tokens.AccessToken).Kid);
            var calls = Enumerable.Range(0, 6).Select(_ => CallAsync(system, tokens.AccessToken)).ToList();
            foreach (var rotation in rotations) await rotation.RunAsync(default); // in the midst of the calls
            (await Task.WhenAll(calls)).Should().OnlyContain(status => status == HttpStatusCode.OK);
            clock.Advance(TimeSpan.FromMinutes(4));
            (await CallAsync(system, tokens.AccessToken)).Should().Be(HttpStatusCode.OK, "a token outlives its key's time");
        }

        kids.Should().HaveCount(2);
        foreach (var rotation in rotations) (await rotation.ListAsync(default)).Should().ContainSingle("the first key was removed");
        system.Server.Requests.Should().NotContain(request => request.Status == 401);
        system.Brokerage.Requests.Should().NotContain(request => request.Status == 401);
    }

    [Fact, Trait("Requirement", "KM-02")]
    public async Task A_revoked_keys_tokens_end_at_the_Server_within_five_minutes()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var tokens = await agent.ConnectAsync(alice);
        (await CallAsync(system, tokens.AccessToken)).Should().Be(HttpStatusCode.OK);

        var rotation = system.Running.Authority.Services.GetRequiredService<KeyRotation>();
        (await rotation.RevokeAsync(new JsonWebToken(tokens.AccessToken).Kid, default)).Should().BeTrue();
        clock.Advance(TimeSpan.FromMinutes(5) - KeyRotation.Every);

        (await CallAsync(system, tokens.AccessToken)).Should().Be(HttpStatusCode.Unauthorized);
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken))["error"].Should().Be("invalid_grant");
        var fresh = await agent.RefreshAsync(tokens.RefreshToken!);
        (await CallAsync(system, fresh["access_token"]!)).Should().Be(HttpStatusCode.OK, "nobody has to sign in anew");
    }

    [Fact, Trait("Requirement", "KM-01")]
    public async Task The_command_announces_a_key_that_a_running_copy_picks_up()
    {
        await using var system = await StockMcpSystem.StartAsync();
        (await RunAsync(["keys", "rotate", .. system.AuthorityDataArguments])).Should().Be(0);
        (await RunAsync(["keys", "revoke", "nothing", .. system.AuthorityDataArguments])).Should().Be(1);
        (await RunAsync(["keys", .. system.AuthorityDataArguments])).Should().Be(1);
        await system.Running.Authority.Services.GetRequiredService<KeyRotation>().RunAsync(default);

        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(system) };
        (await http.GetFromJsonAsync<System.Text.Json.JsonElement>("connect/jwks")).GetProperty("keys").GetArrayLength().Should().Be(2);
    }

    private static async Task<int> RunAsync(params string[] args)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, .. args]) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true })!;
        await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync(), process.WaitForExitAsync());
        return process.ExitCode;
    }

    private static async Task<HttpStatusCode> CallAsync(StockMcpSystem system, string accessToken)
    {
        using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", accessToken) } };
        using var request = new HttpRequestMessage(HttpMethod.Post, system.McpUrl) { Content = JsonContent.Create(new { jsonrpc = "2.0", id = 1, method = "tools/call", @params = new { name = "get_account", arguments = new { } } }) };
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", "2025-11-25");
        using var response = await http.SendAsync(request);
        var answer = await response.Content.ReadAsStringAsync();
        if (response.StatusCode == HttpStatusCode.OK) answer.Should().Contain("structuredContent").And.NotContain("\"isError\":true");
        return response.StatusCode;
    }
}
