using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.WebUtilities;
using ModelContextProtocol.Authentication;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests.Samples;

/// <summary>The second, small server in samples/, started and set up word for word as docs/your-own-server.md says, on other ports.</summary>
public sealed partial class WatchlistTests
{
    [Fact]
    public async Task A_server_of_ones_own_is_protected_in_ten_lines()
    {
        var url = new Uri($"http://localhost:{FreePorts.Take()}/");
        await using var system = await StockMcpSystem.StartAsync(options => options with { AuthoritySettings = SettingsOfThePage(url) });
        await using var sample = ForeignProcess.Start("dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "Watchlist.dll"), "--environment=Development", $"--Urls={url}", $"--PublicUrl={url.GetLeftPart(UriPartial.Authority)}", "--Authority:ClientSecret=a-secret-of-your-own",
            $"--Authority:Issuer={system.Running.Authority.Url}", $"--Brokerage={system.Running.Brokerage.Url}", $"--DataDirectory={Path.Combine(system.DataDirectory, "watchlist")}",
        ]);
        await sample.ReadUntilAsync(new Regex("Application started", RegexOptions.None, ForeignProcess.Patience));
        using var alice = Person.Alice(system);
        var asked = new List<string>();
        await using var client = await McpClient.CreateAsync(new HttpClientTransport(new()
        {
            Endpoint = new Uri(url, "mcp"),
            OAuth = new()
            {
                RedirectUri = new Uri("http://localhost:1179/callback"),
                DynamicClientRegistration = new() { ClientName = "Test agent" },
                AuthorizationCallbackHandler = async (context, _) =>
                {
                    asked.Add(QueryHelpers.ParseQuery(context.AuthorizationUri.Query)["scope"].ToString());
                    var answer = QueryHelpers.ParseQuery((await alice.AuthorizeAsync(context.AuthorizationUri)).Query);
                    return new AuthorizationResult { Code = answer["code"], State = answer["state"], Iss = answer["iss"] };
                },
            },
        }));

        var tools = await client.ListToolsAsync();
        var empty = await client.CallToolAsync("list_watched");
        var watched = await client.CallToolAsync("watch", new Dictionary<string, object?> { ["symbol"] = "WAYNE" });
        // The account was connected for signing in; that it can be looked at is allowed now.
        var told = await client.CallToolAsync("buying_power");
        await alice.GoAsync(new Uri(told.StructuredContent!.Value.GetProperty("error").GetProperty("connect_uri").GetString()!), at => at.AbsolutePath == "/account");
        var power = await client.CallToolAsync("buying_power");
        var odd = await client.CallToolAsync("watch", new Dictionary<string, object?> { ["symbol"] = "WAYNE", ["price"] = "1" });

        tools.Select(tool => tool.Name).Should().Equal("list_watched", "watch", "buying_power");
        tools.Single(tool => tool.Name == "watch").ProtocolTool.Meta!["io.stockmcp/required_scopes"]!.AsArray().Should().HaveCount(2);
        TextOf(empty).Should().NotContain("WAYNE");
        TextOf(watched).Should().Contain("WAYNE");
        TextOf(power).Should().Contain("10000", "a new account has 10,000 USD to spend");
        odd.IsError.Should().BeTrue("no such argument is published");
        // Each further scope was asked for when a tool needed it, and not before.
        asked.Select(scopes => scopes.Split(' ').Intersect(["watchlist:read", "watchlist:write", "portfolio:read"]).Count()).Should().Equal(1, 2, 3);

        using var http = new HttpClient();
        using var challenge = await http.PostAsync(new Uri(url, "mcp"), null);
        challenge.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        var metadata = JsonDocument.Parse(await http.GetStringAsync(new Uri(url, ".well-known/oauth-protected-resource/mcp"))).RootElement;
        metadata.GetProperty("resource_name").GetString().Should().Be("Watchlist");
        metadata.GetProperty("scopes_supported").EnumerateArray().Select(scope => scope.GetString()).Should().Equal("watchlist:read", "watchlist:write", "portfolio:read");
    }

    private static string TextOf(CallToolResult result) => string.Concat(result.Content.OfType<TextContentBlock>().Select(block => block.Text));

    private static Dictionary<string, string?> SettingsOfThePage(Uri url)
    {
        var settings = Option().Matches(File.ReadAllText(Path.Combine(Toolbox.Repository, "docs", "your-own-server.md")))
            .ToDictionary(option => option.Groups["name"].Value, string? (option) => option.Groups["value"].Value.Replace("http://localhost:7010/", url.AbsoluteUri, StringComparison.Ordinal));
        settings.Should().HaveCountGreaterThan(10);
        return settings;
    }

    [GeneratedRegex("""--Authority:(?<name>(?:Resources|Clients):[^=]+)=(?<value>[^"\\\n]*[^"\\\s])""", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Option();
}
