using System.Text;
using Microsoft.Extensions.Logging;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;
using StockMcp.Testing.Secrets;

namespace StockMcp.EndToEnd.Tests.Secrets;

/// <summary>No token, code, verifier, secret or cookie is anywhere but in the hands it was given to.</summary>
public sealed class SecretsTests
{
    [Fact, Trait("Requirement", "LG-01"), Trait("Requirement", "AS-11")]
    public async Task No_secret_of_the_brokerages_sign_in_is_in_a_log_a_database_or_a_page()
    {
        await using var system = await StockMcpSystem.StartAsync(options => options with { BrokerageSettings = BrokerageApp.Settings });
        using var alice = Person.Alice(system);
        var flow = new CodeFlow(system.Running.Brokerage.Url, BrokerageApp.ClientId, BrokerageApp.RedirectUri, BrokerageApp.Scopes);
        var tokens = await flow.RedeemAsync(await alice.AuthorizeAsync(flow.AuthorizationUrl));
        tokens = await flow.RefreshAsync(tokens.RefreshToken!);
        await BrokerageApp.ReadAccountAsync(system, tokens.AccessToken);

        system.Secrets.All.Select(secret => secret.What).Should().Contain(["access_token", "refresh_token", "id_token", "code", "code_verifier", "password", "cookie stockmcp-brokerage"]);
        SecretScan.DatabaseFiles(system.DataDirectory).Should().NotBeEmpty();
        (await SecretScan.FindAsync(system, alice.Pages)).Should().BeEmpty();
    }

    [Fact, Trait("Requirement", "LG-01"), Trait("Requirement", "TX-03"), Trait("Requirement", "RC-01"), Trait("Requirement", "RS-04")]
    public async Task No_secret_of_the_whole_chain_is_in_a_log_a_database_redis_a_page_or_a_tools_answer()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var agent = await Agent.ConnectAsync(system, alice);
        foreach (var tool in new[] { "whoami", "get_account", "get_portfolio", "list_orders" }) (await agent.CallToolAsync(tool)).IsError.Should().BeFalse();
        await agent.RefreshAsync();
        await agent.CallToolAsync("get_portfolio");
        await alice.ReadAsync(new Uri(system.Running.Authority.Url, "account"));

        var upstream = system.Brokerage.Requests.Select(request => request.Token).OfType<string>().Distinct().ToList();
        upstream.Should().NotBeEmpty().And.NotContain(agent.Tokens.AccessToken, "the agent's token stays at the Server");
        system.Secrets.All.Select(secret => secret.What).Should().Contain(["access_token", "refresh_token", "code", "code_verifier", "client secret"]);
        (await SecretScan.RedisKeysAsync(system)).Should().BePositive("the exchanged token is kept");
        (await SecretScan.FindAsync(system, alice.Pages)).Should().BeEmpty();
    }

    [Theory]
    [InlineData("as it is")]
    [InlineData("base64")]
    [InlineData("base64url, after a name")]
    [InlineData("URL-encoded")]
    public async Task The_scan_finds_what_was_leaked(string spelling)
    {
        const string Leaked = "a+leaked/secret of 40 characters, say~~~";
        await using var system = await StockMcpSystem.StartAsync();
        system.Secrets.Add("access_token", "Server", Leaked);
        var written = spelling switch
        {
            "as it is" => Leaked,
            "base64" => Convert.ToBase64String(Encoding.UTF8.GetBytes(Leaked)),
            "URL-encoded" => Uri.EscapeDataString(Leaked),
            _ => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes("user:" + Leaked + "\n")),
        };

        using var provider = system.Logs.For("Server");
#pragma warning disable CA2254 // the text under test is the template here
        provider.CreateLogger("Test").Log(LogLevel.Information, written);
#pragma warning restore CA2254
        await File.WriteAllTextAsync(Path.Combine(system.DataDirectory, "leak.db"), "…" + written);

        (await SecretScan.FindAsync(system, ["<p>" + written])).Should().HaveCount(3);
    }
}
