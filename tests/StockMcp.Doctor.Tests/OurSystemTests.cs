using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Doctor.Tests;

/// <summary>The system of this repository, as it runs.</summary>
public sealed class OurSystemTests(SharedSystem shared)
{
    [Fact]
    public async Task Without_a_person_nothing_fails_and_the_report_says_how_far_it_went()
    {
        var system = await shared.GetAsync();

        var run = await DoctorRun.JsonAsync(system.McpUrl);

        run.That("fail").Should().BeEmpty(run.Failures);
        run.That("warn").Should().BeEmpty(run.Failures);
        run.ExitCode.Should().Be(0);
        run.Json.GetProperty("reach").GetString().Should().Contain("--register").And.Contain("--login");
        run.Status("register-cursor").Should().Be("skip");
        run.Status("unknown-kid").Should().Be("pass");
        run.Status("origin-foreign").Should().Be("pass");
    }

    [Fact]
    public async Task The_whole_way_with_a_person_nothing_fails_and_no_secret_is_printed()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);

        var run = await DoctorRun.JsonAsync(system.McpUrl, person: async address => await alice.ReturnToClientAsync(await alice.AuthorizeAsync(address)), arguments: ["--register", "--login"]);

        run.That("fail").Should().BeEmpty(run.Failures);
        run.That("warn").Should().BeEmpty(run.Failures);
        run.That("skip").Should().BeEmpty(run.Failures);
        run.ExitCode.Should().Be(0);
        run.What("step-up").Should().Contain("orders:write");
        run.What("refresh-twice").Should().Contain("answered again");
        run.Json.GetProperty("reach").GetString().Should().StartWith("The whole way");
        (run.Output + run.Errors).Should().NotContain("eyJ", "no token is printed");
        system.Secrets.All.Where(secret => (run.Output + run.Errors).Contains(secret.Value, StringComparison.Ordinal)).Should().BeEmpty();
    }

    [Fact]
    public async Task With_a_token_that_was_given_it_goes_on_from_there_and_keeps_it_out_of_urls()
    {
        var system = await shared.GetAsync();
        using var alice = Person.Alice(system);
        var flow = new CodeFlow(system.Running.Authority.Url, await RegisterAsync(system), new Uri("http://127.0.0.1:33418/callback"), "portfolio:read", system.McpUrl.AbsoluteUri);
        var tokens = await flow.RedeemAsync(await alice.AuthorizeAsync(flow.AuthorizationUrl));

        var run = await DoctorRun.JsonAsync(system.McpUrl, arguments: ["--token", "Bearer " + tokens.AccessToken, "--scope", "portfolio:read"]);

        run.That("fail").Should().BeEmpty(run.Failures);
        run.Status("mcp-tool-call").Should().Be("pass");
        run.What("step-up").Should().Contain("orders:read");
        run.What("token-in-query").Should().Contain("is not written into a URL");
        (run.Output + run.Errors).Should().NotContain(tokens.AccessToken);
    }

    private static async Task<string> RegisterAsync(StockMcpSystem system)
    {
        using var http = new HttpClient();
        using var body = new StringContent("""{"client_name":"A client of a person","redirect_uris":["http://127.0.0.1:33418/callback"],"token_endpoint_auth_method":"none","grant_types":["authorization_code"]}""", System.Text.Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(new Uri(system.Running.Authority.Url, "connect/register"), body);
        return System.Text.Json.JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("client_id").GetString()!;
    }
}
