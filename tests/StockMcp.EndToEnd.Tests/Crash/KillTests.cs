using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.IdentityModel.JsonWebTokens;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests.Crash;

/// <summary>The Authority as a process of its own, killed at any moment of a refresh in its vault.</summary>
public sealed class KillTests
{
    // Each round costs a start of the process. STOCKMCP_KILLS=20 for the long run.
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("STOCKMCP_KILLS"), out var rounds) ? rounds : 4;
    private static readonly Uri Loopback = new("http://localhost:33418/callback");

    [Fact, Trait("Requirement", "TV-04")]
    public async Task Killed_in_the_middle_of_a_refresh_the_link_works_afterwards_or_says_reconnect()
    {
        await using var processes = await SeparateProcesses.StartAsync("Authority");
        var system = processes.System;
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var (alices, alicesFlow) = await ConnectAsync(system, alice);
        var (bobs, bobsFlow) = await ConnectAsync(system, bob);
        var alicesSubject = Subject(await ExchangeAsync(system, alices.AccessToken, "portfolio:read"));
        var bobsSubject = Subject(await ExchangeAsync(system, bobs.AccessToken, "portfolio:read"));
        alicesSubject.Should().NotBeNull().And.NotBe(bobsSubject);
        var reconnected = 0;

        for (var round = 0; round < Rounds; round++)
        {
            (alices, bobs) = (await alicesFlow.RefreshAsync(alices.RefreshToken!), await bobsFlow.RefreshAsync(bobs.RefreshToken!)); // many rounds take longer than a token lives
            // Every exchange is a refresh.
            await ExecuteAsync(system, """DELETE FROM "UpstreamAccessToken" """);
            var underWay = new[] { "portfolio:read", "orders:read", "portfolio:read orders:read" }.SelectMany(scope => new[] { (alices, alicesSubject), (bobs, bobsSubject) }.Select(async who =>
            {
                try
                {
                    if (Subject(await ExchangeAsync(system, who.Item1.AccessToken, scope)) is { } subject) subject.Should().Be(who.Item2, "nobody gets another one's token");
                }
                catch (HttpRequestException)
                {
                    // it was killed before it answered
                }
            })).ToList();
            await Task.Delay(RandomNumberGenerator.GetInt32(150));
            await processes.KillAsync("Authority");
            await Task.WhenAll(underWay);
            // What was under way when it was killed is nobody's after 20 seconds: as if they had passed.
            await ExecuteAsync(system, """UPDATE "ConnectedAccount" SET "RefreshLease" = "RefreshLease" - 200000000""");
            await processes.StartAgainAsync("Authority");

            foreach (var (person, tokens, subject) in new[] { (alice, alices, alicesSubject), (bob, bobs, bobsSubject) })
            {
                var before = system.Brokerage.Requests.Count(request => request.Path == "/connect/token");
                var answer = await ExchangeAsync(system, tokens.AccessToken, "orders:read");
                (system.Brokerage.Requests.Count(request => request.Path == "/connect/token") - before).Should().BeLessThanOrEqualTo(1, "it does not try again and again");
                if (Subject(answer) is { } works)
                {
                    works.Should().Be(subject);
                    continue;
                }
                answer.GetProperty("error").GetString().Should().Be("interaction_required", answer.ToString());
                reconnected++;
                await person.GoAsync(new Uri(answer.GetProperty("connect_uri").GetString()!), url => url.AbsolutePath == "/account");
                Subject(await ExchangeAsync(system, tokens.AccessToken, "orders:read")).Should().Be(subject, "connected again, it works");
            }
        }
        TestContext.Current.SendDiagnosticMessage($"{Rounds} kills, {reconnected} links to connect again");
        await alicesFlow.RefreshAsync(alices.RefreshToken!);
    }

    private static async Task<(TokenSet Tokens, CodeFlow Flow)> ConnectAsync(StockMcpSystem system, Person person)
    {
        using var http = new HttpClient { BaseAddress = system.Running.Authority.Url };
        using var response = await http.PostAsJsonAsync("connect/register", new { redirect_uris = new[] { Loopback }, client_name = "Survivor", token_endpoint_auth_method = "none", grant_types = new[] { "authorization_code", "refresh_token" } });
        response.StatusCode.Should().Be(HttpStatusCode.Created);
        var clientId = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("client_id").GetString()!;
        var flow = new CodeFlow(system.Running.Authority.Url, clientId, Loopback, "portfolio:read orders:read", system.McpUrl.AbsoluteUri);
        return (await flow.RedeemAsync(await person.AuthorizeAsync(flow.AuthorizationUrl)), flow);
    }

    private static async Task<JsonElement> ExchangeAsync(StockMcpSystem system, string subjectToken, string scope)
    {
        const string AccessToken = "urn:ietf:params:oauth:token-type:access_token";
        using var http = new HttpClient { BaseAddress = system.Running.Authority.Url };
        using var body = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "urn:ietf:params:oauth:grant-type:token-exchange",
            ["subject_token"] = subjectToken,
            ["subject_token_type"] = AccessToken,
            ["requested_token_type"] = AccessToken,
            ["audience"] = "brokerage",
            ["scope"] = scope,
            ["client_id"] = "stockmcp-server",
            ["client_secret"] = Convert.ToHexStringLower(Convert.FromBase64String(await File.ReadAllTextAsync(Path.Combine(system.DataDirectory, "secrets", "server-at-authority.secret")))),
        });
        using var response = await http.PostAsync("connect/token", body);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static string? Subject(JsonElement answer) => answer.TryGetProperty("access_token", out var token) ? new JsonWebToken(token.GetString()).Subject : null;

    private static async Task ExecuteAsync(StockMcpSystem system, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(system.DataDirectory, "authority", "authority.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}
